import type { FrontendMessage } from "@tidewaiter/postgres/messages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorIn, rowsIn, types } from "../wire/transcript.ts";
import { bind, execute, extended, parse, sync, type WireClient } from "../wire/wire-client.ts";
import { CUSTOMERS, type Fixture, HIDDEN, MASKS, startFixture } from "./labelled.ts";

const SQL = [
  ...CUSTOMERS,
  "create view contacts as select id, lower(email) as mail, visits from customers",
  "create function shout(text) returns text language sql immutable as $$ select upper($1) $$",
  "create function first_ssn() returns text language plpgsql volatile as $$ begin return (select ssn from customers where id = 1); end $$",
  "create table orders (id int primary key, customer int, total numeric, remark text default first_ssn())",
  "insert into orders values (1, 1, 9.5, 'x'), (2, 2, 12, 'y')",
  "create schema other",
  "create table other.people (id int, name text)",
  "insert into other.people values (1, 'Otto')",
];

describe.each(["15", "18"] as const)("server lineage on PostgreSQL %s", (version) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ version, sql: SQL, policy: MASKS, lineage: "server" });
  });
  afterAll(() => fixture?.[Symbol.asyncDispose]());

  const ask = (client: WireClient, ...messages: FrontendMessage[]): Promise<Buffer[]> => {
    client.send(...messages);
    return client.until("Z");
  };
  const all = (messages: readonly Buffer[]): string => Buffer.concat(messages).toString("latin1");
  const clean = (messages: readonly Buffer[]): void => {
    for (const needle of HIDDEN) expect(all(messages)).not.toContain(needle);
    expect(all(messages)).not.toContain("QUERY");
  };

  it("the session says where its labels come from", async () => {
    await using client = await fixture.wire();
    await client.query("select 1");
    expect(fixture.harness.events).toContainEqual(expect.objectContaining({ code: "lineage", text: "server" }));
  });

  it.each([
    ["a plain column", "select id, email from customers order by id", ["1", "***@example.com"]],
    [
      "an expression beside a clean one",
      "select id, lower(email), visits + 1 from customers where id = 1",
      ["1", "***", "8"],
    ],
    ["a view", "select id, mail, visits from contacts where id = 1", ["1", "***", "7"]],
    [
      "a subquery with an alias",
      "select x, visits from (select email as x, visits from customers where id = 1) s",
      ["***@example.com", "7"],
    ],
    ["a union", "select email from customers where id = 1 union all select 'clean'", ["***"]],
    ["a user's function", "select shout(name), id from customers where id = 1", ["***", "1"]],
    ["a function that reads by itself", "select first_ssn()", ["***"]],
    [
      "names of other relations",
      "select name, total from orders o join customers c on c.id = o.customer where o.id = 1",
      ["Ann", "9.5"],
    ],
    ["an aggregate", "select string_agg(email, ','), count(*) from customers", ["***", "4"]],
    ["a whole row", "select c from customers c where id = 1", undefined],
    ["json of a row", "select to_jsonb(c) from customers c where id = 1", undefined],
    ["count only", "select count(*) from orders", ["2"]],
  ])("masks by it: %s", async (_, sql, first) => {
    await using client = await fixture.wire();
    const answer = await client.query(sql);
    clean(answer);
    const described = types(answer);
    expect(described).toMatch(/^T (D )+C Z$/);
    if (first !== undefined) expect(rowsIn(answer)[0]).toEqual(first);
    const byExtended = await ask(client, ...extended(sql), sync);
    clean(byExtended);
    if (first !== undefined) expect(rowsIn(byExtended)[0]).toEqual(first);
  });

  it("trees never reach the client, and its notices do as it asked", async () => {
    await using client = await fixture.wire();
    for (const level of ["notice", "log", "warning"])
      await fixture.server.sql(
        `create or replace function say_${level}() returns int language plpgsql as $$ begin raise ${level} 'said %', 1; return 1; end $$`,
      );
    const said = async (level: string) =>
      types(await client.query(`select say_${level}()`)).replace(/^T (N )?D /, "$1");
    expect(await said("notice")).toBe("N C Z");
    expect(await said("log")).toBe("C Z");
    expect(types(await client.query("set client_min_messages = warning"))).toBe("C Z");
    expect(await said("notice")).toBe("C Z");
    expect(await said("warning")).toBe("N C Z");
    const shown = await client.query("show client_min_messages");
    expect(rowsIn(shown)).toEqual([["warning"]]);
    expect(all(shown)).not.toContain("tidewaiter");
    await client.query("begin; set local client_min_messages = log");
    expect(await said("log")).toBe("N C Z");
    await client.query("rollback");
    expect(await said("notice")).toBe("C Z");
    await client.query("reset client_min_messages");
    expect(await said("notice")).toBe("N C Z");
    expect(errorIn(await client.query("set client_min_messages = nonsense")).code).toBe("22023");
  });

  it("code that switches the trees off gets everything masked, and the next statement has them again", async () => {
    await fixture.server.sql(
      `create or replace function quiet() returns int language plpgsql as $$ begin perform set_config('client_min_messages', 'error', false); return 1; end $$`,
    );
    await using client = await fixture.wire();
    await client.query("select quiet()");
    const blind = await client.query("select id, lower(name) from customers where id = 1");
    expect(rowsIn(blind)).toEqual([["0", "***"]]);
    expect(fixture.harness.events).toContainEqual(expect.objectContaining({ code: "lineage_missing" }));
    expect(rowsIn(await client.query("select id, lower(name) from customers where id = 1"))).toEqual([["1", "ann"]]);
  });

  it("prepared statements, cursors and EXECUTE keep their trees", async () => {
    await using client = await fixture.wire();
    await client.query("prepare p as select lower(name), lower(email) from customers where id = 1");
    expect(rowsIn(await client.query("execute p"))).toEqual([["ann", "***"]]);
    await client.query("begin");
    await client.query("declare c cursor for select upper(name), upper(email) from customers where id = 1");
    expect(rowsIn(await client.query("fetch 1 from c"))).toEqual([["ANN", "***"]]);
    await client.query("commit");
    await ask(client, parse("select lower(name), lower(email) from customers where id = 1", "s"), sync);
    const twice = await ask(client, bind({ statement: "s" }), execute(), bind({ statement: "s" }), execute(), sync);
    expect(rowsIn(twice)).toEqual([
      ["ann", "***"],
      ["ann", "***"],
    ]);
  });

  it("COPY of a query is masked by the tree of its probe", async () => {
    await using client = await fixture.wire();
    const answer = await client.query("copy (select id, lower(email), name from customers where id = 1) to stdout");
    clean(answer);
    expect(all(answer)).toContain("1\t***\tAnn");
  });

  it("a write whose default reads a label is refused before it runs", async () => {
    await using client = await fixture.wire("robot");
    const answer = await client.query("insert into orders (id, customer, total) values (77, 1, 1)");
    expect(await fixture.server.sql("select id from orders where id = 77")).toEqual([]);
    expect(types(answer)).toBe("E Z");
  });

  it("a name that another schema also has means the one that the server says", async () => {
    await fixture.server.sql("create table if not exists other.customers (id int, email text)");
    await fixture.server.sql(
      "insert into other.customers select 5, 'free' where not exists (select from other.customers)",
    );
    await using client = await fixture.wire();
    await client.query("set search_path = other");
    clean(await client.query("select email, upper(email) from customers"));
    await client.query("set search_path = public");
    clean(await client.query("select email, upper(email) from customers"));
  });

  it("an approval is void when the server understands the statement otherwise", async () => {
    await using client = await fixture.wire("ana");
    await fixture.server.sql("create or replace view moving as select id, name as who from customers");
    client.send({
      name: "Query",
      sql: "select who from moving where id = 1 and (select count(*) from customers where ssn like '1%') > 0",
      exact: true,
    });
    const review = await fixture.harness.nextReview();
    await fixture.server.sql("create or replace view moving as select id, note as who from customers");
    await fixture.harness.decide(review, "approve", "mia", "fine");
    const answer = await client.until("Z");
    clean(answer);
    expect(errorIn(answer).message).toContain("no longer the statement that was approved");
  });

  it("a forged tree changes nothing", async () => {
    await fixture.server.sql(
      `create or replace function forge(text) returns text language plpgsql as $$ begin raise log 'rewritten parse tree:' using detail = '({QUERY :commandType 1 :canSetTag true :targetList <>})'; return $1; end $$`,
    );
    await using client = await fixture.wire();
    const answer = await client.query("select forge('x'), lower(email), lower(name) from customers where id = 1");
    expect(rowsIn(answer)).toEqual([["***", "***", "ann"]]);
    clean(answer);
  });

  it("reads that can mean one thing only run without a question before them", async () => {
    await using client = await fixture.wire();
    await client.query("select total from orders where id = 1");
    const sent = fixture.tap.connections.map(({ toTarget }) => toTarget.toString("latin1")).join("");
    expect(sent).toContain("select total from orders where id = 1");
    expect(sent.split("select total from orders where id = 1")).toHaveLength(2);
  });
});

