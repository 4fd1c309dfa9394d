import type { SqlColumnUse, StatementFacts } from "@tidewaiter/core/sql-facts";
import { describe, expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";

const classifier = await loadClassifier();

function statements(sql: string): readonly StatementFacts[] {
  const result = classifier.classify(sql);
  if (!result.ok) throw new Error(`${sql}: ${result.reason} ${result.message}`);
  return result.statements;
}

function facts(sql: string): StatementFacts {
  const [first, ...more] = statements(sql);
  if (first === undefined || more.length > 0) throw new Error(`not one statement: ${sql}`);
  return first;
}

/** `email:equality1 id:join`, without qualifiers, sorted. */
function uses(sql: string): string[] {
  const show = (use: SqlColumnUse): string => `${use.name}:${use.use}${use.literals ?? ""}`;
  return [...new Set(facts(sql).columns.map(show))].sort();
}

function outputs(sql: string): string[] {
  return facts(sql).outputs.map(
    ({ name, plain, columns }) =>
      `${name}${plain ? "!" : ""}=${columns === "unknown" ? "?" : [...columns].sort().join()}`,
  );
}

describe("verbs and classes", () => {
  it.each([
    ["select 1", "SELECT", "read"],
    ["values (1), (2)", "SELECT", "read"],
    ["table customers", "SELECT", "read"],
    ["with d as (delete from orders returning *) select * from d", "SELECT DELETE", "write"],
    ["explain select 1", "EXPLAIN SELECT", "read"],
    ["explain analyze delete from orders", "EXPLAIN DELETE", "write"],
    ["prepare p as delete from orders", "PREPARE DELETE", "write"],
    ["declare c cursor for select 1", "DECLARE CURSOR SELECT", "read"],
    ["copy (delete from orders returning *) to stdout", "COPY DELETE", "bulk"],
    ["copy orders from stdin", "COPY", "bulk"],
    ["copy orders to program 'sh'", "COPY", "server"],
    ["merge into a using b on a.x = b.x when matched then delete", "MERGE DELETE", "write"],
    ["insert into a values (1)", "INSERT", "write"],
    ["select 1 into t", "SELECT", "schema"],
    ["create table t as select 1", "CREATE TABLE AS SELECT", "schema"],
    ["create materialized view v as select 1", "CREATE MATERIALIZED VIEW SELECT", "schema"],
    ["drop table a, b", "DROP TABLE", "schema"],
    ["drop materialized view a", "DROP MATERIALIZED VIEW", "schema"],
    ["alter table a rename column b to c", "ALTER TABLE", "schema"],
    ["alter table a add column b int", "ALTER TABLE", "schema"],
    ["create index i on a (b)", "CREATE INDEX", "schema"],
    ["truncate a", "TRUNCATE", "write"],
    ["vacuum a", "VACUUM", "maintenance"],
    ["analyze a", "ANALYZE", "maintenance"],
    ["grant select on a to b", "GRANT", "privilege"],
    ["revoke select on a from b", "REVOKE", "privilege"],
    ["alter role a password 'x'", "ALTER ROLE", "privilege"],
    ["alter table a owner to b", "ALTER TABLE", "schema"],
    ["do $$ begin end $$", "DO", "code"],
    ["call p()", "CALL", "code"],
    ["create function f() returns int language sql as 'select 1'", "CREATE FUNCTION", "code"],
    [
      "create function f() returns int begin atomic delete from a; select 1; end",
      "CREATE FUNCTION DELETE SELECT",
      "code",
    ],
    ["load 'x'", "LOAD", "server"],
    ["alter system set a = 1", "ALTER SYSTEM", "server"],
    ["begin", "BEGIN", "transaction"],
    ["start transaction read only", "BEGIN", "transaction"],
    ["rollback to savepoint a", "ROLLBACK TO SAVEPOINT", "transaction"],
    ["set transaction isolation level serializable", "SET TRANSACTION", "transaction"],
    ["set role postgres", "SET", "session"],
    ["reset all", "RESET", "session"],
    ["discard all", "DISCARD ALL", "session"],
    ["listen a", "LISTEN", "session"],
    ["notify a, 'b'", "NOTIFY", "session"],
    ["fetch all from c", "FETCH", "session"],
    ["move 5 in c", "MOVE", "session"],
    ["lock table a", "LOCK", "maintenance"],
  ])("%s", (sql, kinds, cls) => {
    const found = facts(sql);
    expect([found.kinds.join(" "), found.class, found.opaque]).toEqual([kinds, cls, false]);
  });
});

describe("relations and CTE scopes", () => {
  const relations = (sql: string): string[] =>
    facts(sql)
      .relations.map((r) => `${r.access}:${r.schema ? `${r.schema}.` : ""}${r.name}`)
      .sort();

  it.each([
    ["with customers as (select 1 as x) select * from customers", []],
    ["with customers as (select * from customers) select * from customers", ["read:customers"]],
    ["with customers as (select 1) select * from public.customers", ["read:public.customers"]],
    ["select (with customers as (select 1) select 1 from customers) from customers", ["read:customers"]],
    ["with a as (select 1), b as (select * from a) select * from b", []],
    ["with b as (select * from a), a as (select 1) select * from b", ["read:a"]],
    ["with recursive b as (select * from a), a as (select 1 as x) select * from b", []],
    ["insert into s.t select * from u", ["read:u", "write:s.t"]],
    ["update a set x = 1 from b", ["read:b", "write:a"]],
    ["delete from a using b where a.id = b.id", ["read:a", "read:b", "write:a"]],
    ["create table t as select * from a", ["read:a", "write:t"]],
    ["select * into t from a union select * from b", ["read:a", "read:b", "write:t"]],
    ["drop table a, s.b", ["write:a", "write:s.b"]],
    ["drop trigger x on a", ["write:a"]],
    ["copy a to stdout", ["read:a"]],
    ["copy a from stdin", ["write:a"]],
    ["lock table a, b", ["read:a", "read:b"]],
    ["select 1 from a for update of a", ["read:a"]],
    ["create policy p on a using (exists (select 1 from b where b.x = y))", ["read:b", "write:a"]],
  ])("%s", (sql, expected) => {
    expect(relations(sql)).toEqual(expected);
  });
});

describe("values that a column is compared with", () => {
  const values = (sql: string): unknown => {
    const { literals, columns } = facts(sql);
    return columns
      .filter(({ use }) => use === "equality")
      .flatMap((column) => column.values ?? [])
      .map((value) => {
        if ("param" in value) return value;
        const span = literals[value.literal];
        return span && sql.slice(span.start, span.end);
      });
  };

  it.each([
    ["select 'x' from c where ssn = '1' and 5 = id", ["'1'", "5"]],
    ["select 1 from c where ssn in ('é', $2, 'b'::text)", ["'é'", { param: 2 }, "'b'"]],
    [
      "select 1 from c where ssn = any($1) or ssn = any(array[$2, 'a'])",
      [{ param: 1, list: true }, { param: 2 }, "'a'"],
    ],
    ["select 1 from c where ssn = lower('A') or ssn = any('{a,b}')", []],
    ["select name from c where id = 7", ["7"]],
    ["select name from c where id = 123456", ["123456"]],
  ])("%s", (sql, expected) => expect(values(sql)).toEqual(expected));
});

describe("column uses", () => {
  it.each([
    ["select id from c where ssn = '1'", ["id:output", "ssn:equality1"]],
    ["select 1 from c where ssn in ('1', '2', $1)", ["ssn:equality3"]],
    ["select 1 from c where ssn = any('{a,b,c}')", ["ssn:equality3"]],
    ["select 1 from c where ssn = any(array['a', 'b'])", ["ssn:equality2"]],
    ["select 1 from c where (ssn, id) in (('a', 1), ('b', 2))", ["id:equality2", "ssn:equality2"]],
    ["select 1 from c where ssn::text = lower('A')", ["ssn:equality1"]],
    ["select 1 from c where lower(ssn) = 'a'", ["ssn:expression"]],
    ["select 1 from c where ssn like 'a%' or ssn > 'b' or ssn is null or ssn between 'a' and 'b'", ["ssn:pattern"]],
    ["select 1 from c where ssn not in ('a')", ["ssn:pattern"]],
    ["select 1 from c join o on c.id = o.cid", ["cid:join", "id:join"]],
    ["select 1 from c join o using (ssn)", ["ssn:join"]],
    ["select 1 from c natural join o", ["*:join"]],
    ["select 1 from c where ssn in (select ssn from d)", ["ssn:join", "ssn:output"]],
    ["select id from c order by ssn", ["id:output", "ssn:order"]],
    ["select ssn as x from c order by x", ["ssn:order", "ssn:output"]],
    ["select id, ssn from c order by 2", ["id:output", "ssn:order", "ssn:output"]],
    ["select count(*) from c group by left(email, 1)", ["email:group"]],
    ["select ssn, count(*) from c group by 1", ["ssn:group", "ssn:output"]],
    ["select distinct ssn from c", ["ssn:group", "ssn:output"]],
    ["select 1 from c having max(ssn) > 'a'", ["ssn:expression"]],
    ["select case when ssn = 'a' then id end from c", ["id:output", "ssn:asking"]],
    ["select rank() over (order by ssn) from c", ["ssn:order"]],
    ["select count(*) filter (where ssn = 'a') from c", ["ssn:asking"]],
    ["select ssn from c intersect select 'a'", ["ssn:expression", "ssn:output"]],
    ["select 1 from g limit (select ascii(ssn) from c)", ["ssn:expression"]],
    ["select 1 from c where id <= (select length(ssn) from c)", ["id:expression", "ssn:expression"]],
    ["select 1 from (select ssn as s from c) x where x.s = 'a'", ["ssn:equality1", "ssn:output"]],
    ["select 1 from (select lower(ssn) as s from c) x where s = 'a'", ["ssn:expression", "ssn:output"]],
    ["with x(s) as (select ssn from c) select 1 from x order by s", ["ssn:order", "ssn:output"]],
    ["select v.x from (values ('a'), ('b')) v(x) join c on c.ssn = v.x", ["ssn:equality2", "ssn:expression"]],
    ["select 1 from unnest(array['a', 'b']) x join c on c.ssn = x", ["ssn:equality2", "ssn:expression"]],
    ["select 1 from c where ssn in (values ('a'), ('b'))", ["ssn:equality2", "ssn:expression"]],
    ["select set_config('a', ssn, true) from c", ["ssn:asking", "ssn:write-source"]],
    ["insert into t (a) select ssn from c", ["ssn:write-source"]],
    ["update c set country = ssn where id = 1", ["id:equality1", "ssn:write-source"]],
    ["insert into c (id, ssn) values (1, 'a') on conflict (id) do update set ssn = excluded.ssn", []],
    ["create view v as select ssn from c", ["ssn:write-source"]],
    ["copy c (ssn) to stdout", ["ssn:output"]],
    ["explain select 1 from c where ssn < 'a'", ["ssn:pattern"]],
    ["create table t (a int check (a > 0))", ["a:expression"]],
  ])("%s", (sql, expected) => {
    expect(uses(sql)).toEqual(expected);
  });

  it.each([
    ["select 1 from c join d on c.email = d.mail", { email: ["mail"], mail: ["email"] }],
    ["select 1 from c where email in (select mail from d)", { email: ["mail"], mail: ["email"] }],
    ["select 1 from c join d using (email)", { email: ["email"] }],
  ])("a join names its partners: %s", (sql, expected) => {
    const joins = facts(sql).columns.filter((use) => use.use === "join");
    expect(Object.fromEntries(joins.map((use) => [use.name, use.partners]))).toEqual(expected);
  });

  it("keeps the qualifier", () => {
    expect(facts("select c.ssn from customers c").columns).toEqual([{ name: "ssn", qualifier: "c", use: "output" }]);
  });
});

describe("outputs", () => {
  it.each([
    [
      "select count(*), o.total*2, lower(c.email) from orders o join customers c on true",
      ["count=", "?column?=total", "lower=email"],
    ],
    ["select email e from c", ["e!=email"]],
    ["select e from (select email e from c) x", ["e!=email"]],
    ["with x as (select lower(email) em, id from c) select * from x", ["em=email", "id!=id"]],
    ["with x as (select * from c) select email from x", ["email!=email"]],
    ["select * from c", ["*!=?"]],
    ["select id, c.* from c", ["id!=id", "*!=?"]],
    ["select em from (select *, lower(email) em from c) x", ["em=email"]],
    ["select em from (select * from (select *, lower(email) em from c) x) y", ["em=email"]],
    ["select c from customers c", ["c=?"]],
    ["select c.to_jsonb from customers c", ["to_jsonb=?"]],
    ["select (c).email from customers c", ["email=?"]],
    ["select email from x(1)", ["email=?"]],
    ["select my_function(1)", ["my_function=?"]],
    ["select public.lower(id) from c", ["lower=?"]],
    ["select a operator(public.+) b from c", ["?column?=?"]],
    ["select now(), version(), current_user, 1, $1", ["now=", "version=", "current_user=", "?column?=", "?column?="]],
    ["select (select max(x) from d where y = 1)", ["max=x,y"]],
    ["select exists (select 1 from c where ssn = 'a')", ["exists=ssn"]],
    ["select rank() over w from c window w as (order by ssn)", ["rank=ssn"]],
    ["select email from c union all select name from d", ["email=email,name"]],
    [
      "with recursive r(a, b, n) as (select 1, email, 1 from c union all select b, a, n + 1 from r) select n, a from r",
      ["n=", "a=email"],
    ],
    ["insert into c (a) values (1) returning id, lower(email)", ["id!=id", "lower=email"]],
    ["update c set a = 1 returning old.email, new.*", ["email!=email", "*!=?"]],
    ["prepare p as select ssn from c", ["ssn!=ssn"]],
    ["copy (select lower(email) from c) to stdout", ["lower=email"]],
    ["select x.a from customers x(a, b)", ["a=?"]],
    ["select k.email from (a join b using (id)) as k", ["email!=email"]],
    ["select a from json_table(j, '$' columns (a int path '$.a'))", ["a=j"]],
  ])("%s", (sql, expected) => {
    expect(outputs(sql)).toEqual(expected);
  });
});

describe("writes", () => {
  it("names target columns, literals and the columns that flow into each", () => {
    expect(facts("update c set country = email, x = 'a', y = $2").writes).toEqual([
      {
        relation: { name: "c" },
        kind: "UPDATE",
        columns: ["country", "x", "y"],
        carriesColumns: true,
        values: [
          { column: "x", literal: "a" },
          { column: "y", param: 2 },
        ],
        sources: [{ column: "country", columns: ["email"], plain: true }],
      },
    ]);
  });

  it("an upsert of literals carries nothing", () => {
    const sql = "insert into c (id, email) values (1, $1) on conflict (id) do update set email = excluded.email";
    expect(facts(sql).writes.map((w) => [w.kind, w.columns.join(), w.carriesColumns])).toEqual([
      ["INSERT", "id,email", false],
      ["UPDATE", "email", false],
    ]);
  });

  it("INSERT ... SELECT * carries unknown columns", () => {
    expect(facts("insert into h select * from c").writes[0]).toMatchObject({
      carriesColumns: true,
      sources: [{ columns: "unknown" }],
    });
  });
});

describe("one fact each", () => {
  it.each([
    ["set local role x", { set: { name: "role", value: "x", scope: "local" } }],
    ["set session authorization default", { set: { name: "session_authorization", scope: "reset" } }],
    ["set names 'SJIS'", { set: { name: "client_encoding", value: "SJIS", scope: "session" } }],
    ["SHOW ALL", { set: { name: "*", scope: "show", all: true }, returnsRows: true }],
    ["discard all", { set: { name: "*", scope: "reset", all: true } }],
    ["reset Statement_Timeout", { set: { name: "statement_timeout", scope: "reset" } }],
    ["set search_path = a, b", { set: { name: "search_path", value: "a, b", scope: "session" } }],
    ["prepare p (int) as select $1", { prepared: "p", preparedSql: "select $1", params: 1 }],
    ["execute p (1)", { prepared: "p", returnsRows: true }],
    ["deallocate all", { prepared: "*" }],
    ["close all", { cursor: "*" }],
    ["fetch 3 from c", { cursor: "c", returnsRows: true }],
    ["explain (analyze off) select 1", { explain: { analyze: false } }],
    ["explain (analyze, verbose) select 1", { explain: { analyze: true } }],
    ["explain analyze execute p", { explain: { analyze: true }, prepared: "p" }],
    ["commit prepared 'x'", { transaction: "commit-prepared" }],
    ["notify ch, 'x'", { channel: "ch" }],
    ["select 1 from a limit 20", { limit: 20, returnsRows: true }],
    ["create table s.t as select 1", { into: { schema: "s", name: "t" }, returnsRows: false }],
    ["do $$ begin end $$", { hasBody: true }],
    ["select a::my.t, b::text[], 'x'::citext from c", { types: [{ schema: "my", name: "t" }, { name: "citext" }] }],
    ["select a operator(my.+) b, a + b from c", { operators: [{ schema: "my", name: "+" }] }],
    [
      "select pg_notify('a', x) from c",
      { dangerous: [{ name: "pg_notify", category: "notify", dataArguments: true }] },
    ],
    [
      "select * from dblink('x', 'y') as t(a int)",
      { dangerous: [{ name: "dblink", category: "egress", dataArguments: false }] },
    ],
    ["call pg_catalog.pg_sleep(1)", { dangerous: [{ name: "pg_sleep", category: "delay", dataArguments: false }] }],
  ])("%s", (sql, expected) => {
    expect(facts(sql)).toMatchObject(expected);
  });

  it("COPY: options, inner query and tail", () => {
    const sql =
      "COPY (select ')' , (a) from t) TO STDOUT WITH (FORMAT csv, DELIMITER ';', HEADER match, FORCE_QUOTE *, FORCE_NULL (a, b))";
    expect(facts(sql).copy).toEqual({
      direction: "to",
      source: "query",
      endpoint: "stdout",
      format: "csv",
      options: { delimiter: ";", header: "match", forceQuote: "*", forceNull: ["a", "b"], other: [] },
      innerSql: "select ')' , (a) from t",
      tail: "TO STDOUT WITH (FORMAT csv, DELIMITER ';', HEADER match, FORCE_QUOTE *, FORCE_NULL (a, b))",
    });
    expect(facts("copy t (a, b) from stdin csv header").copy).toMatchObject({
      direction: "from",
      endpoint: "stdin",
      columns: ["a", "b"],
      options: { header: true },
      tail: "from stdin csv header",
    });
    expect(facts("copy t to stdout (on_error ignore)").copy?.options.other).toEqual(["on_error"]);
  });
});
