# Control plane and gateway. Build from the root of the repository:
#   docker build -f deploy/docker/server.Dockerfile -t tidewaiter-server .
# There is no build step: Node runs the TypeScript sources. The versions are those of scripts/toolchain.json, and the
# copied packages are what packages/server depends on; ./scripts/test checks both and plays these steps without Docker.

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
RUN npm install --global --no-audit --no-fund pnpm@12.21.0
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages/core packages/core
COPY packages/contract packages/contract
COPY packages/tunnel packages/tunnel
COPY packages/protocols/toolkit packages/protocols/toolkit
COPY packages/protocols/postgres packages/protocols/postgres
COPY packages/protocols/ssh packages/protocols/ssh
COPY packages/protocols/kubernetes packages/protocols/kubernetes
COPY packages/gateway packages/gateway
COPY packages/control-plane packages/control-plane
COPY packages/secret-stores packages/secret-stores
COPY packages/server packages/server
RUN pnpm install --prod --frozen-lockfile --filter "@tidewaiter/server..."

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app /app
# The database, the master key (0600) and the recordings: the one folder that is written to.
RUN install -d -o node -g node -m 0700 /var/lib/tidewaiter
VOLUME /var/lib/tidewaiter
USER node
# 8080: API and agents. 6432: PostgreSQL clients. 6422: SSH clients, with --ssh.
# 6443: kubectl, with --kubernetes.
EXPOSE 8080 6432 6422 6443
ENTRYPOINT ["node", "packages/server/bin/tidewaiter-server.js"]
