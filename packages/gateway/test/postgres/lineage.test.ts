import type { FrontendMessage } from "@tidewaiter/postgres/messages";
import { skipUnless, testedPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorIn, rowsIn, types } from "../wire/transcript.ts";
import { bind, execute, extended, parse, query, sync, type WireClient } from "../wire/wire-client.ts";
import { CUSTOMERS, type Fixture, HIDDEN, LENIENT, MASKS, startFixture } from "./labelled.ts";

const SQL = [
  ...CUSTOMERS,
  "create view contacts as select id, lower(email) as mail, visits from customers",
  "create function shout(text) returns text language sql immutable as $$ select upper($1) $$",
  "create function first_ssn() returns text language plpgsql volatile as $$ begin return (select ssn from customers where id = 1); end $$",
  "create table orders (id int primary key, customer int, total numeric, remark text default first_ssn())",
  "insert into orders values (1, 1, 9.5, 'x'), (2, 2, 12, 'y')",
  "create table plainly (id int primary key)",
  "create schema other",
  "create table other.people (id int, name text)",
  "insert into other.people values (1, 'Otto')",
];

const FOUND = await testedPostgres();
const VERSIONS = FOUND.filter(({ available }) => available).map(({ version }) => version);
for (const found of FOUND)
  if (!found.available) skipUnless(false, found.reason).it(`lineage on PostgreSQL ${found.version}`, () => {});

