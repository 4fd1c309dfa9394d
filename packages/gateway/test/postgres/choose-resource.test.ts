import { createSecureContext } from "node:tls";
import {
  certificateAuthority,
  hasCommand,
  type PostgresServer,
  runPsql,
  skipUnless,
  startPostgres,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { ana } from "../wire/principals.ts";

const psql = skipUnless(hasCommand("psql"), "psql");

psql.describe("the TLS server name chooses the resource", () => {
  let server: PostgresServer;
  let harness: Harness;
  beforeAll(async () => {
    server = await startPostgres({ sql: ["create database shop"] });
    const ca = await certificateAuthority();
    const { certPem, keyPem } = await ca.issue({
      commonName: "gw.example",
      names: ["gw.example", "*.gw.example"],
      usage: "server",
    });
    const tls = { policy: "optional", secureContext: createSecureContext({ cert: certPem, key: keyPem }) } as const;
    harness = await startHarness({ target: server, database: "postgres", policies: [], principals: [ana], tls });
  });
  afterAll(async () => {
    await harness?.[Symbol.asyncDispose]();
    await server?.stop();
  });
  const run = (host: string, database: string, user = "ana") =>
    runPsql({
      host,
      port: harness.port,
      user,
      password: harness.secret,
      database,
      sslmode: "require",
      env: { PGHOSTADDR: "127.0.0.1" },
      args: ["-At", "-c", "select current_database(), current_setting('tidewaiter.principal')"],
    });

  it("and the database keeps its name", async () => {
    for (const database of ["postgres", "shop"])
      expect((await run("prod-db.gw.example", database)).stdout).toBe(`${database}|ana\n`);
  });

  it("in any case; a name of another domain, or below it, chooses nothing", async () => {
    expect((await run("PROD-DB.gw.Example", "shop")).stdout).toBe("shop|ana\n");
    expect((await run("gw.example", "prod-db/shop")).stdout).toBe("shop|ana\n");
    expect((await run("a.prod-db.gw.example", "prod-db")).stdout).toBe("postgres|ana\n");
  });

  it("an unknown one, and a database that is not there, are told apart", async () => {
    const unknown = await run("nothing.gw.example", "shop");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('FATAL:  there is no resource "nothing" for you');
    const missing = await run("prod-db.gw.example", "nowhere");
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain("FATAL:  prod-db: that database does not exist there");
  });

  it("a level that does not exist, and a wrong secret, say no more than they must", async () => {
    expect((await run("prod-db.gw.example", "shop", "ana/root")).stderr).toContain(
      "the access level behind the slash is unknown",
    );
    const wrong = await runPsql({
      port: harness.port,
      user: "ana",
      password: "wrong",
      database: "prod-db",
      sslmode: "require",
      args: ["-c", "select 1"],
    });
    expect(wrong.stderr).toContain('FATAL:  password authentication failed for user "ana"');
    expect(wrong.stderr).not.toContain("prod-db:");
  });
});

psql.describe("levels, by the whole product", () => {
  let server: PostgresServer;
  let tidewaiter: Tidewaiter;
  beforeAll(async () => {
    server = await startPostgres({ sql: ["create table items (id int)"] });
    tidewaiter = await startTidewaiter({
      target: { host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" },
      principals: [
        { name: "ana", type: "user", level: "write" },
        { name: "ben", type: "user", level: "read" },
      ],
    });
  }, 60_000);
  afterAll(async () => {
    await tidewaiter?.stop();
    await server?.stop();
  });
  const run = async (name: string, level: string, database = tidewaiter.database) => {
    const { secret } = await tidewaiter.secret(name);
    return runPsql({
      port: tidewaiter.port,
      user: `${name}${level}`,
      password: secret,
      database,
      sslmode: "disable",
      args: ["-At", "-c", "select current_setting('tidewaiter.principal')"],
    });
  };

  it("NAME/write for who was granted it; the greeting names the level", async () => {
    const { code, stdout, stderr } = await run("ana", "/write");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "ana\n" });
    expect(stderr).toContain("ana (write) on prod-db");
    expect((await run("ben", "")).stderr).toContain("ben (read) on prod-db");
  });

  it("a level above the grant, and an unknown resource, are refused in words", async () => {
    const above = await run("ben", "/write");
    expect(above.code).toBe(2);
    expect(above.stderr).toMatch(/FATAL: .*write/);
    expect(above.stderr).toContain("HINT:");
    const unknown = await run("ana", "", "no-such-db");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("FATAL:");
    expect(unknown.stderr).not.toContain("postgres");
  });
});
