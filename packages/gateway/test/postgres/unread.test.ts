import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFrontend } from "@tidewaiter/postgres/encode-frontend";
import type { FrontendMessage } from "@tidewaiter/postgres/messages";
import type { CommandResult } from "@tidewaiter/testkit";
import { findPostgres, hasCommand, postgresVersions, skipUnless, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { errorIn, fieldsOf, rowsIn, types } from "../wire/transcript.ts";
import { extended, parse, query, sync, typeOf } from "../wire/wire-client.ts";
import { CUSTOMERS, type Fixture, MASKS, startFixture } from "./labelled.ts";

/**
 * What the gateway cannot read is the server's to judge as long as no policy has anything to say: the real psql sees the same
 * bytes. Each of these was a difference that PostgreSQL's own regression suite found.
 */
const SCRIPTS: Readonly<Record<string, string | Buffer>> = {
  "syntax errors have the server's own words, hints and positions": String.raw`
    select U&'wrong: \061';
    drop operator === (int4);
    create table p (a int) partition by magic (a);
    select * from pg_class fetch first 2 row with ties;
    alter table pg_class alter constraint x not valid;
    select 1; selec 2; select 3;
    \gdesc
    selec 1 \gdesc`,
  "backslashes without standard_conforming_strings": String.raw`
    set standard_conforming_strings = off;
    select 'a\\bcd', 'a\'b';
    select U&'d\0061t';
    begin;
    select 'x\\y';
    rollback;
    copy (select 'a\\b') to stdout;
    reset standard_conforming_strings;
    select 'a\bcd';`,
  "bytes of another encoding": Buffer.from(
    `set client_encoding = 'latin1';
    select 'größe', length('größe'), E'\\\\';
    prepare "größe" as select 1;
    execute "größe";
    select 'bytes that are no UTF-8, as UTF-8' \\encoding utf8
    select 'größe';`,
    "latin1",
  ),
  "more than a quarter of a megabyte": `
    select length('${"x".repeat(300_000)}');
    select ${Array.from({ length: 60_000 }, (_, n) => n).join("+")};
    select ${"(".repeat(3_000)}1${")".repeat(3_000)};`,
  "an error with a call stack of a hundred kilobytes": String.raw`
    create function deep() returns int as 'select deep()' language sql;
    \set VERBOSITY sqlstate
    select deep();
    \echo :LAST_ERROR_MESSAGE
    drop function deep();`,
  "a result of 1600 columns with long names": `
    \\t
    \\a
    select ${Array.from({ length: 1_600 }, (_, n) => `${n} as ${"c".repeat(55)}_${n}`).join(", ")};`,
  "names that code prepared": `
    create function prepares() returns void as $$ begin execute 'prepare unseen as select 42'; end $$ language plpgsql;
    select prepares();
    do $$ begin execute 'declare held cursor with hold for select 43'; end $$;
    execute unseen;
    fetch held;
    drop function prepares();`,
};

/** Each of them gets a hint, a detail or a position, or none, by the release of the server. */
const WRONG = [
  "selec 1",
  "select 'ä' 1 1",
  "select U&'wrong: \\061'",
  "drop operator === (int4)",
  "select * from pg_class fetch first 2 row with ties",
  "select 1; frob",
] as const;

for (const version of postgresVersions) {
  const found = await findPostgres(version);
  const needs = skipUnless(found.available && hasCommand("psql"), `psql and PostgreSQL ${version}`);
  needs.describe(`without a policy, PostgreSQL ${version}`, () => {
    let fixture: Fixture;
    beforeAll(async () => {
      fixture = await startFixture({ version });
    });
    afterAll(() => fixture?.[Symbol.asyncDispose]());
    const run = async (input: string | Buffer): Promise<readonly CommandResult[]> => [
      // without a password libpq looks for a file of them, and remarks on it
      await fixture.psqlDirect(["-a"], { input, password: "unused" }),
      await fixture.psql(["-a"], { input, user: "job" }),
    ];

    for (const [name, script] of Object.entries(SCRIPTS)) {
      it(name, async () => {
        const [direct, through] = await run(script);
        expect(through?.stderr).toBe(direct?.stderr);
        expect(through?.stdout).toBe(direct?.stdout);
      });
    }

    it("large objects come and go by the fast path", async () => {
      await using folder = tempDir("lo");
      const [source, copy] = [join(folder.path, "in"), join(folder.path, "out")];
      writeFileSync(source, "a barrel of tar");
      // the number of a large object is new each time
      const script = `\\set QUIET on
        \\lo_import ${source}
        \\lo_export :LASTOID ${copy}
        \\! cat ${copy}
        \\lo_unlink :LASTOID
        \\lo_unlink 1`;
      const [direct, through] = await run(script);
      expect(through?.stdout).toContain("a barrel of tar");
      expect(through?.stdout).toBe(direct?.stdout);
      expect(through?.stderr).toBe(direct?.stderr);
    });

    it("with a policy syntax errors are the server's own all the same", async () => {
      await using own = await startFixture({ version, sql: CUSTOMERS, policy: MASKS });
      for (const sql of WRONG) {
        await using native = await own.direct();
        await using client = await own.wire();
        const batches: readonly (readonly [number, readonly FrontendMessage[]])[] = [
          [1, [query(sql)]],
          [1, [...extended(sql), sync]],
          [5, [query("begin"), query("select 1"), query(sql), query(sql), query("rollback")]],
          [4, [query("begin"), query("select 1/0"), query(sql), query("rollback")]],
          [2, [...extended("select 1"), ...extended(sql), ...extended("select 2"), sync, query("select 3")]],
          // after an error the server skips even a Query
          [1, [...extended("select 1/0"), query(sql), sync]],
        ];
        for (const [ends, messages] of batches) {
          native.send(...messages);
          client.send(...messages);
          const [expected, got] = [await native.until("Z", ends), await client.until("Z", ends)];
          expect(types(got)).toBe(types(expected));
          const errors = (all: readonly Buffer[]) => all.filter((one) => typeOf(one) === "E").map(fieldsOf);
          expect(errors(got)).toEqual(errors(expected));
        }
      }
    });

    it("with a policy what the server can read and the gateway cannot is refused", async () => {
      await using own = await startFixture({ version, sql: CUSTOMERS, policy: MASKS });
      await using client = await own.wire();
      // from PostgreSQL 16 on the grammar itself refuses it, before it is a command of the server's
      const magic = "create table p (a int) partition by magic (a)";
      client.send(query(magic), ...extended(magic), sync);
      const codes = (await client.until("Z", 2)).filter((one) => typeOf(one) === "E").map((one) => fieldsOf(one).code);
      expect(codes).toEqual(version === "15" ? ["42501", "42501"] : ["22023", "22023"]);
    });

    it("a syntax error behind a batch without Sync, where the server cannot be asked, is answered all the same", async () => {
      await using own = await startFixture({ version, sql: CUSTOMERS, policy: MASKS });
      await using client = await own.wire();
      client.send(parse("select 1"), query("selec 1"));
      const answer = await client.until("Z");
      expect(types(answer)).toBe("1 E Z");
      expect(errorIn(answer)).toMatchObject({ code: "42601", position: "1" });
    });

    it("a result is described whole before it is masked, however long its names are", async () => {
      const columns = Array.from({ length: 1_599 }, (_, n) => `${"c".repeat(55)}_${n} int default ${n}`);
      await using own = await startFixture({
        version,
        policy: MASKS,
        sql: [
          "create schema wide",
          `create table wide.customers (${columns.join(", ")}, email text)`,
          "insert into wide.customers (email) values ('ann@example.com')",
        ],
      });
      await using client = await own.wire();
      client.send(query("select * from wide.customers"));
      const [row] = rowsIn(await client.until("Z"));
      expect(row?.length).toBe(1_600);
      expect([row?.[1_598], row?.[1_599]]).toEqual(["1598", "***@example.com"]);
    });

    it("what passed unread is recorded as that, sealed", async () => {
      await using client = await fixture.wire();
      await client.query("alter role job password 'hidden' frobnicate");
      const recorded = fixture.harness.events.findLast((event) => event.type === "operation");
      expect(recorded).toMatchObject({ kind: "UNKNOWN (syntax)", outcome: "allow" });
      expect(recorded?.type === "operation" && recorded.text).not.toContain("hidden");
    });

    it("what may be about the identity of the person is read all the same", async () => {
      await using client = await fixture.wire();
      await client.query("set standard_conforming_strings = off");
      client.send(query("set tidewaiter.principal = 'a\\\\b'"), query("show tidewaiter.principal"));
      const answer = await client.until("Z", 2);
      expect(errorIn(answer).code).toBe("42501");
      expect(rowsIn(answer)).toEqual([["job"]]);
    });

    it("a policy that comes is felt by what was prepared unread before", async () => {
      await using own = await startFixture({ version, sql: CUSTOMERS });
      await using client = await own.wire();
      await client.query("set standard_conforming_strings = off");
      client.send(
        {
          name: "Parse",
          statement: "s",
          sql: "select email, 'x\\\\y' from customers",
          exact: true,
          parameterTypes: [],
        },
        { name: "Sync" },
      );
      // a warning about the backslash
      expect(types(await client.until("Z"))).toBe("N 1 Z");
      await own.harness.setPolicies([{ name: "policy.yaml", source: MASKS }]);
      const call = encodeFrontend({
        name: "FunctionCall",
        functionOid: 2026,
        argumentFormats: [],
        arguments: { buffer: Buffer.alloc(0), offset: 0, count: 0 },
        resultFormat: 0,
      });
      client.send({
        name: "Bind",
        portal: "",
        statement: "s",
        parameterFormats: [],
        parameters: { buffer: Buffer.alloc(0), offset: 0, count: 0 },
        resultFormats: [],
      });
      client.send({ name: "Execute", portal: "", maxRows: 0 }, { name: "Sync" }, call, query("selec 1"));
      const answer = await client.until("Z", 3);
      expect(types(answer)).toBe("2 E Z E Z E Z");
    });
  });
}
