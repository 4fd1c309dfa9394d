import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  connectPg,
  eventually,
  freePort,
  type NodeProcess,
  type PgConnection,
  type PostgresOptions,
  type PostgresServer,
  spawnNode,
  startPostgres,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter, type TidewaiterOptions } from "@tidewaiter/testkit/tidewaiter";

const SERVER = fileURLToPath(new URL("../bin/tidewaiter-server.js", import.meta.url));
const AGENT = fileURLToPath(new URL("../../agent/bin/tidewaiter-agent.js", import.meta.url));

/** What a client of PostgreSQL is told. */
export interface Told {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

export interface SessionView {
  readonly id: string;
  readonly state: "live" | "ended";
  readonly endReason: string | null;
  readonly segments: number | null;
  readonly counters: { readonly statements: number; readonly refused: number };
}

export interface AuditEvent {
  readonly type: string;
  readonly sessionId: string | null;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

export interface RecordedEvent {
  readonly type: string;
  readonly text?: string;
  readonly reason?: string;
}

export interface Connection extends PgConnection {
  readonly sessionId: string;
  /** What the server said last, when it ends the connection. */
  readonly ended: Promise<Told>;
}

export interface ConnectOptions {
  readonly database?: string;
  /** Default: a secret of that principal, made once. */
  readonly secret?: string;
  /** Access level behind the name. */
  readonly level?: string;
}

export interface WorldOptions extends Partial<Omit<TidewaiterOptions, "target">> {
  readonly target?: PostgresOptions;
  readonly targetLogin?: { readonly user: string; readonly password: string };
}

/** The whole product as processes in front of a real PostgreSQL, and the few things tests ask of it. */
export class World implements AsyncDisposable {
  readonly target: PostgresServer;
  readonly tidewaiter: Tidewaiter;
  readonly #options: WorldOptions;
  readonly #ports: { readonly http: number; readonly postgres: number };
  readonly #secrets = new Map<string, string>();
  readonly #started: NodeProcess[] = [];
  #server: NodeProcess;
  #agent: NodeProcess;

  private constructor(
    target: PostgresServer,
    tidewaiter: Tidewaiter,
    options: WorldOptions,
    ports: { readonly http: number; readonly postgres: number },
  ) {
    this.target = target;
    this.tidewaiter = tidewaiter;
    this.#options = options;
    this.#ports = ports;
    this.#server = tidewaiter.server;
    this.#agent = tidewaiter.agent;
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const { target: targetOptions, targetLogin, ...rest } = options;
    const target = await startPostgres(targetOptions);
    try {
      const ports = { http: await freePort(), postgres: await freePort() };
      const login = targetLogin ?? { user: target.superuser, password: target.superuserPassword };
      const address = { host: target.host, port: target.port, database: "postgres" };
      const tidewaiter = await startTidewaiter({ ...rest, ports, target: { ...address, ...login } });
      return new World(target, tidewaiter, options, ports);
    } catch (error) {
      await target.stop();
      throw error;
    }
  }

  get port(): number {
    return this.#ports.postgres;
  }

  get server(): NodeProcess {
    return this.#server;
  }

  get agent(): NodeProcess {
    return this.#agent;
  }

  api(method: string, path: string, body?: unknown, as?: string): Promise<unknown> {
    return this.tidewaiter.api(method, path, body, as);
  }

  apply(...documents: readonly object[]): Promise<unknown> {
    const source = documents.map((one) => JSON.stringify(one)).join("\n---\n");
    return this.api("POST", "/v1/apply", { documents: [{ name: "more.yaml", source }], dryRun: false });
  }

  applyPolicy(source: string, name = "policy.yaml"): Promise<unknown> {
    return this.api("POST", "/v1/apply", { documents: [{ name, source }], dryRun: false });
  }

  async secretOf(principal: string): Promise<string> {
    const known = this.#secrets.get(principal);
    if (known !== undefined) return known;
    const { secret } = await this.tidewaiter.secret(principal);
    this.#secrets.set(principal, secret);
    return secret;
  }

  /** Rejects with what the client was told. */
  async connect(principal: string, options: ConnectOptions = {}): Promise<Connection> {
    const connection = await connectPg({
      host: "127.0.0.1",
      port: this.port,
      user: options.level === undefined ? principal : `${principal}/${options.level}`,
      password: options.secret ?? (await this.secretOf(principal)),
      database: options.database ?? this.tidewaiter.database,
    });
    const ended = once(connection.client, "error").then(([error]) => error as Told);
    const found = await connection.client.query<{ id: string }>("select current_setting('tidewaiter.session') as id");
    return { ...connection, ended, sessionId: found.rows[0]?.id ?? "" };
  }

