import type { SessionEvent } from "@tidewaiter/core";
import { eventually, type PostgresServer, startPostgres } from "@tidewaiter/testkit";
import { connectPg } from "@tidewaiter/testkit/pg-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { ana, job, robot } from "../wire/principals.ts";

const POLICY = `
version: 1
labels:
  pii.email: { columns: ["*.customers.email", "*.customers_hist.email"] }
rules:
  - id: mask-email
    match: { labels: ["pii.*"] }
    mask: { pii.email: email_domain }
  - id: no-big-read
    match: { principals: ["name:robot"] }
    when: 'sql.kind in ["SELECT", "DELETE"] && sql.estimated_rows > 500'
    deny: "too many rows"
  - id: record
    match: { principals: ["name:ana"] }
    recording: { results: true }
  - id: few-rows
    match: { principals: ["name:job"] }
    budget: { window: 1h, rows: 300, on_exceed: deny }
`;

describe("the inspector in front of a real server", () => {
  let target: PostgresServer;
  let harness: Harness;
  beforeAll(async () => {
    target = await startPostgres({
      sql: [
        "create table customers (id int primary key, email text, country text)",
        "insert into customers select i, 'user' || i || '@example.com', 'fr' from generate_series(1, 2000) i",
        "create table customers_hist (id int, email text, country text)",
        "analyze",
      ],
    });
    harness = await startHarness({
      target,
      database: "postgres",
      principals: [ana, job, robot],
      policies: [{ name: "p", source: POLICY }],
    });
  }, 60_000);
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
    await target.stop();
  });
  const login = (user: string) =>
    connectPg({ host: "127.0.0.1", port: harness.port, user, password: harness.secret, database: "prod-db" });
  const code = (work: Promise<unknown>): Promise<unknown> =>
    work
      .then(
        () => "done",
        (error: unknown) => error,
      )
      .then((e) => (e instanceof Error && "code" in e ? e.code : e));
  const recorded = (type: SessionEvent["type"]) => harness.events.filter((event) => event.type === type);

  it("asks for an estimate where a rule names it, inside and outside of a transaction", async () => {
    await using connection = await login("robot");
    const { client } = connection;
    expect((await client.query("select country from customers where id = 7")).rows).toEqual([{ country: "fr" }]);
    expect(await code(client.query("select country from customers"))).toBe("42501");
    expect(await code(client.query("delete from customers where country = 'fr'"))).toBe("42501");
    await client.query("begin");
    expect((await client.query("select country from customers where id = 7")).rows).toHaveLength(1);
    expect(await code(client.query("select nothing from customers"))).toBe("42703");
    await client.query("rollback");
  });

  it("records what the client received, masked", async () => {
    await using connection = await login("ana");
    await connection.client.query("select id, email from customers where id = 3");
    const rows = await eventually(() => recorded("rows").at(-1));
    expect(rows).toMatchObject({ columns: ["id", "email"], cells: [["3", "***@example.com"]], truncated: false });
  });

  it("refuses to store a mask, and lets labels flow only into themselves", async () => {
    await using connection = await login("ana");
    const { client } = connection;
    const update = "insert into customers_hist (id, email) values ($1, $2)";
    expect(await code(client.query(update, [1, "***@example.com"]))).toBe("42501");
    expect(await code(client.query(update, [1, "new@example.com"]))).toBe("done");
    expect(
      await code(client.query("insert into customers_hist (id, email) select id, email from customers where id = 5")),
    ).toBe("done");
    expect(
      await code(client.query("insert into customers_hist (id, country) select id, email from customers where id = 5")),
    ).toBe("42501");
    expect(await code(client.query("set tidewaiter.principal = 'mia'"))).toBe("42501");
    expect((await client.query("show tidewaiter.principal")).rows).toEqual([{ "tidewaiter.principal": "ana" }]);
  });

  it("keeps EXECUTE and FETCH masked whatever their names stood for before", async () => {
    await using connection = await login("ana");
    const { client } = connection;
    await client.query("prepare p as select reverse(email) as x from customers where id = 5");
    expect(await code(client.query("prepare p as select 'harmless' as x"))).toBe("42P05");
    expect((await client.query("execute p")).rows).toEqual([{ x: "***" }]);
    await client.query("begin");
    await client.query("declare c cursor for select upper(email) as x from customers where id = 5");
    expect((await client.query("fetch c")).rows).toEqual([{ x: "***" }]);
    await client.query("commit");
  });

  it("cuts a result when its budget is spent, and nothing more runs until it grows again", async () => {
    await using connection = await login("job");
    const { client } = connection;
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(await code(client.query("select g from generate_series(1, 300000) g, customers"))).toBe("53400");
    expect(await code(client.query("select 1"))).toBe("53400");
  });
});
