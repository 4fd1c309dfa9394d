import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TUNNEL_PATH } from "@tidewaiter/contract/tunnel/index";
import { fromWebSocket, type TunnelSocket, WEB_SOCKET_OPTIONS } from "@tidewaiter/tunnel";
import { WebSocketServer } from "ws";
import { Admission } from "./admission.ts";
import { AgentConnection, type AgentHealth, type AuthenticatedAgent } from "./agent-connection.ts";
import type { VerifyAgent } from "./authenticate-agent.ts";
import { TunnelHubError } from "./errors.ts";

export interface TunnelHubLimits {
  /** Milliseconds from WebSocket to welcome. */
  readonly handshakeDeadline: number;
  /** Tunnels not authenticated yet, in all and from one address. */
  readonly unauthenticated: number;
  readonly unauthenticatedPerAddress: number;
}

const DEFAULT_LIMITS: TunnelHubLimits = {
  handshakeDeadline: 10_000,
  unauthenticated: 256,
  unauthenticatedPerAddress: 32,
};

/** Agents report every 15 s; one that does so much more often is not listened to, as each report may be stored. */
const LEAST_HEALTH_INTERVAL_MS = 5_000;

export interface AgentInfo {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly hostname: string;
  /** From where its WebSocket came. */
  readonly remoteAddress: string;
  readonly connectedAt: Date;
  readonly lastHealth: AgentHealth | undefined;
  readonly streams: number;
}

export type AgentChange =
  | { readonly kind: "connected"; readonly agent: AgentInfo }
  | { readonly kind: "health"; readonly agent: AgentInfo }
  | { readonly kind: "disconnected"; readonly agent: AgentInfo; readonly reason: string }
  | { readonly kind: "refused"; readonly remoteAddress: string; readonly reason: string };

export interface HubLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface TunnelHubOptions {
  readonly gatewayId: string;
  readonly verifyAgent: VerifyAgent;
  /** JWK Set of the keys that sign session grants now; shown to agents, trusted by them only if they know it already. */
  grantKeys(): object;
  /** After a rotation: the new set, signed by a key of the old one (GRANT_KEYS_TYPE), for agents that know only that. */
  grantKeysStatement?(): string | undefined;
  onAgentChange?(change: AgentChange): void;
  readonly logger: HubLogger;
  /**
   * The host names (`host` or `host:port`) agents dial, when a proxy in front changes the Host header. Default: the Host
   * header of the request.
   */
  readonly hosts?: readonly string[];
  readonly limits?: Partial<TunnelHubLimits>;
}

export interface TunnelHub {
  /** For the `upgrade` event of an HTTP server. Answers 404 to other paths than /v1/tunnel. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** A stream to an address the grant names, by default its first, through the agent. @throws TunnelHubError */
  openStream(request: {
    readonly agentId: string;
    readonly sessionGrant: string;
    readonly address?: number;
    readonly signal?: AbortSignal;
  }): Promise<Duplex>;
  /** A secret of the agent's network, as far as its `--allow-secret` goes. @throws TunnelHubError */
  fetchSecret(request: {
    readonly agentId: string;
    readonly secretGrant: string;
    readonly name: string;
  }): Promise<Uint8Array>;
  agents(): AgentInfo[];
  /** Ends the tunnel of an agent and with it all its streams. */
  disconnect(agentId: string, reason: string): void;
  /** Ends all tunnels and takes no more. */
  close(): Promise<void>;
}

/** Where agents arrive: authenticates them and opens streams through them. */
export function createTunnelHub(options: TunnelHubOptions): TunnelHub {
  return new Hub(options);
}

interface Member {
  readonly connection: AgentConnection;
  readonly agent: AuthenticatedAgent;
  readonly remoteAddress: string;
  readonly connectedAt: Date;
  lastHealth: AgentHealth | undefined;
}

class Hub implements TunnelHub {
  readonly #options: TunnelHubOptions;
  readonly #limits: TunnelHubLimits;
  readonly #server = new WebSocketServer({ ...WEB_SOCKET_OPTIONS, noServer: true, clientTracking: false });
  readonly #admission: Admission;
  readonly #arriving = new Set<AgentConnection>();
  readonly #members = new Map<string, Member>();
  #closed = false;

