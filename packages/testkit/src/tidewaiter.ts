import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NodeProcess, spawnNode } from "./node-process.ts";
import { tempDir } from "./temp-dir.ts";

const SERVER = fileURLToPath(new URL("../../server/bin/tidewaiter-server.js", import.meta.url));
const AGENT = fileURLToPath(new URL("../../agent/bin/tidewaiter-agent.js", import.meta.url));
const ADMIN = "admin";

export interface TidewaiterPrincipal {
  readonly name: string;
  readonly type: "user" | "service" | "ai_agent";
  readonly level: "read" | "write" | "admin";
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  readonly onBehalfOf?: string;
}

export interface TidewaiterOptions {
  readonly target: {
    /** As in the target schema; default: labels follow by names. */
    readonly lineage?: { readonly from: "names" | "view" | "server"; readonly log?: string };
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password?: string;
    readonly database: string;
  };
  /** A host `web-1` beside it, for everybody in `principals` at their level; the server then listens for SSH. */
  readonly ssh?: {
    readonly port: number;
    readonly user: string;
    readonly privateKey: string;
    readonly hostKeys: readonly string[];
  };
  /** A cluster `prod-cluster` beside it, for everybody in `principals` at their level; the server then listens for kubectl. */
  readonly kubernetes?: {
    readonly url: string;
    readonly caPem: string;
    /** Of the user that may impersonate people. */
    readonly token: string;
  };
  /** Secrets that the agent may hand over, `env:NAME` or `file:/path`. */
  readonly allowSecret?: readonly string[];
  readonly agentEnv?: Readonly<Record<string, string>>;
  /** Further addresses that the agent may dial, `host:port`. */
  readonly allow?: readonly string[];
  /** People, resource and grants as documents, in place of those made from `principals`. */
  readonly documents?: readonly { readonly name: string; readonly source: string }[];
  /** Name of the resource. Default `prod-db`. */
  readonly resource?: string;
  /** Policy documents; with `labels` a simple one is made. */
  readonly policies?: readonly { readonly name: string; readonly source: string }[];
  /** Labels by column, `schema.table.column`: masked with the constant. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: one user `ana` at level `write`. */
  readonly principals?: readonly TidewaiterPrincipal[];
  /** Kept (not deleted) when given. */
  readonly dataDir?: string;
  readonly serverArgs?: readonly string[];
  readonly ports?: { readonly http: number; readonly postgres: number };
  readonly storeUrl?: string;
  readonly tls?: "required" | "optional";
  readonly tags?: Readonly<Record<string, string>>;
  readonly onProgress?: (text: string) => void;
  /** Each program's log lines, as they come. */
  readonly logLevel?: string;
}

/** Server and agent as processes of their own, as in production, in front of one PostgreSQL. */
export interface Tidewaiter extends AsyncDisposable {
  readonly baseUrl: string;
  /** PostgreSQL listener. */
  readonly port: number;
  /** SSH listener; 0 = there is none. */
  readonly sshPort: number;
  /** Kubernetes listener; 0 = there is none. */
  readonly kubernetesPort: number;
  /** Name of the resource, and so the database to connect to. */
  readonly database: string;
  /** Of the first principal: user and connection secret. */
  readonly user: string;
  readonly password: string;
  readonly pids: { readonly server: number; readonly agent: number };
  readonly server: NodeProcess;
  readonly agent: NodeProcess;
  readonly dataDir: string;
  readonly adminPassword: string;
  /** Same for every user principal; AI agents and services have none. */
  readonly userPassword: string;
  /** Calls the API as somebody; throws on anything but 2xx, with the problem's text. */
  api(method: string, path: string, body?: unknown, as?: string): Promise<unknown>;
  /** A fresh connection secret of a principal. */
  secret(
    principal: string,
    options?: { readonly resource?: string; readonly ttlSeconds?: number; readonly uses?: number },
  ): Promise<{ readonly id: string; readonly secret: string; readonly caPem: string | undefined }>;
  stop(): Promise<void>;
}

const DEFAULT_RESOURCE = "prod-db";
const SITE = "site";

