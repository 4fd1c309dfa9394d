import { connect } from "node:net";
import { type PostgresServer, postgresVersions, startPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCatalog } from "../src/catalog/load-catalog.ts";
import { type ConnectedTarget, connectTarget } from "../src/connect-target/connect-target.ts";
import { DerivedKeyCache } from "../src/scram/derived-key-cache.ts";
import { queryTarget } from "./query-target.ts";

describe.each(postgresVersions)("the catalog of PostgreSQL %s", (version) => {
  let server: PostgresServer;
  let reader: ConnectedTarget;
  let writer: ConnectedTarget;
  const open = () =>
    connectTarget(connect({ host: server.host, port: server.port }), {
      user: server.superuser,
      database: "postgres",
      parameters: new Map(),
      tls: { mode: "disable" },
      allowCleartext: false,
      keys: new DerivedKeyCache(),
    });
  beforeAll(async () => {
    server = await startPostgres({ version });
    await server.sql(`create table t(id int, email text);
      create view busy as select id from t;
      create view free as select 1 as one;
      create function of_row(r t, n int default 1) returns text language sql as 'select r.email';
      create function of_number(n int) returns int language sql as 'select n'`);
    [reader, writer] = await Promise.all([open(), open()]);
  }, 60_000);
  afterAll(async () => {
    reader.stream.destroy();
    writer.stream.destroy();
    await server.stop();
  });

  it("does not wait for a transaction that changes a view: that one has no definition", async () => {
    await queryTarget(writer.stream, "begin; create or replace view busy as select id, email from t");
    const { columns, views } = await loadCatalog(reader.stream);
    const oidOf = (name: string) => columns.find(({ relation }) => relation === name)?.oid ?? 0;
    expect(views.get(oidOf("busy"))).toBe("");
    expect(views.get(oidOf("free"))).toContain("AS one");
    await queryTarget(writer.stream, "rollback");
    expect((await loadCatalog(reader.stream)).views.get(oidOf("busy"))).toContain("FROM public.t");
  });

  it("knows functions that can be written like a column", async () => {
    const { functions, rowFunctions } = (await loadCatalog(reader.stream)).code;
    expect(functions.filter(({ oid }) => rowFunctions.has(oid)).map(({ name }) => name)).toEqual(["of_row"]);
  });
});
