import { join } from "node:path";
import type { TargetSchema } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { startPostgres, tempDir } from "@tidewaiter/testkit";
import { createFileBlobStore } from "../src/blobs/index.ts";
import { createControlPlane, type RunningControlPlane } from "../src/create-control-plane.ts";
import type { ControlPlaneDeps } from "../src/deps.ts";
import type { StoreSettings } from "../src/storage/open-store.ts";

export const ADMIN = { name: "root", password: "correct-horse-battery" };
export const GATEWAY = "gw_one";

const hostSchema: Omit<TargetSchema<unknown>, "credentialTypes"> = {
  parse(value) {
    if (typeof value === "object" && value !== null && "host" in value && typeof value.host === "string") return value;
    throw new TidewaiterError("bad_request", "target.host: a name or an address");
  },
  jsonSchema: { type: "object" },
  address: (target) => `${(target as { host: string }).host}:5432`,
};

/** Stand-ins for the schemas of protocols: this package knows of no protocol. */
export const targets: Record<string, TargetSchema<unknown>> = {
  postgres: { ...hostSchema, credentialTypes: ["password", "certificate", "trust"] },
  kubernetes: { ...hostSchema, credentialTypes: ["token", "certificate"] },
  ssh: { ...hostSchema, credentialTypes: ["password", "ssh_key", "ssh_certificate"] },
};

/** A clock that only tests move. */
export function testClock(start = Date.parse("2026-03-01T08:00:00Z")) {
  let at = start;
  return {
    now: () => at,
    advance(ms: number) {
      at += ms;
    },
  };
}

export interface Harness extends AsyncDisposable {
  readonly running: RunningControlPlane;
  readonly port: RunningControlPlane["port"];
  readonly clock: ReturnType<typeof testClock>;
  readonly directory: string;
  readonly deps: ControlPlaneDeps;
  readonly adminToken: string;
  /** Calls the API as the administrator, or with another token, or with none (`null`). */
  call(method: Method, url: string, body?: unknown, token?: string | null): Promise<Answer>;
  login(name: string, password: string): Promise<string>;
  /** A user who can sign in; resolves to the access token. */
  addUser(name: string, roles?: readonly string[]): Promise<string>;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  readonly json: any;
}

export type StoreKind = "sqlite" | "postgres";

/** A store of its own: a new file, or a new PostgreSQL cluster. */
export async function newStore(kind: StoreKind, directory: string) {
  if (kind === "sqlite") {
    const settings: StoreSettings = { type: "sqlite", file: join(directory, "store.db"), busyTimeoutMs: 200 };
    return { settings, stop: async () => {} };
  }
  const server = await startPostgres({ fsync: true });
  const settings: StoreSettings = { type: "postgres", connectionString: server.connectionString() };
  return { settings, stop: () => server.stop() };
}

export async function startHarness(kind: StoreKind = "sqlite", more: Partial<ControlPlaneDeps> = {}): Promise<Harness> {
  const folder = tempDir("control-plane");
  const clock = testClock();
  const { settings, stop } = await newStore(kind, folder.path);
  const deps: ControlPlaneDeps = {
    store: settings,
    masterKeyFile: join(folder.path, "master.key"),
    blobs: await createFileBlobStore(join(folder.path, "blobs")),
    protocols: targets,
    endpoints: () => ({
      postgres: { host: "127.0.0.1", port: 6432, tls: true },
      web: "http://127.0.0.1:8080",
      gatewayId: GATEWAY,
      tunnelUrls: ["ws://127.0.0.1:8080/v1/tunnel"],
    }),
    now: clock.now,
    // Tests move the clock by hours.
    accessTokenLifeMs: 8 * 3600 * 1000,
    ...more,
  };
  const running = await createControlPlane(deps);
  await running.bootstrapAdmin(ADMIN);
  const call = caller(running);
  const login = async (name: string, password: string) => {
    const answer = await call("POST", "/v1/login", { name, password }, null);
    if (answer.status !== 200) throw new Error(`login of ${name}: ${answer.text}`);
    return answer.json.accessToken as string;
  };
  const adminToken = await login(ADMIN.name, ADMIN.password);
  const callAs: Harness["call"] = (method, url, body, token) =>
    call(method, url, body, token === undefined ? adminToken : token);
  return {
    running,
    port: running.port,
    clock,
    directory: folder.path,
    deps,
    adminToken,
    call: callAs,
    login,
    async addUser(name, roles = ["user"]) {
      const password = `${name}-has-a-long-password`;
      const answer = await callAs("POST", "/v1/principals", { name, roles, password });
      if (answer.status !== 201) throw new Error(`adding ${name}: ${answer.text}`);
      return login(name, password);
    },
    async [Symbol.asyncDispose]() {
      await running.close();
      await stop();
      await folder.remove();
    },
  };
}

export function caller(running: RunningControlPlane) {
  return async (method: Method, url: string, body: unknown, token: string | null): Promise<Answer> => {
    const response = await running.app.inject({
      method,
      url,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const json = /json/.test(String(response.headers["content-type"])) ? tryJson(response.body) : undefined;
    return { status: response.statusCode, text: response.body, headers: response.headers, json };
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
