import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import Cursor from "pg-cursor";
import { endpoint, errorOf, runScenarios } from "../shared/scenarios.mjs";

const login = { ...endpoint, ssl: { rejectUnauthorized: false } };
const connected = async (more = {}) => {
  const client = new pg.Client({ ...login, ...more });
  client.on("error", () => {});
  await client.connect();
  return client;
};
const client = await connected();
const rows = async (...query) => (await client.query(...query)).rows;
const array = async (text, values) => (await client.query({ text, values, rowMode: "array" })).rows;

await runScenarios({
  connect: () => rows("select current_database(), current_user::text, current_setting('client_encoding') as encoding"),
  simple: async () => {
    const several = await client.query("select 1 as a; ; select 'two' as b, null as c");
    return [several.map((one) => [one.command, one.rows]), (await client.query("")).command];
  },
  parameters: () =>
    array(
      "select $1::int2, $2::int4, $3::int8, $4::float8, $5::bool, $6::text, $7::bytea, $8::date::text, $9::timestamptz, $10::uuid, $11::inet, $12::interval::text, $13::jsonb, null::text, $14::text",
      [
        -7,
        2147483647,
        "9223372036854775807",
        0.1,
        true,
        "tëxt",
        Buffer.from([0, 1, 255]),
        "2024-02-29",
        new Date(0),
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "::1/64",
        "1 day 2 hours",
        { a: [1, null, "x"] },
        null,
      ],
    ),
  "binary results": async () => {
    const inBinary = await connected({ binary: true });
    const { rows: values } = await inBinary.query({
      text: "select 7::int4, 2::int2, 'x'::text where $1::int = 1",
      values: [1],
      rowMode: "array",
    });
    await inBinary.end();
    return values;
  },
  prepared: async () => {
    const named = (id) => ({ name: "by-id", text: "select label from numbers where n = $1", values: [id] });
    return [await rows(named(1)), await rows(named(500)), await rows(named(-1))];
  },
  transaction: async () => {
    await client.query("begin");
    await client.query("insert into items (name) values ('rolled back')");
    await client.query("rollback");
    await client.query("begin isolation level serializable");
    const inserted = await client.query("insert into items (name) values ('kept') returning name");
    const end = await client.query("commit");
    return [inserted.rowCount, inserted.rows, end.command, await rows("select name from items order by name")];
  },
  savepoint: async () => {
    await client.query("begin; savepoint a");
    const error = await errorOf(client.query("insert into items (name) values ('kept')"));
    await client.query("rollback to a; release a");
    await client.query("insert into items (name) values ('after a savepoint')");
    await client.query("commit");
    return [error, await rows("select count(*)::int from items")];
  },
  "errors, then on": async () => [
    await errorOf(client.query("select 1/0")),
    await errorOf(client.query("selec 1")),
    await errorOf(client.query("select * from nowhere where a = $1", [1])),
    await errorOf(client.query("insert into customers (id) values ($1)", [1])),
    await rows("select 1 as on"),
  ],
  "failed transaction": async () => {
    await client.query("begin");
    const errors = [await errorOf(client.query("select 1/0")), await errorOf(client.query("select 1"))];
    return [errors, (await client.query("commit")).command, await rows("select 2 as on")];
  },
  queue: () =>
    Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        n === 25 ? errorOf(client.query("select 1/$1::int", [0])) : rows("select $1::int as n", [n]),
      ),
    ),
  "cursor with row limit": async () => {
    const cursor = client.query(new Cursor("select n from numbers order by n", []));
    const parts = [await cursor.read(7), await cursor.read(3)].map((part) => part.map(({ n }) => n));
    await cursor.close();
    await client.query("begin; declare c cursor for select n from numbers order by n");
    const fetched = await rows("fetch 3 from c");
    await client.query("commit");
    return [parts, fetched];
  },
  "copy in, out and fail": async () => {
    await client.query("create temp table copied (a int, b text)");
    await pipeline(
      Readable.from(Array.from({ length: 2000 }, (_, n) => `${n}\tline ${n}\n`)),
      client.query(copyFrom("copy copied from stdin")),
    );
    const hash = createHash("sha256");
    for await (const chunk of client.query(copyTo("copy copied to stdout (format csv)"))) hash.update(chunk);
    const error = await errorOf(pipeline(Readable.from(["x\ty\n"]), client.query(copyFrom("copy copied from stdin"))));
    return [await rows("select count(*)::int, sum(a)::int from copied"), hash.digest("hex"), error];
  },
  "listen and notify": async () => {
    const heard = new Promise((resolve) =>
      client.once("notification", ({ channel, payload }) => resolve({ channel, payload })),
    );
    await client.query("listen news");
    const other = await connected();
    await other.query("select pg_notify('news', 'päyload')");
    await other.end();
    return heard;
  },
  cancel: async () => {
    const query = new pg.Query("select pg_sleep(60)");
    const ended = new Promise((resolve) => {
      query.on("error", (error) => resolve(error.code));
      query.on("end", () => resolve("completed"));
    });
    client.query(query);
    const other = await connected();
    const asleep = "select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'";
    for (let n = 0; n < 200 && (await other.query(asleep)).rows[0].n === 0; n++)
      await new Promise((go) => setTimeout(go, 20));
    await other.end();
    // in clear text, as libpq before 17 does
    new pg.Client({ ...login, ssl: false }).cancel(client, query);
    return [await ended, await rows("select 3 as on")];
  },
  notice: async () => {
    const notices = [];
    const listen = ({ severity, code, message }) => notices.push({ severity, code, message });
    client.on("notice", listen);
    await client.query(
      "do $$ begin raise notice 'hello %', 1; raise warning using errcode = '01234', message = 'mind'; end $$",
    );
    client.off("notice", listen);
    return notices;
  },
  "big result": async () => {
    const { rows: all } = await client.query({
      text: "select n, repeat('x', 50) || n from generate_series(1, 200000) n",
      rowMode: "array",
    });
    return [all.length, createHash("sha256").update(JSON.stringify(all)).digest("hex")];
  },
  "large parameter": () =>
    rows("select length($1::text), md5($1), octet_length($2::bytea)", [
      "ä".repeat(4_000_000),
      Buffer.alloc(5_000_000, 7),
    ]),
  "many parameters": () => {
    const values = Array.from({ length: 65_535 }, (_, n) => n);
    return rows(
      `select count(*)::int, sum(v)::int8 from unnest(array[${values.map((n) => `$${n + 1}`).join(",")}]::int[]) v`,
      values,
    );
  },
  unicode: () => rows('select $1 as "naïve ☃", length($1) from (select 1) as "größe"', ["🐘 l’été שלום"]),
  "arrays, json, numeric, ranges": () =>
    array(
      "select $1::int[], $2::text[], $3::json, $4::numeric, $5::int4range::text, $6::tstzrange::text, array[[1,2],[3,4]], row(1,'a,b',null)::text, '{}'::int[]",
      [
        [1, null, -3],
        ['a"b', "c,d", null, ""],
        { deep: { er: [true] } },
        "123456789012345678901234567890.000001",
        "[1,5)",
        "[2020-01-01Z,)",
      ],
    ),
  labelled: async () => {
    const cursor = client.query(new Cursor("select id, email from customers order by id", []));
    const read = await cursor.read(10);
    await cursor.close();
    let copied = "";
    for await (const chunk of client.query(copyTo("copy (select id, ssn from customers order by id) to stdout")))
      copied += chunk;
    return [
      await array("select id, name, email, ssn from customers order by id"),
      await array("select * from customers where id = $1", [2]),
      read,
      copied,
    ];
  },
});