  constructor(options: TunnelHubOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#admission = new Admission(this.#limits.unauthenticated, this.#limits.unauthenticatedPerAddress);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const path = URL.parse(request.url ?? "", "http://gateway")?.pathname;
    if (path !== TUNNEL_PATH) {
      refuseUpgrade(socket, "404 Not Found");
      return;
    }
    const remoteAddress = request.socket.remoteAddress ?? "";
    const leave = this.#closed ? undefined : this.#admission.enter(remoteAddress);
    if (leave === undefined) {
      refuseUpgrade(socket, "503 Service Unavailable");
      return;
    }
    socket.once("close", leave);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      void this.#arrive(fromWebSocket(webSocket), request, remoteAddress).finally(leave);
    });
  }

  async #arrive(socket: TunnelSocket, request: IncomingMessage, remoteAddress: string): Promise<void> {
    const { gatewayId, verifyAgent, hosts, logger } = this.#options;
    let member: Member | undefined;
    const connection = new AgentConnection(socket, {
      gatewayId,
      verifyAgent,
      hosts: hosts ?? [request.headers.host ?? ""],
      grantKeysJson: JSON.stringify(this.#options.grantKeys()),
      grantKeysJws: this.#options.grantKeysStatement?.() ?? "",
      handshakeDeadline: this.#limits.handshakeDeadline,
      onHealth: (health) => {
        if (member !== undefined) this.#healthReported(member, health);
      },
    });
    this.#arriving.add(connection);
    try {
      const result = await connection.authenticate();
      if (!result.ok) {
        logger.warn({ remoteAddress, reason: result.reason }, "agent refused");
        this.#options.onAgentChange?.({ kind: "refused", remoteAddress, reason: result.reason });
        return;
      }
      member = { connection, agent: result, remoteAddress, connectedAt: new Date(), lastHealth: undefined };
      this.#join(member);
    } catch (error) {
      logger.warn({ remoteAddress, err: error }, "agent could not be authenticated");
    } finally {
      this.#arriving.delete(connection);
    }
  }

  #join(member: Member): void {
    const { connection, agent } = member;
    if (this.#closed) {
      connection.close({ code: "going_away", text: "the gateway stops" });
      return;
    }
    // The newest wins: an agent that comes back after a network loss must not wait for its own ghost.
    this.#members.get(agent.agentId)?.connection.close({ code: "replaced", text: "the agent connected again" });
    this.#members.set(agent.agentId, member);
    void connection.closed.then(({ reason }) => this.#leave(member, reason.text === "" ? reason.code : reason.text));
    try {
      connection.welcome(agent.name);
    } catch (error) {
      // It left between its answer and our welcome; the close above tells the rest.
      if (!(error instanceof TunnelHubError)) throw error;
    }
    this.#options.logger.info({ agentId: agent.agentId, name: agent.name }, "agent connected");
    this.#options.onAgentChange?.({ kind: "connected", agent: describe(member) });
  }

  #leave(member: Member, reason: string): void {
    const { agentId, name } = member.agent;
    const current = this.#members.get(agentId) === member;
    if (current) this.#members.delete(agentId);
    this.#options.logger.info({ agentId, name, reason }, "agent disconnected");
    // One that was replaced is still connected, in the eyes of whoever counts agents.
    if (current) this.#options.onAgentChange?.({ kind: "disconnected", agent: describe(member), reason });
  }

  #healthReported(member: Member, health: AgentHealth): void {
    const sinceLast = health.at.getTime() - (member.lastHealth?.at.getTime() ?? 0);
    if (sinceLast < LEAST_HEALTH_INTERVAL_MS) return;
    member.lastHealth = health;
    this.#options.onAgentChange?.({ kind: "health", agent: describe(member) });
  }

  async openStream(request: Parameters<TunnelHub["openStream"]>[0]): Promise<Duplex> {
    return this.#connection(request.agentId).openStream(request);
  }

  async fetchSecret(request: Parameters<TunnelHub["fetchSecret"]>[0]): Promise<Uint8Array> {
    return this.#connection(request.agentId).fetchSecret(request.secretGrant, request.name);
  }

  #connection(agentId: string): AgentConnection {
    const member = this.#members.get(agentId);
    if (member === undefined) throw new TunnelHubError("agent_offline", "the agent is not connected to this gateway");
    return member.connection;
  }

  agents(): AgentInfo[] {
    return [...this.#members.values()].map(describe);
  }

  disconnect(agentId: string, reason: string): void {
    this.#members.get(agentId)?.connection.close({ code: "disconnected", text: reason });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connections = [...this.#arriving, ...[...this.#members.values()].map(({ connection }) => connection)];
    for (const connection of connections) connection.close({ code: "going_away", text: "the gateway stops" });
    await Promise.all(connections.map(({ closed }) => closed));
    this.#server.close();
  }
}

function describe({ connection, agent, remoteAddress, connectedAt, lastHealth }: Member): AgentInfo {
  const { agentId: id, name, statement } = agent;
  const version = lastHealth?.version ?? statement.version;
  const { hostname } = statement;
  return { id, name, version, hostname, remoteAddress, connectedAt, lastHealth, streams: connection.streams };
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