export async function startTidewaiter(options: TidewaiterOptions): Promise<Tidewaiter> {
  const own = options.dataDir === undefined ? tempDir("gateway") : undefined;
  const dataDir = options.dataDir ?? own?.path ?? "";
  const say = options.onProgress ?? (() => {});
  const adminPassword = await keptAdminPassword(dataDir);
  const resource = options.resource ?? DEFAULT_RESOURCE;
  const userPassword = randomBytes(12).toString("hex");
  const processes: NodeProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const process of processes.reverse()) await process.stop();
    await own?.[Symbol.asyncDispose]();
  };
  try {
    say("starting control plane and gateway");
    const { http, postgres } = options.ports ?? { http: 0, postgres: 0 };
    const server = spawnNode(SERVER, {
      args: [
        "--data-dir",
        `${dataDir}/server`,
        "--http",
        `127.0.0.1:${http}`,
        "--postgres",
        `127.0.0.1:${postgres}`,
        "--tls",
        options.tls ?? "optional",
        "--json",
        ...(options.ssh === undefined ? [] : ["--ssh", "127.0.0.1:0"]),
        ...(options.kubernetes === undefined ? [] : ["--kubernetes", "127.0.0.1:0"]),
        ...(options.serverArgs ?? []),
      ],
      env: {
        TIDEWAITER_ADMIN_PASSWORD: adminPassword,
        TIDEWAITER_STORE_URL: options.storeUrl,
        LOG_LEVEL: options.logLevel ?? "warn",
      },
    });
    processes.push(server);
    const listening = JSON.parse((await server.line(/^\{"listening".*\}$/))[0]) as {
      web: string;
      postgres: { port: number };
      ssh?: { port: number };
      kubernetes?: { port: number };
    };
    const calls = new Calls(listening.web, { [ADMIN]: adminPassword }, userPassword);
    say("starting the site agent");
    const agent = spawnNode(AGENT, {
      args: [
        "run",
        "--url",
        listening.web.replace(/^http/, "ws"),
        "--state-dir",
        `${dataDir}/agent`,
        "--name",
        SITE,
        "--allow",
        `${options.target.host}:${options.target.port}`,
        ...(options.ssh === undefined ? [] : ["--allow", `127.0.0.1:${options.ssh.port}`]),
        ...(options.kubernetes === undefined ? [] : ["--allow", new URL(options.kubernetes.url).host]),
        ...(options.allow ?? []).flatMap((address) => ["--allow", address]),
        ...(options.allowSecret ?? []).flatMap((name) => ["--allow-secret", name]),
      ],
      env: { ...options.agentEnv, TIDEWAITER_JOIN_TOKEN: await joinToken(dataDir, calls) },
    });
    processes.push(agent);
    await agent.line(/connected/);
    say("applying resources, grants and policies");
    const principals = options.principals ?? [{ name: "ana", type: "user", level: "write" }];
    await calls.call(
      "POST",
      "/v1/apply",
      { documents: documents(options, resource, principals), dryRun: false },
      ADMIN,
    );
    for (const level of ["read", "write", "admin"])
      await calls.call("PUT", `/v1/resources/${resource}/credentials/${level}`, credential(options.target), ADMIN);
    if (options.ssh !== undefined) {
      const { user: username, privateKey: privateKeyPem } = options.ssh;
      const key = { type: "ssh_key", username, privateKeyPem };
      await calls.call("PUT", "/v1/resources/web-1/credentials/read", key, ADMIN);
    }
    if (options.kubernetes !== undefined) {
      const token = { type: "token", username: "gateway", token: options.kubernetes.token };
      for (const level of ["read", "write", "admin"])
        await calls.call("PUT", `/v1/resources/prod-cluster/credentials/${level}`, token, ADMIN);
    }
    for (const { name, type } of principals)
      if (type === "user")
        await calls.call("PUT", `/v1/principals/${name}/password`, { password: userPassword }, ADMIN);
    const secret: Tidewaiter["secret"] = async (principal, extra = {}) => {
      const user = principals.find(({ name }) => name === principal)?.type === "user";
      const made = (await calls.call(
        "POST",
        "/v1/connection-secrets",
        { resource, ttlSeconds: 3600, ...extra, ...(user ? {} : { forPrincipal: principal }) },
        user ? principal : ADMIN,
      )) as { id: string; secret: string; endpoint: { caPem?: string } };
      return { id: made.id, secret: made.secret, caPem: made.endpoint.caPem };
    };
    const first = principals[0]?.name ?? ADMIN;
    return {
      baseUrl: listening.web,
      port: listening.postgres.port,
      sshPort: listening.ssh?.port ?? 0,
      kubernetesPort: listening.kubernetes?.port ?? 0,
      database: resource,
      user: first,
      password: (await secret(first)).secret,
      pids: { server: server.pid, agent: agent.pid },
      server,
      agent,
      dataDir,
      adminPassword,
      userPassword,
      api: (method, path, body, as = ADMIN) => calls.call(method, path, body, as),
      secret,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** An agent that joined from this data directory before has its key there and needs no token. */
async function joinToken(dataDir: string, calls: Calls): Promise<string | undefined> {
  if (existsSync(join(dataDir, "agent", "identity.json"))) return undefined;
  const { token } = (await calls.call("POST", "/v1/agents/tokens", { name: SITE }, ADMIN)) as { token: string };
  return token;
}

/** A data directory that is kept knows its administrator from the first start. */
async function keptAdminPassword(dataDir: string): Promise<string> {
  const file = join(dataDir, "admin-password");
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined) return kept;
  const made = randomBytes(12).toString("hex");
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(file, made, { mode: 0o600 });
  return made;
}

function documents(options: TidewaiterOptions, resource: string, principals: readonly TidewaiterPrincipal[]) {
  if (options.documents !== undefined) return [...options.documents, ...(options.policies ?? [])];
  const { host, port, database, lineage } = options.target;
  const yaml: object[] = [
    {
      kind: "resource",
      name: resource,
      protocol: "postgres",
      agent: SITE,
      tags: options.tags ?? { env: "prod" },
      target: { host, port, database, databases: ["*"], tls: { mode: "disable" }, ...(lineage && { lineage }) },
    },
  ];
  for (const { name, type, roles, onBehalfOf } of principals)
    yaml.push({ kind: "principal", name, type, ...(roles && { roles }), ...(onBehalfOf && { onBehalfOf }) });
  for (const group of new Set(principals.flatMap(({ groups = [] }) => groups)))
    yaml.push({
      kind: "group",
      name: group,
      members: principals.filter(({ groups }) => groups?.includes(group)).map(({ name }) => name),
    });
  const grant = (on: string) => {
    for (const { name, level } of principals)
      yaml.push({
        kind: "grant",
        name: `${name.replace(/[^a-z0-9-]/g, "-")}-${on}`,
        principal: name,
        resource: on,
        level,
      });
  };
  grant(resource);
  const tags = { env: "prod" };
  if (options.ssh !== undefined) {
    const { port: sshPort, hostKeys } = options.ssh;
    const reached = { host: "127.0.0.1", port: sshPort, hostKeys };
    yaml.push({ kind: "resource", name: "web-1", protocol: "ssh", agent: SITE, tags, target: reached });
    grant("web-1");
  }
  if (options.kubernetes !== undefined) {
    const { url: server, caPem: ca } = options.kubernetes;
    yaml.push({
      kind: "resource",
      name: "prod-cluster",
      protocol: "kubernetes",
      agent: SITE,
      tags,
      target: { server, ca },
    });
    grant("prod-cluster");
  }
  // JSON is YAML
  return [
    { name: "access.yaml", source: yaml.map((one) => JSON.stringify(one)).join("\n---\n") },
    ...(options.policies ?? []),
    ...labelPolicy(options.labels),
  ];
}

function labelPolicy(labels: TidewaiterOptions["labels"]) {
  if (labels === undefined) return [];
  const byLabel: Record<string, { columns: string[] }> = {};
  for (const [column, label] of Object.entries(labels)) {
    byLabel[label] ??= { columns: [] };
    byLabel[label].columns.push(column);
  }
  return [{ name: "labels.yaml", source: JSON.stringify({ version: 1, labels: byLabel }) }];
}

function credential({ user, password }: TidewaiterOptions["target"]) {
  return password === undefined ? { type: "trust", username: user } : { type: "password", username: user, password };
}

/** The few API calls a fixture needs, signing in once per principal. */
class Calls {
  readonly #baseUrl: string;
  readonly #passwords: Record<string, string>;
  readonly #userPassword: string;
  readonly #tokens = new Map<string, string>();

  constructor(baseUrl: string, passwords: Record<string, string>, userPassword: string) {
    this.#baseUrl = baseUrl;
    this.#passwords = passwords;
    this.#userPassword = userPassword;
  }

  async call(method: string, path: string, body: unknown, as: string): Promise<unknown> {
    const known = this.#tokens.get(as);
    if (known === undefined) return this.#send(method, path, body, await this.#signIn(as));
    try {
      return await this.#send(method, path, body, known);
    } catch (error) {
      // An access token is short-lived, a long run is not.
      if (!(error instanceof Error && /: 401 /.test(error.message))) throw error;
      return this.#send(method, path, body, await this.#signIn(as));
    }
  }

  async #signIn(name: string): Promise<string> {
    const password = this.#passwords[name] ?? this.#userPassword;
    const { accessToken } = (await this.#send("POST", "/v1/login", { name, password }, undefined)) as {
      accessToken: string;
    };
    this.#tokens.set(name, accessToken);
    return accessToken;
  }

  async #send(method: string, path: string, body: unknown, token: string | undefined): Promise<unknown> {
    const response = await fetch(`${this.#baseUrl}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return /[/+]json\b/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
  }
}
