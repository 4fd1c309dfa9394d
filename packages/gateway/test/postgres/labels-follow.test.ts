import { eventually, type PostgresServer, postgresVersions, startPostgres } from "@tidewaiter/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { KeptBindings } from "../kept-bindings.ts";
import { ana, job, robot } from "../wire/principals.ts";
import { rowsIn, types } from "../wire/transcript.ts";
import { bind, execute, parse, query, sync, WireClient } from "../wire/wire-client.ts";
import { reader } from "./labelled.ts";

const POLICY = `
version: 1
labels:
  pii.email: { columns: ["*.customers.email", "*.eu_customers.email"], detect: [email] }
  pii.ssn: { columns: ["*.customers.ssn"] }
rules:
  - id: mask-pii
    match: { labels: ["pii.*"] }
    unless: 'principal.name == "reader"'
    mask: { default: constant }
`;
const TABLES = [
  "drop schema if exists shop cascade; drop schema if exists logs cascade; create schema shop; create schema logs",
  "create table shop.customers (id int, name text, email text, ssn text)",
  "insert into shop.customers values (1, 'Ann', 'ann@secret.example', '123-45-6789')",
  "create table shop.orders (id int, total int); insert into shop.orders values (1, 42)",
  "create table logs.lines (id int, line text); insert into logs.lines values (1, 'started')",
];
const EMAIL = "ann@secret.example";
const SSN = "123-45-6789";

interface World extends AsyncDisposable {
  readonly harness: Harness;
  readonly target: { port: number };
  wire(user?: string): Promise<WireClient>;
}

