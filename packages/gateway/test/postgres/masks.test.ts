import { packValues } from "@tidewaiter/postgres/encode-frontend";
import { postgresVersions } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorIn, fieldsOf, rowsIn, types } from "../wire/transcript.ts";
import { bind, execute, parse, sync, typeOf, type WireClient } from "../wire/wire-client.ts";
import { type Fixture, startFixture } from "./labelled.ts";

const MB = 1024 * 1024;
const SECRET = "needle";

const TABLES = [
  "create type mood as enum ('sad', 'ok')",
  "create type pair as (first int, second text)",
  "create domain postcode as text check (value ~ '^\\w+$')",
  `create table people (
     id int primary key, email text, ssn varchar(11), account int, big bigint, amount numeric(12,2), key uuid,
     born date, seen timestamptz, profile jsonb, notes text, words text[], mood mood, pair pair, span int4range, code postcode,
     raw bytea, location point)`,
  `insert into people values (
     1, 'ann.needle@example.com', '123-45-6789', 4711, 9000000000, 1234.56, '0f0f0f0f-0000-4000-8000-00000000000f',
     '1980-02-03', '2024-05-06 23:30:00-05', '{"ssn": "123-45-6789", "contact": {"email": "needle@example.org"}, "n": 1, "free": "or needle@example.net"}',
     'write to needle@example.com', '{needle,other}', 'ok', '(1,needle)', '[3,9)', 'needle', 'needle', '(3,4)')`,
  "create table orders (account bigint, ssn text)",
  "insert into orders values (4711, '123-45-6789')",
  "create table documents (id int primary key, name text, body text, owner text, free text, size int)",
  `insert into documents values
     (1, 'short', repeat('needle ', 100000), 'ann needle', repeat('lorem ipsum ', 20000) || 'mail needle@example.com', 7),
     (2, repeat('x', 100000), 'needle', 'ann needle', 'none', 7),
     (3, repeat('x', ${5 * MB}), 'needle', 'ann needle', 'none', 7)`,
];

const POLICY = `
version: 1
labels:
  pii.email: { columns: ["*.people.email"], detect: [email] }
  pii.ssn: { columns: ["*.people.ssn", "*.orders.ssn"] }
  pii.account: { columns: ["*.people.account", "*.orders.account", "*.people.big", "*.people.key"] }
  pii.amount: { columns: ["*.people.amount"] }
  pii.time: { columns: ["*.people.born", "*.people.seen"] }
  pii.profile: { columns: ["*.people.profile"] }
  pii.notes: { columns: ["*.people.notes"] }
  pii.rest: { columns: ["*.people.words", "*.people.mood", "*.people.pair", "*.people.span", "*.people.code", "*.people.raw", "*.people.location", "*.documents.body", "*.documents.owner", "*.documents.size"] }
rules:
  - id: mask-all
    match: { labels: ["pii.*"] }
    mask:
      pii.email: email_domain
      pii.ssn: { last: 4 }
      pii.account: token
      pii.amount: { bucket: 100 }
      pii.time: month
      pii.profile: { json: { "$.ssn": { last: 4 }, "$.contact.email": email_domain } }
      pii.notes: redact
      default: constant
`;

const COLUMNS = "email, ssn, amount, born, seen, profile, notes, words, mood, pair, span, code, raw, location";
const MASKED = [
  "***@example.com",
  "****6789",
  "1200",
  "1980-02-01",
  "2024-05-01 00:00:00+00",
  '{"n": 1, "ssn": "****6789", "free": "or [mail]", "contact": {"email": "***@example.org"}}',
  "write to [mail]",
  "{}",
  "sad",
  "(,)",
  "empty",
  "***",
  "\\x",
  "(0,0)",
];

