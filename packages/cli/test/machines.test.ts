import { generateKeyPairSync, sign } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  findPostgres,
  hasCommand,
  type PostgresServer,
  skipUnless,
  startPostgres,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BIN, tw } from "./tw.ts";

const found = await findPostgres("18");

/** Services with API keys, and AI agents that act for a person, by the CLI against real servers. */
skipUnless(found.available && hasCommand("psql"), "PostgreSQL 18 and psql").describe("machines", () => {
  let postgres: PostgresServer;
  let server: Tidewaiter;
  let home: TempDir;

  const run = (args: readonly string[], env: Record<string, string | undefined> = {}, input?: string) =>
    tw(home.path, args, { env, input });
  async function ok(...args: string[]) {
    const result = await run(args);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result;
  }
  const json = async (...args: string[]) => JSON.parse((await ok(...args, "--json")).stdout);

  beforeAll(async () => {
    home = tempDir("machines");
    postgres = await startPostgres({ version: "18" });
    await postgres.sql("create table notes (id int); insert into notes values (7)");
    server = await startTidewaiter({
      target: { host: postgres.host, port: postgres.port, user: postgres.superuser, database: "postgres" },
      principals: [
        { name: "ana", type: "user", level: "write" },
        { name: "coder", type: "ai_agent", level: "read" },
        { name: "ci", type: "service", level: "write" },
      ],
    });
    const login = ["login", "--server", server.baseUrl, "--password-stdin", "--as"];
    for (const [name, password] of [
      ["admin", server.adminPassword],
      ["ana", server.userPassword],
    ] as const) {
      expect(await run([...login, name], {}, `${password}\n`)).toMatchObject({ code: 0 });
    }
  });
  afterAll(async () => {
    await server?.stop();
    await postgres?.stop();
    await home?.remove();
  });

  it("an API key is made, used from a file and from the environment, and revoked", async () => {
    const made = await ok("api-keys", "add", "ci", "--name", "deploy", "--ttl", "1h", "--as", "admin");
    const key = made.stdout.trim();
    expect(key).toMatch(/^twk_/);
    const file = join(home.path, "key");
    await writeFile(file, `${key}\n`, { mode: 0o600 });
    const elsewhere = { HOME: "/nonexistent", TIDEWAITER_SERVER: server.baseUrl };
    for (const [args, env] of [
      [[], { TIDEWAITER_API_KEY: key }],
      [[], { TIDEWAITER_API_KEY_FILE: file }],
      [["--api-key-file", file], {}],
    ] as const) {
      const status = await run(["status", "--json", ...args], { ...elsewhere, ...env });
      expect(JSON.parse(status.stdout)).toMatchObject({ principal: { name: "ci", kind: "service" } });
    }
    const psql = await run(["psql", "prod-db", "--api-key-file", file, "--", "-XAtc", "select id from notes"], {
      TIDEWAITER_SERVER: server.baseUrl,
    });
    expect([psql.code, psql.stdout.trim()], psql.stderr).toEqual([0, "7"]);
    const { keys } = await json("api-keys", "list", "--as", "admin");
    expect(keys).toMatchObject([{ name: "deploy", principal: "ci", lastUsedFrom: "127.0.0.1" }]);
    const shown = await run(["api-keys", "list", "--as", "admin"]);
    expect(shown.stdout).not.toContain(key);
    await ok("api-keys", "revoke", "deploy", "--as", "admin");
    expect(await run(["status", "--api-key-file", file], { TIDEWAITER_SERVER: server.baseUrl })).toMatchObject({
      code: 3,
    });
  });

  it("a workload signs in with a token of its own platform", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }];
    let issuer = "";
    // a stand-in for a CI system's issuer: discovery, keys, and tokens signed by hand
    const platform = createServer((request, response) => {
      const discovery = request.url?.startsWith("/.well-known") === true;
      response.end(JSON.stringify(discovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys }));
    });
    await new Promise<void>((resolve) => platform.listen(0, "127.0.0.1", resolve));
    issuer = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
    try {
      const federation = {
        kind: "federation",
        name: "deploy",
        issuer,
        audience: "tw",
        subject: "repo:acme/*",
        principal: "ci",
      };
      const document = join(home.path, "federation.yaml");
      await writeFile(document, JSON.stringify(federation));
      expect((await ok("apply", "-f", document, "--as", "admin")).stdout).toContain("+ federation deploy");
      expect((await ok("federations", "list", "--as", "admin")).stdout).toContain("repo:acme/*");
      const now = Math.floor(Date.now() / 1000);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const token = (sub: string) => {
        const claims = { iss: issuer, aud: "tw", sub, iat: now, exp: now + 300 };
        const signed = `${part({ alg: "RS256", kid: "one" })}.${part(claims)}`;
        return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
      };
      const file = join(home.path, "workload-token");
      const login = ["login", "--server", server.baseUrl, "--federated", "--token-file", file, "--as", "job"];
      await writeFile(file, token("repo:evil/shop"));
      const refused = await run([...login, "--keep-current"]);
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("the token is not accepted")]);
      await writeFile(file, token("repo:acme/shop"));
      expect(await run([...login, "--keep-current"])).toMatchObject({ code: 0 });
      expect(await json("status", "--as", "job")).toMatchObject({ principal: { name: "ci", kind: "service" } });
      const psql = await ok("psql", "prod-db", "--as", "job", "--", "-XAtc", "select id from notes");
      expect(psql.stdout.trim()).toBe("7");
    } finally {
      platform.close();
    }
  });

  it("an AI agent acts for a person through psql, within what both may, and leaves nothing behind", async () => {
    const script = [
      "psql service=prod-db -XAtc 'select id from notes'",
      'tw() { node "$TW" "$@"; }; tw status --json',
      "PGPASSWORD=$(grep -v '^#' $PGPASSFILE | cut -d: -f5) psql 'service=prod-db user=coder+ana/write' -XAtc 'select 1' 2>&1 || true",
      "env | grep -E '^(PG|TIDEWAITER_)' | sort",
    ].join("\n");
    const result = await run(["exec", "--as-agent", "coder", "--ttl", "10m", "--", "sh", "-ec", script], {
      TW: BIN,
      TIDEWAITER_PROFILE: "ana",
      PGPASSWORD: "of-the-person",
    });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain("Acting as coder+ana");
    expect(result.stdout).toMatch(/^7\n/);
    expect(result.stdout).toMatch(/"name": ?"coder"/);
    expect(result.stdout).toMatch(/level write is not granted to you/);
    expect(result.stdout).not.toContain("of-the-person");
    expect(result.stdout).not.toContain("TIDEWAITER_PROFILE");
    const { sessions } = await json("sessions", "list", "--as", "admin");
    expect(sessions).toContainEqual(
      expect.objectContaining({ principal: "coder", onBehalfOf: "ana", kind: "ai_agent", level: "read" }),
    );
    expect((await json("delegations", "list")).delegations).toEqual([]);
    const [dead] = (await json("delegations", "list", "--dead")).delegations;
    expect(dead).toMatchObject({ principal: "coder", onBehalfOf: "ana", name: "tw exec sh", state: "revoked" });
    const base = join(tmpdir(), `tidewaiter-agents-${process.getuid?.()}`);
    expect(await readdir(base)).toEqual([]);
    expect(await run(["exec", "--as-agent", "coder", "--", "sh", "-c", "exit 7"])).toMatchObject({ code: 7 });
  });

  it("a delegation that is revoked ends the agent's session", async () => {
    const running = run([
      "exec",
      "--as-agent",
      "coder",
      "--",
      "psql",
      "service=prod-db",
      "-XAtc",
      "select pg_sleep(60)",
    ]);
    let id: string | undefined;
    while (id === undefined) id = (await json("delegations", "list")).delegations.at(0)?.id;
    let live: unknown[] = [];
    while (live.length === 0) {
      live = (await json("sessions", "list", "--live", "--as", "admin")).sessions;
    }
    const at = Date.now();
    await ok("delegations", "revoke", id);
    const ended = await running;
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain("the delegation was revoked");
    expect(Date.now() - at).toBeLessThan(5000);
  });
});
