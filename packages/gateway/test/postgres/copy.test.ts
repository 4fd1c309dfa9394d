import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFrontend } from "@tidewaiter/postgres/encode-frontend";
import type { FrontendMessage } from "@tidewaiter/postgres/messages";
import { hasCommand, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { comparable, errorIn, rowsIn, types } from "../wire/transcript.ts";
import { bind, execute, extended, parse, query, sync, typeOf, type WireClient } from "../wire/wire-client.ts";
import { CUSTOMERS, type Fixture, HIDDEN, MASKS, startFixture } from "./labelled.ts";

const GENERATED = [
  "create table people (id int primary key, given text, family text, full_name text generated always as (given || ' ' || family) stored, email text)",
  "insert into people (id, given, family, email) values (1, 'Ada', 'Love', 'ada@example.com')",
];

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({
    sql: [...CUSTOMERS, ...GENERATED, "create table goods (id int primary key, name text)"],
    policy: MASKS,
  });
});
afterAll(() => fixture?.[Symbol.asyncDispose]());
beforeEach(() => fixture.server.sql("truncate goods"));

/** Payload of every CopyData. */
function copied(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(messages.filter((message) => typeOf(message) === "d").map((message) => message.subarray(5)));
}

async function copyOut(client: WireClient, sql: string): Promise<string> {
  const answer = await client.query(sql);
  expect(types(answer)).toMatch(/^H (d )*c C Z$/);
  return copied(answer).toString("utf8");
}

function hidesEverything(text: string): void {
  for (const value of HIDDEN) expect(text).not.toContain(value);
}

const data = (text: string | Buffer): FrontendMessage => ({ name: "CopyData", data: Buffer.from(text) });
const done: FrontendMessage = { name: "CopyDone" };