  async session(id: string): Promise<SessionView> {
    return (await this.api("GET", `/v1/sessions/${id}`)) as SessionView;
  }

  ended(id: string, within = 12_000): Promise<SessionView> {
    const look = async () => {
      const session = await this.session(id);
      return session.state === "ended" && session.segments !== null ? session : undefined;
    };
    return eventually(look, { within, every: 50 });
  }

  async audit(type: string): Promise<AuditEvent[]> {
    const found = (await this.api("GET", `/v1/audit?type=${type}&order=newest&limit=1000`)) as { events: AuditEvent[] };
    return found.events;
  }

  async recording(id: string): Promise<RecordedEvent[]> {
    const text = (await this.api("GET", `/v1/sessions/${id}/recording?reason=a+test`)) as string;
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as RecordedEvent);
  }

  async verifyRecording(id: string) {
    return (await this.api("GET", `/v1/sessions/${id}/recording/verify`)) as { ok: boolean; problems: string[] };
  }

  async verifyAudit() {
    return (await this.api("GET", "/v1/audit/verify")) as { ok: boolean; problems: string[] };
  }

  /** The server again on the same ports and data; the one before must be gone. */
  async startServer(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { http, postgres } = this.#ports;
    const addresses = ["--http", `127.0.0.1:${http}`, "--postgres", `127.0.0.1:${postgres}`];
    const rest = ["--tls", "optional", "--json", ...(this.#options.serverArgs ?? [])];
    this.#server = this.#keep(
      spawnNode(SERVER, {
        args: ["--data-dir", `${this.tidewaiter.dataDir}/server`, ...addresses, ...rest],
        env: {
          TIDEWAITER_ADMIN_PASSWORD: this.tidewaiter.adminPassword,
          TIDEWAITER_STORE_URL: this.#options.storeUrl,
          LOG_LEVEL: this.#options.logLevel ?? "warn",
          ...env,
        },
      }),
    );
    await this.#server.line(/^\{"listening".*\}$/);
  }

  /** The agent of the fixture again, with the identity it has. */
  async startAgent(): Promise<void> {
    this.#agent = this.#spawnAgent("site", "agent", `${this.target.host}:${this.target.port}`);
    await this.#agent.line(/connected/);
    await this.agentState("site", true);
  }

  /** One more agent, with an allow-list of its own. */
  async addAgent(name: string, allow: string): Promise<NodeProcess> {
    const { token } = (await this.api("POST", "/v1/agents/tokens", { name })) as { token: string };
    const agent = this.#spawnAgent(name, name, allow, token);
    await agent.line(/connected/);
    await this.agentState(name, true);
    return agent;
  }

  async agentState(name: string, online: boolean): Promise<void> {
    await eventually(async () => {
      const { agents } = (await this.api("GET", "/v1/agents")) as { agents: { name: string; online: boolean }[] };
      return agents.some((agent) => agent.name === name && agent.online === online);
    });
  }

  #spawnAgent(name: string, state: string, allow: string, token?: string): NodeProcess {
    const where = ["--url", `ws://127.0.0.1:${this.#ports.http}`, "--state-dir", `${this.tidewaiter.dataDir}/${state}`];
    const args = ["run", ...where, "--name", name, "--allow", allow];
    return this.#keep(spawnNode(AGENT, { args, env: { TIDEWAITER_JOIN_TOKEN: token } }));
  }

  #keep(process: NodeProcess): NodeProcess {
    this.#started.push(process);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#started.reverse()) await process.stop();
    await this.tidewaiter.stop();
    await this.target.stop();
  }
}

/** What the client was told by the error that `work` must reject with. */
export async function told(work: Promise<unknown>): Promise<Told> {
  try {
    await work;
  } catch (error) {
    if (isTold(error)) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

function isTold(error: unknown): error is Told {
  return error instanceof Error && "code" in error && "severity" in error;
}

/** A person with a right to `resource`, as documents. */
export function person(name: string, resource: string, level: "read" | "write" | "admin" = "write"): object[] {
  return [
    { kind: "principal", name, type: "user" },
    { kind: "grant", name: `${name}-${resource}`, principal: name, resource, level },
  ];
}
