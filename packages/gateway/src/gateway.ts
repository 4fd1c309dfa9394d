import { mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import type {
  AccessLevel,
  AuthorizedSession,
  ControlPlane,
  Finding,
  OpenedSession,
  Protocol,
  SessionHost,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { GrantKeys } from "./grant-keys.ts";
import { createRecorder, createSyncGroup, recoverJournals, systemClock } from "./recorder/index.ts";
import { BudgetLedger } from "./sessions/budget-ledger.ts";
import { GatewaySession } from "./sessions/gateway-session.ts";
import { PolicyInForce } from "./sessions/policy-in-force.ts";
import { ReviewDesk } from "./sessions/review-desk.ts";
import { SessionRegistry } from "./sessions/session-registry.ts";
import type { AgentChange, TunnelHub } from "./tunnel-hub/index.ts";
import { createTunnelHub, TunnelHubError } from "./tunnel-hub/index.ts";

export interface GatewayOptions {
  readonly gatewayId: string;
  readonly controlPlane: ControlPlane;
  /** Journals of live recordings; belongs to this process alone. */
  readonly journalDirectory: string;
  /** Address of the web and API, for links in notices: `https://gw.example`. */
  readonly publicUrl: string;
  readonly protocols: readonly Protocol<unknown, Duplex>[];
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export interface Gateway {
  readonly hub: TunnelHub;
  /** Serves a protocol on a TCP port; resolves when it listens. */
  listen(
    protocol: Protocol<unknown, Duplex>,
    address: { readonly host: string; readonly port: number },
  ): Promise<AddressInfo>;
  /** Connects to a resource as its credential would and reports what was found. */
  checkResource(name: string, level: AccessLevel): Promise<readonly Finding[]>;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every session with `reason` in its own protocol, then the tunnels. */
  close(reason: string): Promise<void>;
}

/** New connections from one address within a window; handshakes cost CPU before anybody has proven anything. */
const RATE_WINDOW_MS = 10_000;
const RATE_LIMIT = 2_000;
const MAX_CONNECTIONS = 20_000;

/** Starts a gateway: recovers what a killed predecessor left, then follows the control plane. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { controlPlane, logger } = options;
  await mkdir(options.journalDirectory, { recursive: true, mode: 0o700 });
  await recoverJournals({ directory: options.journalDirectory, controlPlane });
  const grantKeys = new GrantKeys(controlPlane);
  await grantKeys.load();
  const hub = createTunnelHub({
    gatewayId: options.gatewayId,
    verifyAgent: (agentId, signedBytes, signature) => controlPlane.verifyAgent(agentId, signedBytes, signature),
    grantKeys: () => ({ keys: grantKeys.current.keys }),
    grantKeysStatement: () => grantKeys.current.statement,
    onAgentChange: (change) => void reportAgent(options, change),
    logger,
  });
  const policy = new PolicyInForce(controlPlane);
  const reviewLink = (shortId: string): string => `${options.publicUrl}/r/${shortId}`;
  const reviews = new ReviewDesk(controlPlane, reviewLink);
  const registry = new SessionRegistry({
    onGrantKeys: () => grantKeys.rotated(hub),
    onAgent: (agentId) => disconnectRemoved(agentId, hub, controlPlane),
    controlPlane,
    gatewayId: options.gatewayId,
    policy,
    reviews,
    log: (message, fields) => logger.warn(fields, message),
  });
  registry.follow();
  const stop = new AbortController();
  const servers: Server[] = [];
  const shared = {
    options,
    hub,
    policy,
    reviews,
    registry,
    reviewLink,
    budgets: new BudgetLedger(),
    syncGroup: createSyncGroup(systemClock),
    signal: stop.signal,
  };
  return {
    hub,
    checkResource: (name, level) => checkResource(name, level, shared),
    handleUpgrade: (request, socket, head) => hub.handleUpgrade(request, socket, head),
    async listen(protocol, address) {
      const server = createServer(
        { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, pauseOnConnect: true, allowHalfOpen: true },
        accept(protocol, shared),
      );
      server.maxConnections = MAX_CONNECTIONS;
      servers.push(server);
      await new Promise<void>((resolve, reject) =>
        server.once("error", reject).listen(address.port, address.host, resolve),
      );
      const bound = server.address();
      if (bound === null || typeof bound === "string") throw new Error("not a TCP listener");
      return bound;
    },
    async close(reason) {
      for (const server of servers) server.close();
      grantKeys.close();
      await registry.close(reason);
      stop.abort();
      await hub.close();
    },
  };
}

type Shared = {
  readonly options: GatewayOptions;
  readonly hub: TunnelHub;
  readonly policy: PolicyInForce;
  readonly reviews: ReviewDesk;
  readonly registry: SessionRegistry;
  readonly reviewLink: (shortId: string) => string;
  readonly budgets: BudgetLedger;
  readonly syncGroup: ReturnType<typeof createSyncGroup>;
  readonly signal: AbortSignal;
};

function accept(protocol: Protocol<unknown, Duplex>, shared: Shared): (socket: Socket) => void {
  const recent = new Map<string, { since: number; count: number }>();
  return (socket) => {
    socket.on("error", () => socket.destroy());
    const address = socket.remoteAddress ?? "";
    if (tooMany(recent, address)) return void socket.destroy();
    const clientAddress = `${address}:${socket.remotePort ?? 0}`;
    protocol.serve(socket, hostFor(clientAddress, shared)).catch((error: unknown) => {
      shared.options.logger.warn(
        { clientAddress, error: error instanceof Error ? error.message : String(error) },
        "connection failed",
      );
      socket.destroy();
    });
  };
}

function tooMany(recent: Map<string, { since: number; count: number }>, address: string): boolean {
  const now = Date.now();
  const entry = recent.get(address);
  if (entry === undefined || now - entry.since > RATE_WINDOW_MS) {
    if (recent.size > 10_000) recent.clear();
    recent.set(address, { since: now, count: 1 });
    return false;
  }
  return ++entry.count > RATE_LIMIT;
}

function hostFor(clientAddress: string, shared: Shared): SessionHost<Duplex> {
  const { controlPlane } = shared.options;
  return {
    controlPlane,
    clientAddress,
    signal: shared.signal,
    openSession: (request) => openSession(clientAddress, request, shared),
  };
}

async function openSession(
  clientAddress: string,
  request: Parameters<SessionHost["openSession"]>[0],
  shared: Shared,
): Promise<OpenedSession<Duplex>> {
  const { options, policy, registry } = shared;
  await policy.ready();
  const { application, ...asked } = request;
  const client = { address: clientAddress, ...(application !== undefined && { application }) };
  const authorization = await options.controlPlane.authorizeSession({ ...asked, gatewayId: options.gatewayId, client });
  if (!authorization.ok) return authorization;
  const { session: authorized } = authorization;
  const session = new GatewaySession(authorized, {
    controlPlane: options.controlPlane,
    policy,
    reviews: shared.reviews,
    budgets: shared.budgets,
    gatewayId: options.gatewayId,
    client,
    makeRecorder: (onFailure) =>
      createRecorder({
        session: authorized,
        directory: options.journalDirectory,
        controlPlane: options.controlPlane,
        mode: policy.current.defaults.recording.mode,
        onFailure,
        syncGroup: shared.syncGroup,
      }),
    dial: ({ agentId, sessionGrant, resource }) => dial({ agentId, sessionGrant, site: resource.agent }, shared.hub),
    reviewLink: shared.reviewLink,
    onEnd: () => registry.remove(authorized.id),
  });
  registry.add(session);
  try {
    await session.begin(started(authorized, request, clientAddress, options.gatewayId));
  } catch (error) {
    await session.end("the recording could not be started");
    throw error;
  }
  return { ok: true, session };
}

function started(
  authorized: AuthorizedSession,
  request: Parameters<SessionHost["openSession"]>[0],
  client: string,
  gateway: string,
) {
  const { principal } = authorized;
  return {
    type: "session_started",
    at: Date.parse(authorized.startedAt),
    sessionId: authorized.id,
    principal: {
      name: principal.name,
      kind: principal.kind,
      ...(principal.onBehalfOf && { onBehalfOf: principal.onBehalfOf.name }),
    },
    resource: authorized.resource.name,
    level: authorized.level,
    protocol: request.protocol,
    client,
    ...(request.application !== undefined && { application: request.application }),
    agent: authorized.resource.agent,
    gateway,
    policyVersion: authorized.policyVersion,
    lineage: "origin",
    detail: request.detail,
  } as const;
}

/** The agent's refusals in words that name no address: whoever reads them may be a client. */
async function dial(
  way: { readonly agentId: string; readonly sessionGrant: string; readonly site: string },
  hub: TunnelHub,
): Promise<Duplex> {
  try {
    return await hub.openStream({ agentId: way.agentId, sessionGrant: way.sessionGrant });
  } catch (error) {
    if (!(error instanceof TunnelHubError)) throw error;
    if (error.code === "agent_offline") {
      throw new TidewaiterError("agent_offline", `no site agent online for ${way.site}`, { cause: error });
    }
    const text = DIAL_TEXT[error.reason?.code ?? ""] ?? "the site agent could not reach the target";
    throw new TidewaiterError("target_unreachable", text, { cause: error });
  }
}

async function checkResource(name: string, level: AccessLevel, shared: Shared): Promise<readonly Finding[]> {
  const { controlPlane, gatewayId, protocols } = shared.options;
  const authorized = await controlPlane.authorizeCheck({ gatewayId, resourceName: name, level });
  if (!authorized.ok) return [{ severity: "problem", code: "not-reachable", message: authorized.detail }];
  const { resource, credential, agentId, sessionGrant } = authorized;
  const protocol = protocols.find((one) => one.name === resource.protocol);
  if (protocol === undefined)
    return [{ severity: "problem", code: "protocol", message: `this gateway does not speak ${resource.protocol}` }];
  try {
    return await protocol.check({
      target: resource.target,
      credential,
      dial: () => dial({ agentId, sessionGrant, site: resource.agent }, shared.hub),
    });
  } catch (error) {
    return [
      {
        severity: "problem",
        code: "not-reachable",
        message:
          error instanceof TidewaiterError ? error.detail : error instanceof Error ? error.message : String(error),
      },
    ];
  }
}

const DIAL_TEXT: Readonly<Record<string, string>> = {
  not_allowed: "the site agent's allow-list does not include the target",
  refused: "the target refused the connection",
  dns: "the target's name cannot be resolved by the site agent",
  timeout: "the target did not answer the site agent in time",
  unreachable: "the target cannot be reached from the site agent",
  grant_expired: "the session's grant expired; are the clocks right?",
};

/** A removed agent keeps no tunnel; a new one of that name has another id. */
async function disconnectRemoved(
  agentId: string,
  hub: TunnelHub,
  controlPlane: Pick<ControlPlane, "findAgent">,
): Promise<void> {
  const connected = hub.agents().find((agent) => agent.id === agentId);
  if (connected === undefined) return;
  const known = await controlPlane.findAgent(connected.name);
  if (known?.id !== agentId) hub.disconnect(agentId, "the agent was removed");
}

async function reportAgent({ controlPlane, gatewayId, logger }: GatewayOptions, change: AgentChange): Promise<void> {
  try {
    if (change.kind === "refused") {
      return await controlPlane.appendAudit({
        type: "agent.refused",
        data: { from: change.remoteAddress, reason: change.reason },
      });
    }
    const { agent } = change;
    const state = change.kind === "connected" ? "online" : change.kind === "disconnected" ? "offline" : "health";
    const health = agent.lastHealth === undefined ? {} : { streams: agent.streams };
    await controlPlane.reportAgent({
      agentId: agent.id,
      gatewayId,
      state,
      version: agent.version,
      data: { hostname: agent.hostname, ...health },
    });
  } catch (error) {
    logger.warn({ error: error instanceof Error ? error.message : String(error) }, "agent state could not be reported");
  }
}