async function startWorld(
  server: PostgresServer,
  more: { policy?: string; bindings?: KeptBindings } = {},
): Promise<World> {
  const target = { port: server.port };
  const harness = await startHarness({
    target,
    database: "postgres",
    policies: [{ name: "p", source: more.policy ?? POLICY }],
    principals: [ana, job, robot, reader],
    ...(more.bindings && { bindings: more.bindings }),
  });
  return {
    harness,
    target,
    wire: (user = "job") =>
      WireClient.connect({ port: harness.port, user, password: harness.secret, database: "prod-db" }),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

/** Cells of the last result, and that none of the secrets is anywhere in the answer. */
function masked(answer: readonly Buffer[]): (string | null)[][] {
  const text = Buffer.concat(answer).toString("latin1");
  for (const secret of [EMAIL, SSN, EMAIL.toUpperCase()]) expect(text).not.toContain(secret);
  return rowsIn(answer);
}

describe.each(postgresVersions)("labels follow the column, PostgreSQL %s", (version) => {
  let server: PostgresServer;
  let world: World;
  beforeAll(async () => {
    server = await startPostgres({ version });
  }, 60_000);
  afterAll(() => server.stop());
  beforeEach(async () => {
    for (const sql of TABLES) await server.sql(sql);
    world = await startWorld(server);
  });
  afterEach(() => world[Symbol.asyncDispose]());

  it("through a rename of the column, the table and its schema, made elsewhere", async () => {
    await using before = await world.wire();
    expect(masked(await before.query("select email from shop.customers"))).toEqual([["***"]]);
    await server.sql("alter table shop.customers rename column email to contact");
    await server.sql("alter table shop.customers rename to people; alter table shop.people set schema logs");
    await using after = await world.wire();
    expect(masked(await after.query("select contact, upper(contact), ssn, name from logs.people"))).toEqual([
      ["***", "***", "***", "Ann"],
    ]);
    expect(masked(await before.query("select contact, ssn, name from logs.people"))).toEqual([["***", "***", "Ann"]]);
    expect(world.harness.bindings.drift).toEqual([
      { what: "renamed", relation: "logs.people", from: "shop.customers" },
      { what: "renamed", relation: "logs.people", column: "contact", from: "email", proposed: "pii.email" },
    ]);
    await using trusted = await world.wire("reader");
    expect(rowsIn(await trusted.query("select contact from logs.people"))[0]?.[0]).toBe(EMAIL);
  });

  it("for the session that renames: pipelined, in a transaction, with prepared statements", async () => {
    await using client = await world.wire();
    client.send(
      query("alter table shop.customers rename column email to contact"),
      query("select contact, upper(contact) from shop.customers"),
    );
    expect(masked(await client.until("Z", 2))).toEqual([["***", "***"]]);
    client.send(
      query("begin"),
      query("alter table shop.customers rename column contact to reach"),
      query("alter table shop.orders rename to was_orders"),
      query("alter table shop.customers rename to orders"),
      query("select lower(reach), reach from shop.orders"),
    );
    expect(masked(await client.until("Z", 5))).toEqual([["***", "***"]]);
    await client.query("rollback");
    await client.query("prepare mine as select lower(name) from shop.customers");
    expect(masked(await client.query("execute mine"))).toEqual([["ann"]]);
    client.send(
      query("alter table shop.customers rename column name to called"),
      query("alter table shop.customers rename column contact to name"),
      query("execute mine"),
    );
    expect(masked(await client.until("Z", 3))).toEqual([["***"]]);
  });

  it("in one batch of the extended protocol, and at the next Execute of what was prepared before", async () => {
    await using client = await world.wire();
    client.send(parse("select lower(name) from shop.customers", "q"), bind({ statement: "q" }), execute(), sync);
    expect(masked(await client.until("Z"))).toEqual([["ann"]]);
    await using other = await world.wire();
    await other.query("alter table shop.customers rename column ssn to number");
    await other.query("alter table shop.customers rename column name to called");
    await other.query("alter table shop.customers rename column email to name");
    client.send(bind({ statement: "q" }), execute(), sync);
    expect(masked(await client.until("Z"))).toEqual([["***"]]);
    client.send(
      ...[parse("select upper(number), ssn_ from (select number, number as ssn_ from shop.customers) c"), bind()],
      ...[execute(), bind({ statement: "q" }), execute(), sync],
    );
    expect(masked(await client.until("Z"))).toEqual([["***", "***"], ["***"]]);
    client.send(
      ...[parse("alter table shop.customers rename column name to contact"), bind(), execute()],
      ...[parse("select upper(contact) from shop.customers"), bind(), execute(), sync],
    );
    expect(masked(await client.until("Z"))).toEqual([["***"]]);
  });

  it("masks a new column beside labels until it is decided about", async () => {
    await using client = await world.wire();
    await client.query("select 1 from shop.customers");
    await client.query("alter table shop.customers add column note text default 'born in Rome'");
    await client.query("alter table logs.lines add column more text default 'fine'");
    const read = "select note, upper(note), name from shop.customers";
    expect(masked(await client.query(read))).toEqual([["***", "***", "Ann"]]);
    expect(masked(await client.query("select more from logs.lines"))).toEqual([["fine"]]);
    expect(world.harness.bindings.drift).toEqual([{ what: "new_column", relation: "shop.customers", column: "note" }]);
    world.harness.bindings.accept("customers", "note");
    world.harness.labelDecisions.changed("res_1");
    expect(masked(await client.query(read))).toEqual([["born in Rome", "BORN IN ROME", "Ann"]]);
    await server.sql("alter table shop.customers add column later text default 'x'");
    await using next = await world.wire();
    expect(masked(await next.query("select later, note from shop.customers"))).toEqual([["***", "born in Rome"]]);
    await world.harness.setPolicies([{ name: "p", source: `${POLICY}classified: ["*.customers.later"]\n` }]);
    expect(masked(await next.query("select later from shop.customers"))).toEqual([["x"]]);
  });

  it("masks a new table in a schema with labels; one made anew takes over from its namesake", async () => {
    await using client = await world.wire();
    await client.query("select 1 from shop.customers");
    await client.query("create table shop.visits (id int, place text)");
    await server.sql("insert into shop.visits values (7, 'Rome')");
    expect(masked(await client.query("select id, place, lower(place) from shop.visits"))).toEqual([
      ["0", "***", "***"],
    ]);
    await server.sql(`alter table shop.customers rename column email to contact`);
    await using look = await world.wire();
    await look.query("select 1 from shop.customers");
    await server.sql(`drop table shop.customers;
      create table shop.customers (extra text, ssn text, contact text, name text, id int);
      insert into shop.customers values ('x', '${SSN}', '${EMAIL}', 'Ann', 1)`);
    await using after = await world.wire();
    expect(masked(await after.query("select extra, ssn, contact, name, id from shop.customers"))).toEqual([
      ["***", "***", "***", "Ann", "1"],
    ]);
    const what = world.harness.bindings.drift.map((each) => each.what);
    expect(what).toEqual(["new_table", "renamed", "recreated", "new_column"]);
  });

  it("lets programs work with a table that nobody has decided about, and AI agents not probe it", async () => {
    await using client = await world.wire();
    await client.query("select 1 from shop.customers");
    await client.query("create table shop.visits (id int, seen int, place text)");
    await client.query("insert into shop.visits values (1, 1, 'Rome'), (2, 1, 'Bern')");
    expect(types(await client.query("update shop.visits set seen = seen + id where id > 1"))).toBe("C Z");
    expect(
      types(
        await client.query("insert into shop.visits (id, seen, place) select id + 2, seen, place from shop.visits"),
      ),
    ).toBe("C Z");
    expect(types(await client.query("insert into shop.orders (id, total) select seen, id from shop.visits"))).toBe(
      "E Z",
    );
    expect(types(await client.query("create table logs.copy as select * from shop.visits"))).toBe("E Z");
    expect(masked(await client.query("select place from shop.visits where place like 'R%' limit 1"))).toEqual([
      ["***"],
    ]);
    await using agent = await world.wire("robot");
    expect(types(await agent.query("select 1 from shop.visits where place like 'R%'"))).toBe("E Z");
    expect(await server.sql("select seen from shop.visits where id = 2")).toEqual([{ seen: 3 }]);
  });

  it("knows temporary tables, which are nobody's to decide about", async () => {
    await using client = await world.wire();
    await client.query("create temp table mine (id int, place text); insert into mine values (1, 'Rome')");
    expect(masked(await client.query("select id, lower(place) from mine"))).toEqual([["1", "rome"]]);
    client.send(
      ...[parse("create temp table other as select 7 as n"), bind(), execute(), sync],
      ...[parse("select n, n + 1 from other"), bind(), execute(), sync],
    );
    expect(masked(await client.until("Z", 2))).toEqual([["7", "8"]]);
    expect(world.harness.bindings.drift).toEqual([]);
  });

  it("looks only for values in what is unclassified, where the policy is lenient", async () => {
    await using lenient = await startWorld(server, {
      policy: `${POLICY}defaults: { unclassified: detect }\n`,
    });
    await using client = await lenient.wire();
    await client.query("select 1 from shop.customers");
    await server.sql(`alter table shop.customers add column note text default 'write to ${EMAIL} in Rome'`);
    await using after = await lenient.wire();
    const [[note]] = masked(await after.query("select note from shop.customers")) as [[string]];
    expect(note).toMatch(/^write to .* in Rome$/);
    expect(lenient.harness.bindings.drift).toMatchObject([{ what: "new_column", column: "note" }]);
  });

  it("shows a child's labels in its parent, by name, and a generated column as what it is made from", async () => {
    await server.sql(`create table logs.people (id int, email text);
      create table logs.eu_customers (vat text, email text, id int);
      alter table logs.eu_customers inherit logs.people;
      insert into logs.eu_customers values ('v', '${EMAIL}', 5);
      create table logs.parted (id int, email text) partition by list (id);
      create table logs.other partition of logs.parted for values in (1);
      create table logs.customers partition of logs.parted for values in (2);
      insert into logs.parted values (1, '${EMAIL}'), (2, '${EMAIL}');
      alter table shop.customers add column low text generated always as (lower(email)) stored`);
    await using fresh = await startWorld(server);
    await using client = await fresh.wire();
    expect(masked(await client.query("select id, email, upper(email) from logs.people"))).toEqual([
      ["5", "***", "***"],
    ]);
    expect(masked(await client.query("select email, upper(email) from logs.parted"))).toHaveLength(2);
    expect(masked(await client.query("select email from logs.other"))).toEqual([["***"]]);
    expect(masked(await client.query("select low, upper(low) from shop.customers"))).toEqual([["***", "***"]]);
    await client.query("create table logs.third partition of logs.parted for values in (3)");
    await client.query(`insert into logs.third values (3, 'x')`);
    expect(masked(await client.query("select id, email from logs.third"))).toEqual([["3", "***"]]);
    expect(fresh.harness.bindings.drift).toEqual([]);
  });

  it("reads labels again that came after Bind", async () => {
    await using plain = await startWorld(server, { policy: "version: 1" });
    await using client = await plain.wire();
    client.send(query("begin"), parse("select email, id from shop.customers"), bind({ portal: "p" }), sync);
    await client.until("Z", 2);
    await plain.harness.setPolicies([{ name: "p", source: POLICY }]);
    client.send(execute(0, "p"), sync);
    expect(masked(await client.until("Z"))[0]?.[0]).not.toBe(EMAIL);
  });

  it("never takes what one server says for another: failover to one whose OIDs mean other tables", async () => {
    await using client = await world.wire();
    await client.query("select 1 from shop.customers");
    await server.sql("alter table shop.customers rename column email to contact");
    await using renamed = await world.wire();
    await renamed.query("select 1 from shop.customers");
    await using second = await startPostgres({ version: version === "18" ? "15" : "18" });
    await second.sql(`create schema shop; create schema logs;
      create table shop.orders (id int, total int); insert into shop.orders values (1, 42);
      create table logs.lines (id int, line text);
      create table shop.customers (ssn text, phone text, contact text, id int, name text, email text);
      insert into shop.customers values ('${SSN}', '555', '${EMAIL}', 1, 'Ann', '${EMAIL}')`);
    world.target.port = second.port;
    await using after = await world.wire();
    expect(masked(await after.query("select ssn, phone, contact, id, name, email from shop.customers"))).toEqual([
      ["***", "***", "***", "1", "Ann", "***"],
    ]);
    expect(masked(await after.query("select id, total from shop.orders"))).toEqual([["1", "42"]]);
    expect(world.harness.bindings.drift.slice(-3)).toEqual([
      { what: "other_server", relation: "postgres" },
      { what: "new_column", relation: "shop.customers", column: "phone" },
      { what: "new_column", relation: "shop.customers", column: "email", proposed: "pii.email" },
    ]);
    // a session that stayed behind is judged by its own server, which its next look can no longer reach
    expect(masked(await renamed.query("select contact, name from shop.customers"))).toEqual([["***", "Ann"]]);
    expect(
      masked(
        await renamed.query("select upper(contact), other from (select contact, 1 as other from shop.customers) c"),
      ),
    ).toEqual([["***", "1"]]);
    world.target.port = server.port;
    await using back = await world.wire();
    expect(masked(await back.query("select contact, name from shop.customers"))).toEqual([["***", "Ann"]]);
    await eventually(() => world.harness.bindings.saves.length === 3);
  });

  it("a clone with the same identifier whose OIDs went other ways is told by names", async () => {
    await using client = await world.wire();
    await client.query("select 1 from shop.customers");
    const [{ oid }] = (await server.sql("select 'shop.customers'::regclass::int as oid")) as [{ oid: number }];
    const kept = world.harness.bindings.saves[0]?.changed ?? [];
    expect(kept.some((relation) => relation.oid === oid && relation.name === "customers")).toBe(true);
    // as after a restore to an earlier point in time: numbers that were given to one table are now another's
    const moved = kept.map((relation) =>
      relation.name === "customers"
        ? { ...relation, oid: oid + 1_000 }
        : relation.name === "lines"
          ? { ...relation, oid }
          : relation,
    );
    const bindings = new KeptBindings();
    const [save] = world.harness.bindings.saves;
    if (save === undefined) throw new Error("nothing was kept");
    bindings.save({ ...save, changed: moved });
    await using restored = await startWorld(server, { bindings });
    await using after = await restored.wire();
    expect(masked(await after.query("select * from shop.customers"))).toEqual([["1", "Ann", "***", "***"]]);
    expect(masked(await after.query("select * from logs.lines"))).toEqual([["1", "started"]]);
  });
});
