import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NodeProcess, spawnNode } from "./node-process.ts";
import { tempDir } from "./temp-dir.ts";
import { ApiCalls } from "./tidewaiter/api-calls.ts";
import { documents, SITE } from "./tidewaiter/documents.ts";
import type { TidewaiterOptions } from "./tidewaiter/options.ts";

export type { TidewaiterOptions, TidewaiterPrincipal } from "./tidewaiter/options.ts";

const SERVER = fileURLToPath(new URL("../../server/bin/tidewaiter-server.js", import.meta.url));
const AGENT = fileURLToPath(new URL("../../agent/bin/tidewaiter-agent.js", import.meta.url));
const ADMIN = "admin";

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
    const calls = new ApiCalls(listening.web, { [ADMIN]: adminPassword }, userPassword);
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
async function joinToken(dataDir: string, calls: ApiCalls): Promise<string | undefined> {
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

function credential({ user, password }: TidewaiterOptions["target"]) {
  return password === undefined ? { type: "trust", username: user } : { type: "password", username: user, password };
}