describe.each(VERSIONS)("server lineage on PostgreSQL %s", (version) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ version, sql: SQL, policy: LENIENT, lineage: "server" });
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
    ["a user's function", "select shout(email), shout(name), id from customers where id = 1", ["***", "ANN", "1"]],
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
    for (const level of ["notice", "log", "warning"])
      await fixture.server.sql(
        `create or replace function say_${level}() returns int language plpgsql as $$ begin raise ${level} 'said %', 1; return 1; end $$`,
      );
    await using client = await fixture.wire();
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
    // PostgreSQL 14 prints no tree of a PREPARE in SQL, so it is masked whole
    expect(rowsIn(await client.query("execute p"))).toEqual([[version === "14" ? "***" : "ann", "***"]]);
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

  it("in a batch such a write waits for the answer to Bind, and never runs", async () => {
    await using client = await fixture.wire("robot");
    const answer = await ask(client, ...extended("insert into orders (id, customer, total) values (78, 1, 1)"), sync);
    expect(types(answer)).toBe("1 2 n E Z");
    expect(errorIn(answer).code).toBe("42501");
    expect(await fixture.server.sql("select id from orders where id = 78")).toEqual([]);
  });

  it("the question inside of a batch commits nothing: what fails later takes everything back", async () => {
    await using client = await fixture.wire();
    await client.query("select count(*) from plainly");
    const answer = await ask(
      client,
      ...extended("insert into plainly values (1)"),
      ...extended("insert into plainly select id + 1 from plainly"),
      ...extended("copy (select id from plainly) to stdout"),
      ...extended("insert into plainly values (1)"),
      sync,
    );
    expect(errorIn(answer).code).toBe("23505");
    expect(await fixture.server.sql("select id from plainly")).toEqual([]);
  });

  it.each([
    ["the statement", ""],
    ["the second one of a string", "select 1; "],
  ])("an approval is void when the server understands %s otherwise", async (_, before) => {
    await using client = await fixture.wire("ana");
    await fixture.server.sql("create or replace view moving as select id, name as who from customers");
    client.send({
      name: "Query",
      sql: `${before}select who from moving where id = 1 and (select count(*) from customers where ssn like '1%') > 0`,
      exact: true,
    });
    const review = await fixture.harness.nextReview();
    await fixture.server.sql("create or replace view moving as select id, note as who from customers");
    await fixture.harness.decide(review, "approve", "mia", "fine");
    const answer = await client.until("E");
    clean(answer);
    expect(errorIn(answer).message).toContain("no longer the statement that was approved");
  });

  it("a foreign key of a table that the transaction has just made is no question about labels; one to a label is", async () => {
    await using client = await fixture.wire("job/admin");
    const make = (column: string) => [
      "begin",
      "create table made (id int, ref int, mail text)",
      "insert into made values (1, 1, 'ann@example.com')",
      `alter table made add foreign key (${column})`,
      "rollback",
    ];
    for (const sql of make("ref) references orders (id")) expect(types(await client.query(sql))).not.toContain("E");
    await fixture.server.sql("alter table customers add constraint own_email unique (email)");
    const answers = [];
    for (const sql of make("mail) references customers (email").slice(0, 4)) {
      client.send(query(sql));
      answers.push(types(await client.until(sql.startsWith("alter") ? "E" : "Z")));
    }
    expect(answers.at(-1)).toContain("E");
    await fixture.server.sql("alter table customers drop constraint own_email");
  });

  describe("a string of several statements", () => {
    it("is asked about before any of it runs, and runs as one", async () => {
      await using client = await fixture.wire();
      const ran = await client.query("insert into plainly (id) values (801); insert into plainly (id) values (802)");
      expect(Buffer.concat(ran).toString("latin1")).toContain("INSERT 0 1");
      expect(rowsIn(await client.query("select count(*) from plainly where id in (801, 802)"))).toEqual([["2"]]);
      await fixture.server.sql("delete from plainly where id > 800");
    });

    it("is refused whole when one of them would put a label where none follows: nothing has run", async () => {
      await fixture.server.sql(
        "create table if not exists copies (id int, mail text default 'x'); create or replace view copied as select id, mail from copies; " +
          "create or replace rule copies as on insert to copied do instead insert into copies select c.id, c.email from customers c",
      );
      await using client = await fixture.wire();
      const refused = errorIn(
        await client.query("insert into plainly (id) values (801); insert into copied (id) values (1)"),
      );
      expect(refused.message).toContain("[no-laundering]");
      expect(refused.message).toContain("stopped before");
      expect(await fixture.server.sql("select count(*)::int as n from plainly where id = 801")).toEqual([{ n: 0 }]);
      expect(await fixture.server.sql("select count(*)::int as n from copies")).toEqual([{ n: 0 }]);
    });

    it("is refused where it cannot be asked about: what it makes first, and inside of a transaction", async () => {
      await using client = await fixture.wire();
      const text = "insert into plainly (id) values (803); insert into plainly (id) values (804)";
      const refused = errorIn(await client.query(`create temp table made (id int); insert into made values (1)`));
      expect(refused).toMatchObject({ code: "42501", hint: "Send the statements one by one." });
      await client.query("begin");
      expect(errorIn(await client.query(text)).message).toContain("[one-by-one]");
      await client.query("rollback");
      expect(types(await client.query("begin; select id from orders where id = 1; commit"))).toBe("C T D C C Z");
    });
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

describe.each(VERSIONS)("lineage by views on PostgreSQL %s", (version) => {
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

it("a resource that asks for it ends the session whose trees were switched off, before any row", async () => {
  await using fixture = await startFixture({ sql: HOSTILE, policy: LENIENT, lineage: "server", missing: "end" });
  await using client = await fixture.wire();
  expect(rowsIn(await client.query("select id, lower(name) from customers where id = 1"))).toEqual([["1", "ann"]]);
  await client.query("insert into hushing values (1)");
  client.send(query("select id, lower(name) from customers where id = 1"));
  const answer = await client.until("E");
  expect(types(answer)).toBe("E");
  expect(errorIn(answer)).toMatchObject({ severity: "FATAL", code: "42501" });
  expect(errorIn(answer).message).toContain("[lineage-missing]");
  expect(fixture.harness.events).toContainEqual(expect.objectContaining({ code: "lineage_missing" }));
});

const HOSTILE = [
  ...SQL,
  "create view shown as select lower(ssn) as t, 1 as n from customers",
  "create view other.shown as select 'free' as t, 1 as n",
  "create function quiet() returns int language plpgsql as $$ begin perform set_config('client_min_messages', 'error', false); return 1; end $$",
  "create function tells() returns trigger language plpgsql as $$ begin raise notice 'told %', (select ssn from customers where id = 1); return null; end $$",
  "create function fails() returns trigger language plpgsql as $$ begin raise exception 'told %', (select ssn from customers where id = 1); return null; end $$",
  "create function hushes() returns trigger language plpgsql as $$ begin perform set_config('client_min_messages', 'error', false); return null; end $$",
  "create table hushing (id int)",
  "create trigger hushes after insert on hushing for each row execute function hushes()",
  "create table hushing_late (id int)",
  "create constraint trigger late after insert on hushing_late deferrable initially deferred for each row execute function hushes()",
  "create table told (id int)",
  "create constraint trigger late after insert on told deferrable initially deferred for each row execute function tells()",
  "create table failed (id int)",
  "create constraint trigger late after insert on failed deferrable initially deferred for each row execute function fails()",
  "alter table customers add constraint one_email unique (email) deferrable initially deferred",
  "create function silent(int) returns boolean language plpgsql as $$ declare a int; b int; begin select 1, 2 into a, b; execute 'set client_min_messages = error'; return true; end $$",
  "create domain hushed as int check (silent(value))",
  "create table ruled (id int, v text)",
  "insert into ruled values (1, 'a')",
  "create rule also as on update to ruled do also select ssn, id from customers",
];

describe.each(VERSIONS)("what hides from the trees of PostgreSQL %s", (version) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ version, sql: HOSTILE, policy: LENIENT, lineage: "server" });
  });
  afterAll(() => fixture?.[Symbol.asyncDispose]());

  const whole = (answer: readonly Buffer[]): string => Buffer.concat(answer).toString("latin1");
  const ask = (client: WireClient, ...messages: FrontendMessage[]): Promise<Buffer[]> => {
    client.send(...messages, sync);
    return client.until("Z");
  };

  it("a prepared statement is masked by what it means now, though only its first run was analysed again", async () => {
    await using client = await fixture.wire();
    const sql = "select t || '', n from shown";
    await client.query("set search_path = other");
    for (const name of ["s", "d"]) await ask(client, parse(sql, name));
    await client.query(`prepare p as ${sql}; prepare q as ${sql}`);
    await client.query("set search_path = public");
    // analysed again by what returns no row of it
    await ask(client, { name: "Describe", target: "statement", of: "d" });
    await client.query("explain execute q");
    const bound = (name: string) => [bind({ statement: name }), execute()];
    const answers = [
      await ask(client, ...bound("s"), ...bound("s")),
      await ask(client, ...bound("s")),
      await ask(client, ...bound("d")),
      await client.query("execute p"),
      await client.query("execute p"),
      await client.query("execute q"),
    ];
    for (const [index, answer] of answers.entries()) {
      const values = rowsIn(answer);
      expect(values.length).toBeGreaterThan(0);
      const unseen = version === "14" && index > 2;
      for (const row of values) expect(row).toEqual(["***", unseen ? "0" : "1"]);
    }
  });

  it.each([
    ["a function", "select quiet()"],
    ["a trigger", "insert into hushing values (1)"],
    ["a trigger of a commit", "begin; insert into hushing_late values (1); commit"],
  ])("nor do trees of a prepared statement count once code may have switched them off: %s", async (_, sql) => {
    await using client = await fixture.wire();
    await client.query("set search_path = other, public");
    await ask(client, parse("select t || '' from shown", "s"));
    expect(rowsIn(await ask(client, bind({ statement: "s" }), execute()))).toEqual([["free"]]);
    await client.query("set search_path = public");
    for (const one of sql.split("; ")) expect(types(await client.query(one))).not.toContain("E");
    const rows = rowsIn(await ask(client, bind({ statement: "s" }), execute()));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toEqual(["***"]);
  });

  it("code that runs while a statement is analysed cannot put its trees in place of the statement's", async () => {
    await using client = await fixture.wire();
    const answer = await client.query("select lower(ssn), ('{1}'::hushed[])::text from customers where id = 1");
    expect(rowsIn(answer)).toEqual([["***", "***"]]);
  });

  it.each([
    ["what triggers say, in the run whose plan was kept too", "insert into told values (1)", "N C Z"],
    ["what deferred triggers fail with", "insert into failed values (1)", "E Z"],
    ["keys of deferred constraints", "insert into customers (id, email) values (70, 'ann@example.com')", "E Z"],
  ])("values that code raises are withheld: %s", async (_, sql, expected) => {
    await using client = await fixture.wire();
    for (const answer of [await client.query(sql), await client.query(sql), await ask(client, ...extended(sql))]) {
      for (const needle of HIDDEN) expect(whole(answer)).not.toContain(needle);
      expect(types(answer).replace(/^1 2 n /, "")).toMatch(/^(N C|E|C N|C E) Z$/);
    }
    await client.query("begin");
    const inside = [await client.query(sql), await client.query("commit")];
    for (const answer of inside) for (const needle of HIDDEN) expect(whole(answer)).not.toContain(needle);
    expect(inside.map(types).join(" ")).toBe(`C Z ${expected}`);
  });
});

