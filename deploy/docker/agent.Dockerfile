# The agent beside a target: dials out, listens on nothing, parses no target protocol. Build from the root:
#   docker build -f deploy/docker/agent.Dockerfile -t tidewaiter-agent .
# There is no build step: Node runs the TypeScript sources. ./scripts/test plays these steps without Docker.

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
RUN npm install --global --no-audit --no-fund pnpm@12.21.0
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
# pnpm wants the patches that the workspace names, used here or not
COPY packages/protocols/ssh/patches packages/protocols/ssh/patches
COPY packages/contract packages/contract
COPY packages/tunnel packages/tunnel
COPY packages/agent packages/agent
RUN pnpm install --prod --frozen-lockfile --filter "@tidewaiter/agent..."

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app /app
# Its own key, made when it joins.
RUN install -d -o node -g node -m 0700 /var/lib/tidewaiter-agent
VOLUME /var/lib/tidewaiter-agent
USER node
ENTRYPOINT ["node", "packages/agent/bin/tidewaiter-agent.js"]