describe("COPY out with labels", () => {
  it("text: masked values, NULL stays NULL, the rest as it was", async () => {
    await using client = await fixture.wire();
    const text = await copyOut(client, "copy customers to stdout");
    expect(text.split("\n").map((line) => line.split("\t"))).toEqual([
      [
        "1",
        "Ann",
        expect.stringMatching(/@example\.com$/),
        expect.stringMatching(/6789$/),
        "1980-01-01",
        "7",
        expect.any(String),
      ],
      [
        "2",
        `B "the" O'Neil`,
        expect.stringMatching(/@example\.org$/),
        expect.stringMatching(/4321$/),
        "\\N",
        "0",
        expect.any(String),
      ],
      ["3", "", "\\N", expect.any(String), "2001-01-01", "\\N", "\\N"],
      [
        "4",
        "Zoë",
        expect.stringMatching(/@exämple\.net$/),
        expect.stringMatching(/2222$/),
        "1999-01-01",
        "3",
        expect.any(String),
      ],
      [""],
    ]);
    hidesEverything(text);
  });

  it("csv with header: quotes, delimiters and newlines in masked and unmasked columns", async () => {
    await using client = await fixture.wire();
    const text = await copyOut(
      client,
      "copy (select id, name, email, note from customers order by id) to stdout (format csv, header)",
    );
    hidesEverything(text);
    const rows = parseCsv(text);
    expect(rows[0]).toEqual(["id", "name", "email", "note"]);
    expect(rows).toHaveLength(5);
    expect(rows[2]?.slice(0, 2)).toEqual(["2", `B "the" O'Neil`]);
    expect(rows[3]).toEqual(["3", "", null, null]);
    expect(new Set([rows[1]?.[3], rows[2]?.[3], rows[4]?.[3]]).size).toBe(1);
  });

  for (const options of [
    "format csv, delimiter ';', quote '''', escape '\\', null 'NULL'",
    "format csv, force_quote *",
    "delimiter '|', null '(none)'",
    "format csv, header, delimiter E'\\t'",
    "header",
  ]) {
    it(`(${options}) reads back into the same number of rows and columns`, async () => {
      await using client = await fixture.wire();
      const text = await copyOut(client, `copy customers to stdout (${options})`);
      hidesEverything(text);
      // the server itself is the judge of what was written
      await using server = await fixture.direct();
      await server.query("create temp table again (like customers)");
      server.send(query(`copy again from stdin (${options.replace(", force_quote *", "")})`), data(text), done);
      expect(types(await server.until("Z"))).toBe("G C Z");
      expect(
        rowsIn(await server.query("select id, name, visits, email is null, born is null from again order by id")),
      ).toEqual(
        rowsIn(
          await server.query(
            // in text a value that is written like the NULL option could not be told from NULL: both are masked
            options.includes("(none)")
              ? "select id, name, visits, false, false from customers order by id"
              : "select id, name, visits, email is null, born is null from customers order by id",
          ),
        ),
      );
    });
  }

  it("binary: the same columns, masked, and readable by the server", async () => {
    await using client = await fixture.wire();
    const answer = await client.query(
      "copy (select id, email, ssn, born, visits from customers order by id) to stdout (format binary)",
    );
    expect(types(answer)).toMatch(/^H (d )+c C Z$/);
    const bytes = copied(answer);
    hidesEverything(bytes.toString("utf8"));
    await using server = await fixture.direct();
    await server.query("create temp table again (id int, email text, ssn text, born date, visits int)");
    server.send(query("copy again from stdin (format binary)"), data(bytes), done);
    expect(types(await server.until("Z"))).toBe("G C Z");
    expect(rowsIn(await server.query("select id, born, visits, email is null from again order by id"))).toEqual([
      ["1", "1980-01-01", "7", "f"],
      ["2", null, "0", "f"],
      ["3", "2001-01-01", null, "t"],
      ["4", "1999-01-01", "3", "f"],
    ]);
  });

  it("binary of nothing is only signature and trailer", async () => {
    await using client = await fixture.wire();
    await using server = await fixture.direct();
    const sql = "copy (select id, email from customers where false) to stdout (format binary)";
    expect(copied(await client.query(sql))).toEqual(copied(await server.query(sql)));
  });

  it("a table with a generated column: COPY leaves it out, COPY of a query masks it", async () => {
    await using client = await fixture.wire();
    await using server = await fixture.direct();
    expect(copied(await client.query("copy people to stdout"))).toEqual(
      copied(await server.query("copy people to stdout")),
    );
    const text = await copyOut(client, "copy (select * from people) to stdout");
    expect(text).not.toContain("Ada Love");
    expect(text.split("\t")).toHaveLength(5);
  });

  it("a list of columns, in another order", async () => {
    await using client = await fixture.wire();
    const text = await copyOut(client, "copy customers (email, id) to stdout");
    hidesEverything(text);
    expect(text.split("\n")[0]).toMatch(/@example\.com\t1$/);
  });

  it("in a transaction, and the transaction goes on", async () => {
    await using client = await fixture.wire();
    await client.query("begin");
    await client.query("insert into goods values (1, 'x')");
    hidesEverything(await copyOut(client, "copy customers to stdout"));
    const answer = await client.query("select count(*) from goods");
    expect(rowsIn(answer)).toEqual([["1"]]);
    expect(answer.at(-1)?.toString("latin1", 5)).toBe("T");
    await client.query("rollback");
  });

  it("by the extended protocol, between other statements of one batch", async () => {
    await using client = await fixture.wire();
    client.send(
      ...extended("insert into goods values (1, 'x')"),
      parse("copy customers to stdout"),
      bind(),
      execute(),
      ...extended("select count(*) from goods"),
      sync,
    );
    const answer = await client.until("Z");
    expect(types(answer)).toBe("1 2 n C 1 2 H d d d d c C 1 2 T D C Z");
    hidesEverything(copied(answer).toString("utf8"));
  });

  it("an error in the query is the client's own, in and out of a transaction", async () => {
    await using client = await fixture.wire();
    await using server = await fixture.direct();
    const steps = async (one: WireClient) => {
      one.send(
        query("copy (select nothing from customers) to stdout"),
        query("begin"),
        query("copy nowhere to stdout"),
        query("select 1"),
        query("rollback"),
        parse("copy (select nothing from customers) to stdout"),
        bind(),
        execute(),
        sync,
      );
      return comparable(await one.until("Z", 6));
    };
    const [got, expected] = [await steps(client), await steps(server)];
    expect(got.filter((line) => !/^[12] /.test(line))).toEqual(expected.filter((line) => !/^[12] /.test(line)));
  });

  it("options that cannot be masked are refused, and nothing leaves", async () => {
    await using client = await fixture.wire();
    for (const sql of ["copy customers to stdout (encoding 'SJIS')", "select 1; copy customers to stdout"]) {
      const answer = await client.query(sql);
      expect(types(answer)).toBe("E Z");
      expect(errorIn(answer).code).toMatch(/^(0A000|42501)$/);
    }
  });

  it("a reader who may see it gets the server's bytes", async () => {
    await using client = await fixture.wire("reader");
    await using server = await fixture.direct();
    for (const sql of [
      "copy customers to stdout",
      "copy customers to stdout (format csv, header)",
      "copy customers to stdout (format binary)",
    ])
      expect(copied(await client.query(sql)).equals(copied(await server.query(sql)))).toBe(true);
  });
});