it("rows of a rule that nobody asked for are masked by names as well", async () => {
  await using fixture = await startFixture({ sql: HOSTILE, policy: MASKS, lineage: "names" });
  await using client = await fixture.wire();
  const answer = await client.query("update ruled set v = 'b'");
  expect(rowsIn(answer)[0]).toEqual(["***", "0"]);
  for (const needle of HIDDEN) expect(Buffer.concat(answer).toString("latin1")).not.toContain(needle);
});

it("an error of a literal is the client's own, and so is that of a parameter", async () => {
  await using fixture = await startFixture({ sql: HOSTILE, policy: MASKS, lineage: "server" });
  await using client = await fixture.wire();
  expect(errorIn(await client.query("select '{bad'::json")).message).toContain("type json");
  client.send(parse("select $1::int"), bind({ values: ["abc"] }), execute(), sync);
  expect(errorIn(await client.until("Z")).message).toContain('"abc"');
});

it.each(["names", "view", "server"] as const)(
  "a cast by a user's function hides nothing (lineage by %s)",
  async (lineage) => {
    await using fixture = await startFixture({
      version: "15",
      sql: [
        ...SQL,
        "create function to_customer(int) returns customers language sql as $$ select * from customers where id = $1 $$",
        "create cast (int as customers) with function to_customer(int)",
      ],
      policy: LENIENT,
      lineage,
    });
    await using client = await fixture.wire();
    const answer = Buffer.concat(await client.query("select (1::customers).ssn || '', (1::customers).id")).toString(
      "latin1",
    );
    for (const needle of HIDDEN) expect(answer).not.toContain(needle);
  },
);
