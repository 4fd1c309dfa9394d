import { decodeBackend } from "@tidewaiter/postgres/decode-backend";
import { encodeFrontend } from "@tidewaiter/postgres/encode-frontend";
import type { FrontendMessage } from "@tidewaiter/postgres/messages";
import {
  eventually,
  findPostgres,
  type PostgresServer,
  postgresVersions,
  skipUnless,
  startPostgres,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../gateway-harness.ts";
import { job } from "../wire/principals.ts";
import { startTap, type Tap } from "../wire/tap.ts";
import { errorIn, fieldsOf, types } from "../wire/transcript.ts";
import {
  bind,
  describePortal,
  describeStatement,
  execute,
  extended,
  flush,
  parse,
  query,
  sync,
  typeOf,
  WireClient,
} from "../wire/wire-client.ts";

/** Where policy is silent a client cannot tell the gateway from the target: every byte in both directions is the same. */

const SIMPLE = [
  "select 1",
  "",
  " ; ;; ",
  "-- only a comment",
  "select 1; select 2",
  "select 1;; select 'zwei' as \"Zahl\";",
  "select",
  "select null::int, ''::text, 'größer 🚢'::text",
  "select * from goods order by id",
  "select g, g.* from goods g where id = 1",
  "select count(*), min(price), max(weight) from goods",
  "select array[1,2,null], row(1,'a'), '[1,5)'::int4range, '{\"a\": [1]}'::jsonb, interval '1 mon 2 days'",
  "table goods; values (1, 'x'), (2, 'y')",
  "insert into goods (id, name) values (10, 'rope'), (11, 'tar') returning id, name",
  "update goods set price = price * 2 where id = 1",
  "delete from goods where id in (10, 11)",
  "with gone as (delete from goods where id = 99 returning *) select * from gone",
  "create temp table hold (cargo text) on commit preserve rows",
  "insert into hold select 'bale ' || n from generate_series(1, 300) n",
  "select * from hold",
  "begin; insert into hold values ('x'); rollback",
  "begin isolation level serializable, read only; select 1; commit",
  "commit",
  "select 1; select 1/0; select 2",
  "insert into hold values ('implicit'); select 1/0",
  "select count(*) from hold",
  "begin; select 1/0",
  "select 1",
  "savepoint s",
  "rollback; select 'again'",
  "begin",
  "savepoint a; insert into hold values ('y'); rollback to a; release a",
  "select nothing from nowhere",
  "end",
  "do $$ begin raise notice 'from a block: %', 42; raise warning 'and a warning'; end $$",
  "declare c cursor with hold for select * from generate_series(1, 5)",
  "fetch 2 from c; move 1 in c; fetch all in c; close c",
  "prepare p (int) as select $1 + 1",
  "execute p(41); deallocate p",
  "set application_name = 'renamed'; show application_name; reset application_name",
  "set timezone = 'Asia/Tokyo'; set datestyle = 'German'; reset all",
  "explain (costs off) select * from goods where id = 1",
  "select pg_catalog.set_config('work_mem', '8MB', false)",
  "copy goods (id, name) to stdout",
  "copy (select * from goods order by id) to stdout (format csv, header)",
  "vacuum goods",
  "discard all",
] as const;

const EXTENDED: Readonly<Record<string, readonly FrontendMessage[]>> = {
  "an empty statement": [...extended("")],
  parameters: extended("select $1::text, $2::int", ["ä", null]),
  "binary results": [
    parse("select 1, 'a', 1.5::numeric, now() > '2000-01-01'"),
    bind({ formats: [1] }),
    describePortal(),
    execute(),
  ],
  "a portal in pieces": [
    parse("select * from generate_series(1, 7)"),
    bind({ portal: "p" }),
    execute(3, "p"),
    execute(3, "p"),
    execute(3, "p"),
    execute(3, "p"),
  ],
  "a named statement": [
    parse("select $1::int", "s"),
    describeStatement("s"),
    bind({ statement: "s", values: ["1"] }),
    execute(),
    bind({ statement: "s", values: ["2"] }),
    describePortal(),
    execute(),
  ],
  "the named statement again, closed, and closed again": [
    bind({ statement: "s", values: ["3"] }),
    execute(),
    { name: "Close", target: "statement", of: "s" },
    { name: "Close", target: "statement", of: "s" },
    { name: "Close", target: "portal", of: "unknown" },
  ],
  "a statement that is gone": [bind({ statement: "s", values: ["3"] }), execute(), ...extended("select 1")],
  "a wrong parameter": [...extended("select $1::int", ["no number"]), ...extended("select 1")],
  "too few parameters": [parse("select $1::int"), bind(), execute()],
  "an unknown portal": [execute(0, "nowhere"), ...extended("select 1")],
  "a statement of two": [parse("select 1; select 2"), bind(), execute()],
  "only Sync": [],
  "writes in one implicit transaction": [
    ...extended("create temp table w (i int)"),
    ...extended("insert into w values (1)"),
    ...extended("select * from w"),
  ],
};

for (const version of postgresVersions) {
  const found = await findPostgres(version);
  skipUnless(found.available, `PostgreSQL ${version}`).describe(`unchanged against PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let tap: Tap;
    let harness: Harness;
    beforeAll(async () => {
      server = await startPostgres({
        version,
        sql: ["create table goods (id int primary key, name text, price numeric, weight float8)"],
      });
      tap = await startTap(server);
      harness = await startHarness({ target: tap, database: "postgres", policies: [], principals: [job] });
    });
    afterAll(async () => {
      await harness?.[Symbol.asyncDispose]();
      await tap?.[Symbol.asyncDispose]();
      await server?.stop();
    });
    const parameters = new Map([["application_name", "a test"]]);
    const direct = () =>
      WireClient.connect({
        port: server.port,
        user: "postgres",
        database: "postgres",
        parameters: new Map([["application_name", "a test (job)"]]),
      });
    const through = () =>
      WireClient.connect({
        port: harness.port,
        user: "job",
        password: harness.secret,
        database: "prod-db",
        parameters,
      });

    async function play(
      one: WireClient,
      batches: readonly (readonly FrontendMessage[])[],
    ): Promise<{ sent: Buffer; got: Buffer[] }> {
      await server.sql(
        "truncate goods; insert into goods values (1, 'tea', 10.50, 1.5), (2, 'silk', 99, 0.25), (3, 'salt', null, 'NaN')",
      );
      const sent: Buffer[] = [];
      const got: Buffer[] = [];
      for (const messages of batches) {
        sent.push(one.send(...messages));
        got.push(...(await one.until("Z")));
      }
      return { sent: Buffer.concat(sent), got };
    }

    /** The same answers as without a gateway, and no byte more, less or other than what passed between gateway and server. */
    async function same(batches: readonly (readonly FrontendMessage[])[]): Promise<void> {
      await using native = await direct();
      const { got: expected } = await play(native, batches);
      await using client = await through();
      const connection = tap.connections.at(-1);
      const { sent, got } = await play(client, batches);
      expect(got.map(text)).toEqual(expected.map(text));
      expect(endsWith(connection?.toTarget, sent)).toBe(true);
      expect(endsWith(connection?.fromTarget, Buffer.concat(got))).toBe(true);
    }

    it(`${SIMPLE.length} simple strings, one after the other`, () => same(SIMPLE.map((sql) => [query(sql)])));

    for (const [name, messages] of Object.entries(EXTENDED))
      if (name !== "the named statement again, closed, and closed again" && name !== "a statement that is gone")
        it(`extended: ${name}`, () => same([[...messages, sync]]));

    it("extended: all of them on one connection", () =>
      same(Object.values(EXTENDED).map((messages) => [...messages, sync])));

    it("Flush without Sync brings the answers so far", async () => {
      await using native = await direct();
      await using client = await through();
      for (const one of [native, client]) one.send(...extended("select 1"), flush);
      const answers = await Promise.all([native.until("C"), client.until("C")]);
      expect(answers[1].map(text)).toEqual(answers[0].map(text));
      for (const one of [native, client]) one.send(...extended("select 2"), sync);
      expect((await client.until("Z")).map(text)).toEqual((await native.until("Z")).map(text));
    });

    it("functions called by their numbers: one that does not exist, one with a value, one without", async () => {
      await using native = await direct();
      await using client = await through();
      // pg_backend_pid() is 2026 in every version, pg_stat_reset() 2274
      for (const [oid, answers] of [
        [1, "E Z"],
        [2026, "V Z"],
        [2274, "V Z"],
      ] as const) {
        const [expected, got] = [await callFunction(native, oid), await callFunction(client, oid)];
        expect([types(expected), types(got)]).toEqual([answers, answers]);
        if (oid !== 2026) expect(got.map(text)).toEqual(expected.map(text));
      }
    });

    const WRONG = [
      "selec 1",
      "select * frm goods",
      "select 'open",
      "select 1 +",
      "select ((1)",
      "insert into goods values (1,",
      "select 'ä', 1 1 1",
      "\n\n  select * from goods where where",
      "select $1 1 x y",
      'select "unclosed',
      "/* open",
      "begin; selec 1; commit",
      "select 1; frob",
      "create table",
      ")",
    ];
    for (const sql of WRONG) {
      it(`a syntax error is the server's own: ${JSON.stringify(sql)}`, async () => {
        await using native = await direct();
        await using client = await through();
        for (const messages of [
          [query(sql)],
          [...extended(sql), sync],
          [query("begin"), query(sql), query("rollback")],
        ]) {
          const ready = messages.length === 3 ? 3 : 1;
          native.send(...messages);
          client.send(...messages);
          const [expected, got] = [await native.until("Z", ready), await client.until("Z", ready)];
          expect(types(got)).toBe(types(expected));
          expect(errorIn(got)).toEqual(errorIn(expected));
        }
      });
    }

    it("parameters of the start reach the target, with the principal appended to application_name", async () => {
      await using client = await WireClient.connect({
        port: harness.port,
        user: "job",
        password: harness.secret,
        database: "prod-db",
        parameters: new Map([
          ["application_name", "psql"],
          ["options", "-c search_path=pg_catalog -c work_mem=5MB"],
          ["datestyle", "German"],
        ]),
      });
      client.send(
        query(
          "select current_setting('application_name'), current_setting('search_path'), current_setting('work_mem'), current_setting('datestyle'), current_setting('tidewaiter.principal')",
        ),
      );
      const row = (await client.until("Z")).find((message) => typeOf(message) === "D")?.toString("utf8") ?? "";
      for (const value of ["psql (job)", "pg_catalog", "5MB", "German, DMY", "job"]) expect(row).toContain(value);
    });

    it("the recording holds each operation once, finished", async () => {
      const before = harness.events.length;
      await using client = await through();
      client.send(query("select 1; select 2"), ...extended("select 3"), ...extended("select 1/0"), sync);
      await client.until("Z", 2);
      const finished = await eventually(() => {
        const ends = harness.events.slice(before).filter((event) => event.type === "operation_finished");
        return ends.length >= 3 && ends;
      });
      expect(finished.map(({ result, tag, rows }) => ({ result, tag, rows }))).toEqual([
        { result: "completed", tag: "SELECT 1", rows: 2 },
        { result: "completed", tag: "SELECT 1", rows: 1 },
        { result: "error", tag: "22012", rows: 0 },
      ]);
    });
  });
}

/** Byte for byte, but for the OID of a table in RowDescription: each connection has temporary tables of its own. */
function text(message: Buffer): string {
  if (typeOf(message) === "E") return JSON.stringify(fieldsOf(message));
  if (typeOf(message) !== "T") return message.toString("latin1");
  const decoded = decodeBackend({ buffer: message, start: 0, end: message.length, type: message[0] ?? 0 });
  if (decoded.name !== "RowDescription") throw new Error(`this is ${decoded.name}`);
  return JSON.stringify(decoded.fields.map((field) => ({ ...field, tableOid: field.tableOid === 0 ? 0 : "a table" })));
}

function endsWith(all: Buffer | undefined, tail: Buffer): boolean {
  return all !== undefined && tail.length > 0 && all.subarray(-tail.length).equals(tail);
}

async function callFunction(client: WireClient, functionOid: number): Promise<Buffer[]> {
  client.send(
    encodeFrontend({
      name: "FunctionCall",
      functionOid,
      argumentFormats: [],
      arguments: { buffer: Buffer.alloc(0), offset: 0, count: 0 },
      resultFormat: 0,
    }),
  );
  return client.until("Z");
}