describe("COPY in", () => {
  const run = async (client: WireClient, ...messages: FrontendMessage[]) => {
    client.send(...messages);
    return comparable(
      await client.until("Z", messages.filter(({ name }) => name === "Query" || name === "Sync").length),
    );
  };
  const same = async (...messages: FrontendMessage[]) => {
    await using server = await fixture.direct();
    const expected = await run(server, ...messages);
    const rows = await fixture.server.sql("select * from goods order by id");
    await fixture.server.sql("truncate goods");
    await using client = await fixture.wire();
    expect(await run(client, ...messages)).toEqual(expected);
    expect(await fixture.server.sql("select * from goods order by id")).toEqual(rows);
  };

  it("text, in pieces that cut rows", () =>
    same(
      query("copy goods from stdin"),
      data("1\ta\n2"),
      data("\tb\n"),
      data(""),
      data("3\t\\N\n"),
      done,
      query("select * from goods order by id"),
    ));
  it("csv", () => same(query("copy goods from stdin (format csv, header)"), data('id,name\n1,"a ""b"",\nc"\n'), done));
  it("CopyFail", () =>
    same(
      query("copy goods from stdin"),
      data("1\ta\n"),
      { name: "CopyFail", reason: "changed my mind" },
      query("select count(*) from goods"),
    ));
  it("an error in the data: the rest is dropped", () =>
    same(query("copy goods from stdin"), data("1\ta\nx\ty\n"), data("2\tb\n"), done, query("select 1")));
  it("in a transaction, then aborted", () =>
    same(
      query("begin"),
      query("copy goods from stdin"),
      data("1\ta\n1\ta\n"),
      done,
      query("select 1"),
      query("rollback"),
    ));
  it("extended protocol with Sync only after the data", () =>
    same(parse("copy goods from stdin"), bind(), execute(), data("1\ta\n"), done, sync, query("select * from goods")));
  it("extended protocol, two COPYs sent at once, one with a Sync inside", () =>
    same(
      parse("copy goods from stdin"),
      bind(),
      execute(),
      data("1\ta\n"),
      done,
      sync,
      parse("copy goods from stdin"),
      bind(),
      execute(),
      data("2\tb\n"),
      done,
      sync,
      query("select count(*) from goods"),
    ));
  it("extended protocol, sent at once, to a table that is not there", () =>
    same(parse("copy nowhere from stdin"), bind(), execute(), data("1\ta\n"), done, sync, query("select 1")));
  it("extended protocol with a Sync in the middle, which the server ignores", async () => {
    const messages: FrontendMessage[] = [parse("copy goods from stdin"), bind(), execute()];
    const steps = async (client: WireClient) => {
      client.send(...messages, { name: "Flush" });
      const begun = await client.until("G");
      client.send(data("1\ta\n"), sync, data("2\tb\n"), done, sync, query("select count(*) from goods"));
      return comparable([...begun, ...(await client.until("Z", 2))]);
    };
    await using server = await fixture.direct();
    const expected = await steps(server);
    await fixture.server.sql("truncate goods");
    await using client = await fixture.wire();
    expect(await steps(client)).toEqual(expected);
  });
  it("a Query in the middle of the data is the client's protocol error, as the server says it", async () => {
    const steps = async (client: WireClient) => {
      await client.query("select 1");
      client.send(query("copy goods from stdin"));
      await client.until("G");
      client.send(data("1\ta\n"), query("select 1"));
      return types(await Promise.race([client.rest(), client.until("Z", 1)]));
    };
    await using server = await fixture.direct();
    await using client = await fixture.wire();
    expect(await steps(client)).toBe(await steps(server));
  });

  it("40 MB in messages of 1 MB", async () => {
    await using client = await fixture.wire();
    client.send(query("copy goods from stdin"));
    await client.until("G");
    for (let n = 0; n < 40; n++) client.send(encodeFrontend(data(`${n}\t${"x".repeat(1_000_000)}\n`)));
    client.send(done);
    expect((await client.until("Z"))[0]?.toString("latin1", 5, 12)).toBe("COPY 40");
    expect(await fixture.server.sql("select sum(length(name))::int as sum from goods")).toEqual([{ sum: 40_000_000 }]);
  });
});

skipUnless(hasCommand("psql"), "psql").describe("psql \\copy", () => {
  it("out and in again, csv", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "copy-")), "customers.csv");
    const out = await fixture.psql(["-c", `\\copy customers to '${file}' csv header`]);
    expect(out.stdout).toBe("COPY 4\n");
    hidesEverything(readFileSync(file, "utf8"));
    const goods = join(mkdtempSync(join(tmpdir(), "copy-")), "goods.csv");
    writeFileSync(goods, 'id,name\n1,"tea, green"\n2,\n');
    const into = await fixture.psql([
      "-c",
      `\\copy goods from '${goods}' csv header`,
      "-c",
      "select * from goods order by id",
    ]);
    expect(into.stderr).not.toContain("ERROR");
    expect(into.stdout).toContain("COPY 2");
    expect(into.stdout).toContain("tea, green");
  });

  it("a file with a bad row fails as it does directly", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "copy-")), "bad.txt");
    writeFileSync(file, "1\tok\nno number\tx\n");
    const [through, direct] = [
      await fixture.psql(["-c", `\\copy goods from '${file}'`]),
      await fixture.psqlDirect(["-c", `\\copy goods from '${file}'`]),
    ];
    expect(through.code).toBe(direct.code);
    expect(through.stderr.split("\n").filter((line) => /^(ERROR|CONTEXT)/.test(line))).toEqual(
      direct.stderr.split("\n").filter((line) => /^(ERROR|CONTEXT)/.test(line)),
    );
  });
});

/** RFC 4180 with PostgreSQL's NULL: an unquoted empty field. */
function parseCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    row.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