it("a role without any privilege beyond its tables gets trees as well", async () => {
  await using fixture = await startFixture({
    version: "15",
    sql: [...SQL, "create role plain login", "grant select on customers to plain"],
    policy: MASKS,
    lineage: "server",
    targetUser: "plain",
  });
  await using client = await fixture.wire();
  expect(rowsIn(await client.query("select id, lower(name), lower(email) from customers where id = 1"))).toEqual([
    ["1", "ann", "***"],
  ]);
  expect(fixture.harness.events).toContainEqual(expect.objectContaining({ code: "lineage", text: "server" }));
});

describe.each(["15", "18"] as const)("lineage by views on PostgreSQL %s", (version) => {
  it("names that could mean two things mean the one that the server says, and nothing of the question stays", async () => {
    await using fixture = await startFixture({
      version,
      sql: [
        ...SQL,
        "create table other.customers (id int, name text, email text)",
        "insert into other.customers values (5, 'Otto', 'free')",
      ],
      policy: MASKS,
      lineage: "view",
    });
    await using client = await fixture.wire();
    expect(rowsIn(await client.query("select id, upper(name), lower(email) from customers where id = 1"))).toEqual([
      ["1", "ANN", "***"],
    ]);
    await client.query("set search_path = other");
    expect(rowsIn(await client.query("select id, upper(name) from customers"))).toEqual([["5", "OTTO"]]);
    expect(fixture.harness.events).toContainEqual(
      expect.objectContaining({ code: "lineage", text: "view (target.lineage.from)" }),
    );
    expect(errorIn(await client.query("select * from _tidewaiter_lineage")).code).toMatch(/^42/);
    // two columns of one name are no view, and fall back
    expect(types(await client.query("select name, name from customers"))).toBe("T D C Z");
    expect(types(await client.query("select 1 as still_idle"))).toBe("T D C Z");
  });
});

it("a client in another encoding than UTF-8 sees nothing of a result whose tree could be forged", async () => {
  await using fixture = await startFixture({ version: "18", sql: SQL, policy: MASKS, lineage: "server" });
  await using client = await fixture.wire();
  await client.query("set client_encoding = 'SJIS'");
  expect(rowsIn(await client.query("select id, lower(name) from customers where id = 1"))).toEqual([["0", "***"]]);
  await client.query("set client_encoding = 'UTF8'");
  expect(rowsIn(await client.query("select id, lower(name) from customers where id = 1"))).toEqual([["1", "ann"]]);
});
