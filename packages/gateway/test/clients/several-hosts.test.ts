import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, type PostgresServer, startPostgres } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";

/** P15: a cluster of two servers behind one resource, as the agent finds them at each dial. */

const POLICY = { version: 1, labels: { "pii.email": { columns: ["*.customers.email"] } } };
const RESOURCES = {
  "db-write": "read-write",
  "db-standby": "standby",
  "db-any": "any",
  "db-prefers": "prefer-standby",
};

let first: PostgresServer;
let second: PostgresServer;
let gateway: Tidewaiter;

beforeAll(async () => {
  // other OIDs in each: what a column means is never taken from another server
  const customers = "create table customers (id int, email text, plain text)";
  const values = "insert into customers values (1, 'ann@hidden.example', 'plain')";
  const settings = { wal_level: "replica" };
  first = await startPostgres({ sql: ["create table earlier (id int)", customers, values], settings });
  second = await startPostgres({ sql: [customers, values], settings });
  // a server that follows nobody is a standby all the same
  writeFileSync(join(first.dataDir, "standby.signal"), "", { mode: 0o644 });
  await first.restart();
  const hosts = [first, second].map(({ host, port }) => ({ host, port }));
  const resources = Object.entries(RESOURCES).map(([name, targetSessionAttrs]) =>
    resource(name, { hosts, targetSessionAttrs }),
  );
  const capped = resource("db-capped", { host: second.host, port: second.port, maxConnections: 1 });
  const grants = [...resources, capped].map(({ name }) => ({
    kind: "grant",
    name: `g-${name}`,
    principal: "job",
    resource: name,
    level: "write",
  }));
  const all = [...resources, capped, { kind: "principal", name: "job", type: "service" }, ...grants];
  gateway = await startTidewaiter({
    target: { host: second.host, port: second.port, user: "postgres", database: "postgres" },
    allow: [`${first.host}:${first.port}`],
    resource: "db-write",
    principals: [{ name: "job", type: "service", level: "write" }],
    documents: [{ name: "access.yaml", source: all.map((one) => JSON.stringify(one)).join("\n---\n") }],
    policies: [{ name: "labels.yaml", source: JSON.stringify(POLICY) }],
  });
  for (const { name } of [...resources, capped])
    await gateway.api("PUT", `/v1/resources/${name}/credentials/write`, { type: "trust", username: "postgres" });
}, 60_000);
afterAll(async () => {
  await gateway?.stop();
  await first?.stop();
  await second?.stop();
});

function resource(name: string, target: object) {
  const full = { database: "postgres", databases: ["*"], tls: { mode: "disable" }, ...target };
  return { kind: "resource", name, protocol: "postgres", agent: "site", tags: {}, target: full };
}

async function connected(name: string): Promise<pg.Client> {
  const { secret } = (await gateway.api("POST", "/v1/connection-secrets", {
    resource: name,
    ttlSeconds: 600,
    forPrincipal: "job",
  })) as { secret: string };
  const client = new pg.Client({
    host: "127.0.0.1",
    port: gateway.port,
    user: "job",
    password: secret,
    database: name,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function ask(name: string, sql: string): Promise<unknown[]> {
  const client = await connected(name);
  try {
    return (await client.query({ text: sql, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

const inRecovery = (name: string) => ask(name, "select pg_is_in_recovery()");

it("P15: the first host in the state that is asked for", async () => {
  expect(await inRecovery("db-write")).toEqual([false]);
  expect(await inRecovery("db-standby")).toEqual([true]);
  expect(await inRecovery("db-any")).toEqual([true]);
  expect(await inRecovery("db-prefers")).toEqual([true]);
}, 30_000);

it("P15: a cancel request goes to the host that the session is at", async () => {
  const client = await connected("db-write");
  const query = new pg.Query("select pg_sleep(60)");
  const ended = new Promise((resolve) => query.once("error", (error) => resolve((error as pg.DatabaseError).code)));
  client.query(query);
  const asleep = "select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'";
  await eventually(async () => expect((await second.sql(asleep))[0]?.n).toBe(1));
  const canceler = new pg.Client({ host: "127.0.0.1", port: gateway.port }) as pg.Client & {
    cancel(client: pg.Client, query: pg.Query): void;
  };
  canceler.cancel(client, query);
  expect(await ended).toBe("57014");
  await client.end();
}, 30_000);

it("P15: no host in that state is told so", async () => {
  await first.kill();
  await expect(inRecovery("db-standby")).rejects.toMatchObject({ code: "08001" });
  // where another would do, the dead one is passed over
  expect(await inRecovery("db-prefers")).toEqual([false]);
  await first.restart();
}, 30_000);

it("P15: after a failover the next connect works, and labels are of the server it leads to", async () => {
  const labelled = "select email, plain from customers";
  expect(await ask("db-write", labelled)).toEqual(["***", "plain"]);
  await second.kill();
  await expect(inRecovery("db-write")).rejects.toMatchObject({ code: "08001" });
  await first.sql("select pg_promote()");
  expect(await ask("db-write", labelled)).toEqual(["***", "plain"]);
  await second.restart();
}, 30_000);

it("P15: sessions beyond the cap wait, and get in when another leaves", async () => {
  const holder = await connected("db-capped");
  const waiting = connected("db-capped");
  const early = await Promise.race([waiting.then(() => "in"), new Promise((go) => setTimeout(go, 300, "waits"))]);
  expect(early).toBe("waits");
  await holder.end();
  const client = await waiting;
  await expect(connected("db-capped")).rejects.toMatchObject({ code: "53300" });
  await client.end();
}, 30_000);