describe.each(postgresVersions)("masks on PostgreSQL %s", (version) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ version, sql: TABLES, policy: POLICY });
  }, 60_000);
  afterAll(() => fixture?.[Symbol.asyncDispose]());

  const binary = async (client: WireClient, sql: string): Promise<Buffer[]> => {
    client.send(parse(sql), bind({ formats: [1] }), execute(), sync);
    return client.until("Z");
  };

  it("are the same values in text and in binary", async () => {
    await using client = await fixture.wire();
    expect(rowsIn(await client.query(`select ${COLUMNS} from people`))).toEqual([MASKED]);
    const answer = await binary(client, `select ${COLUMNS} from people`);
    expect(types(answer)).toBe("1 2 D C Z");
    expect(Buffer.concat(answer).includes(SECRET)).toBe(false);
    expect(await asText(answer)).toEqual(MASKED);
  });

  /** What the server itself reads in the binary values. */
  async function asText(answer: readonly Buffer[]): Promise<(string | null)[]> {
    const kinds =
      "text, varchar, numeric, date, timestamptz, jsonb, text, text[], mood, pair, int4range, text, bytea, point";
    await using server = await fixture.direct();
    await server.query("set timezone = 'UTC'");
    const values = valuesOf(answer);
    server.send(
      parse(`select ${kinds.split(", ").map((kind, index) => `$${index + 1}::${kind}::text`)}`),
      {
        name: "Bind",
        portal: "",
        statement: "",
        parameterFormats: [1],
        parameters: packValues(values),
        resultFormats: [],
      },
      execute(),
      sync,
    );
    return rowsIn(await server.until("Z"))[0] ?? [];
  }

  it("tokens join: the same value in another table, type and format", async () => {
    await using client = await fixture.wire();
    const [person] = rowsIn(await client.query("select account, big, key from people"));
    const [order] = rowsIn(await client.query("select account from orders"));
    expect(person?.[0]).toMatch(/^-?\d{1,10}$/);
    expect(order?.[0]).toBe(person?.[0]);
    expect(person?.[1]).toMatch(/^-?\d{1,19}$/);
    expect(person?.[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/);
    const [account, big, key] = valuesOf(await binary(client, "select account, big, key from people"));
    expect(String(account?.readInt32BE(0))).toBe(person?.[0]);
    expect(String(big?.readBigInt64BE(0))).toBe(person?.[1]);
    expect(key?.toString("hex")).toBe(person?.[2]?.replaceAll("-", ""));
  });

  it("an expression is the constant, whatever the mask", async () => {
    await using client = await fixture.wire();
    expect(rowsIn(await client.query("select lower(email), email || ssn, abs(account) from people"))).toEqual([
      ["***", "***", "0"],
    ]);
  });

  it("whole rows are records of nothing", async () => {
    await using client = await fixture.wire();
    const [row] = rowsIn(await client.query("select p from people p"));
    expect(row?.[0]).toBe(`(${",".repeat(17)})`);
    expect(valuesOf(await binary(client, "select p from people p"))[0]?.readInt32BE(0)).toBe(18);
  });

  it.each(["ISO", "German", "SQL, DMY", "Postgres"])("dates in the style %s keep no day", async (style) => {
    await using client = await fixture.wire();
    await client.query(`set datestyle = '${style}'; set timezone = 'UTC'`);
    const rows = rowsIn(await client.query("select born, seen from people")).flat();
    const expected: Readonly<Record<string, readonly string[]>> = {
      ISO: ["1980-02-01", "2024-05-01 00:00:00+00"],
      German: ["01.02.1980", "01.05.2024 00:00:00 UTC"],
      "SQL, DMY": ["01/01/1980", "01/01/2024 00:00:00 UTC"],
      Postgres: ["01-01-1980", "Wed May 01 00:00:00 2024 UTC"],
    };
    expect(rows).toEqual(expected[style]);
  });

  it("COPY in its three formats", async () => {
    await using client = await fixture.wire();
    const columns = "email, ssn, amount, born, profile, notes, words, mood";
    const expected = [
      "***@example.com",
      "****6789",
      "1200",
      "1980-02-01",
      MASKED[5] ?? "",
      "write to [mail]",
      "{}",
      "sad",
    ];
    const copy = async (options: string): Promise<Buffer> =>
      Buffer.concat(
        (await client.query(`copy (select ${columns} from people) to stdout ${options}`))
          .filter((message) => typeOf(message) === "d")
          .map((message) => message.subarray(5)),
      );
    expect((await copy("")).toString()).toBe(`${expected.join("\t")}\n`);
    const csv = expected.map((value) => `"${value.replaceAll('"', '""')}"`).join(",");
    expect((await copy("(format csv)")).toString()).toBe(`${csv}\n`);
    const bytes = await copy("(format binary)");
    expect(bytes.includes(SECRET)).toBe(false);
    await using server = await fixture.direct();
    await server.query(
      "create temp table again as select email, ssn, amount, born, profile, notes, words, mood from people limit 0",
    );
    server.send(
      { name: "Query", sql: "copy again from stdin (format binary)", exact: true },
      { name: "CopyData", data: bytes },
      { name: "CopyDone" },
    );
    await server.until("Z");
    // the column has two places, which text alone does not know
    expect(rowsIn(await server.query("select * from again"))).toEqual([expected.with(2, "1200.00")]);
  });

  it("COPY with a NULL option is no way to ask for a value", async () => {
    await using client = await fixture.wire();
    const answer = await client.query("copy (select ssn from people) to stdout (null '123-45-6789')");
    expect(Buffer.concat(answer).toString()).toContain("****6789");
    expect(Buffer.concat(answer).toString()).not.toContain("123-45");
  });

  it("COPY in LATIN1 is masked, in SJIS refused, by option and by setting", async () => {
    await using client = await fixture.wire();
    const latin1 = Buffer.concat(await client.query("copy (select ssn from people) to stdout (encoding 'LATIN1')"));
    expect(latin1.toString()).toContain("****6789");
    expect(errorIn(await client.query("copy (select ssn from people) to stdout (encoding 'SJIS')")).code).toBe("0A000");
    await client.query("set client_encoding = 'SJIS'");
    expect(errorIn(await client.query("copy (select ssn from people) to stdout")).code).toBe("0A000");
  });

  describe("rows that come in pieces", () => {
    const long = (formats: number) => async (client: WireClient, columns: string, id: number) => {
      const sql = `select ${columns} from documents where id = ${id}`;
      return formats === 1 ? binary(client, sql) : client.query(sql);
    };

    it.each([0, 1])("are masked as short ones are (format %i)", async (format) => {
      await using client = await fixture.wire();
      const answer = await long(format)(client, "id, name, body, owner, size", 1);
      const size = format === 1 ? Buffer.alloc(4).toString() : "0";
      expect(rowsIn(answer)[0]?.slice(1)).toEqual(["short", "***", "***", size]);
      expect(rowsIn(await long(format)(client, "name, body, owner", 2))).toEqual([["x".repeat(100_000), "***", "***"]]);
      expect(Buffer.concat(answer).length).toBeLessThan(500);
      expect(rowsIn(await client.query("select 1"))).toEqual([["1"]]);
    });

    it("findings in long text are overwritten, and told behind the row", async () => {
      await using client = await fixture.wire("ana");
      const answer = await client.query("select free from documents where id = 1");
      const text = `${"lorem ipsum ".repeat(20_000)}mail needle@example.com`;
      expect(rowsIn(answer)).toEqual([[text.replace("needle@example.com", "*".repeat(18))]]);
      expect(types(answer)).toBe("T D N C Z");
      expect(fieldsOf(answer[2] ?? Buffer.alloc(0)).message).toContain("free (pii.email, redacted)");
    });

    it("too much before a masked column ends the result, and the session goes on", async () => {
      await using client = await fixture.wire();
      // so many rows that the cancel is in time
      const refused = await client.query("select name, owner from documents, generate_series(1, 40) where id = 3");
      expect(types(refused)).toBe("T E Z");
      expect(errorIn(refused)).toMatchObject({ code: "54000", hint: expect.stringContaining("masked columns first") });
      const [row] = rowsIn(await client.query("select owner, name from documents where id = 3"));
      expect(row?.[0]).toBe("***");
      expect(row?.[1]).toHaveLength(5 * MB);
      const fixed = valuesOf(await binary(client, "select name, size from documents where id = 3"));
      expect(fixed[1]).toEqual(Buffer.alloc(4));
    });

    it.each(["", "(format csv)"])("copied lines, too: %s", async (options) => {
      await using client = await fixture.wire();
      for (const id of [1, 2, 3]) {
        const answer = await client.query(
          `copy (select name, body, owner from documents where id = ${id}) to stdout ${options}`,
        );
        const line = Buffer.concat(answer.filter((each) => typeOf(each) === "d").map((each) => each.subarray(5)));
        const name = id === 1 ? "short" : "x".repeat(id === 2 ? 100_000 : 5 * MB);
        const expected = options === "" ? `${name}\t***\t***\n` : `${name},"***","***"\n`;
        expect(line.equals(Buffer.from(expected))).toBe(true);
      }
    });
  });

  it("a person is told what was masked, in the words of its transforms", async () => {
    await using client = await fixture.wire("ana");
    const answer = await client.query("select email, ssn, amount, profile from people");
    const notice = answer.find((message) => typeOf(message) === "N") ?? Buffer.alloc(0);
    expect(fieldsOf(notice).message).toBe(
      "masked for you: email (pii.email, domain kept), ssn (pii.ssn, last 4), amount (pii.amount, rounded), profile (pii.profile, parts replaced)",
    );
  });
});

/** The values of the only row. */
function valuesOf(messages: readonly Buffer[]): (Buffer | null)[] {
  const [row, ...more] = messages.filter((message) => typeOf(message) === "D");
  if (row === undefined || more.length > 0) throw new Error(`not one row but: ${types(messages)}`);
  const values: (Buffer | null)[] = [];
  for (let at = 7; at < row.length; ) {
    const length = row.readInt32BE(at);
    values.push(length < 0 ? null : row.subarray(at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  return values;
}
