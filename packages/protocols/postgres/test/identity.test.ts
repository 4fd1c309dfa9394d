import { connect } from "node:net";
import { type PostgresServer, postgresVersions, startPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identify } from "../src/catalog/identity.ts";
import { type ConnectedTarget, connectTarget } from "../src/connect-target/connect-target.ts";
import { DerivedKeyCache } from "../src/scram/derived-key-cache.ts";

describe.each(postgresVersions)("who PostgreSQL %s says it is", (version) => {
  let server: PostgresServer;
  let own: ConnectedTarget;
  const open = (parameters: readonly (readonly [string, string])[] = []) =>
    connectTarget(connect({ host: server.host, port: server.port }), {
      user: "plain",
      database: "postgres",
      parameters: new Map(parameters),
      tls: { mode: "disable" },
      allowCleartext: false,
      keys: new DerivedKeyCache(),
    });
  beforeAll(async () => {
    server = await startPostgres({ version });
    await server.sql(`create role plain login; create table t (id int, a text); create table p (id int);
      create view v as select id from t; create function f() returns int language sql as 'select 1'`);
    own = await open();
  }, 60_000);
  afterAll(async () => {
    own?.stream.destroy();
    await server.stop();
  });
  const stamp = async () => (await identify(own.stream)).stamp;

  it("tells any role its identifier and the database", async () => {
    const [row] = await server.sql(
      "select system_identifier::text as id, (select oid::int from pg_database where datname = 'postgres') as oid from pg_control_system()",
    );
    expect(await identify(own.stream)).toMatchObject({
      systemId: row?.id,
      databaseOid: row?.oid,
      database: "postgres",
    });
  });

  it("says nothing of it where that is taken away, and all the rest", async () => {
    await server.sql("revoke execute on function pg_control_system() from public");
    expect(await identify(own.stream)).toMatchObject({ systemId: "", database: "postgres" });
    await server.sql("grant execute on function pg_control_system() to public");
  });

  it.each([
    "alter table t rename column a to b",
    "alter table t add column c text",
    "alter table t alter column c type int using null",
    "alter table t drop column c",
    "create or replace view v as select id, b from t",
    "alter table t inherit p",
    "create table made (id int)",
    "alter table made rename to other",
    "alter schema public rename to shop",
    "alter schema shop rename to public",
    "drop table other",
    "create or replace function f() returns int language sql as 'select 2'",
    "create type mood as enum ('glad')",
  ])("gives another stamp after %s", async (sql) => {
    const before = await stamp();
    await server.sql(sql);
    expect(await stamp()).not.toBe(before);
    expect(await stamp()).toBe(await stamp());
  });

  it("gives the same stamp after what no label depends on", async () => {
    const before = await stamp();
    for (const sql of ["create temp table gone (id int)", "insert into t values (1)", "analyze", "vacuum t"])
      await server.sql(sql);
    await server.sql("create index on t (id)");
    expect(await stamp()).toBe(before);
  });

  it("is not deceived by operators and types of the role that asks", async () => {
    const before = await stamp();
    await server.sql(`create schema evil authorization plain; set role plain;
      create function evil.no(oid, oid) returns bool language sql as 'select false';
      create operator evil.= (function = evil.no, leftarg = oid, rightarg = oid);
      create function evil.count() returns int language sql as 'select 0'`);
    const misled = await open([["options", "-c search_path=evil,pg_catalog"]]);
    const found = await identify(misled.stream);
    misled.stream.destroy();
    expect(found.stamp).toBe(await stamp());
    expect(found.stamp).not.toBe(before);
  });
});
