import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { endpoint, errorOf, runScenarios } from "../shared/scenarios.mjs";

const notices = [];
const connect = (more = {}) =>
  postgres({
    ...endpoint,
    username: endpoint.user,
    ssl: "require",
    max: 1,
    onnotice: ({ severity, code, message }) => notices.push({ severity, code, message }),
    ...more,
  });
const sql = connect();

await runScenarios({
  connect: () => sql`select current_database(), current_user::text, current_setting('client_encoding') as encoding`,
  simple: async () => [
    await sql.unsafe("select 1 as a; select 'two' as b, null as c").simple(),
    await sql.unsafe("").simple(),
  ],
  parameters: () =>
    sql`select ${-7}::int2 a, ${2147483647}::int4 b, ${"9223372036854775807"}::int8 c, ${0.1}::float8 d, ${true}::bool e, ${"tëxt"}::text f, ${Buffer.from([0, 1, 255])}::bytea g, ${"2024-02-29"}::date::text h, ${new Date(0)}::timestamptz i, ${"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}::uuid j, ${sql.json({ a: [1, null, "x"] })}::jsonb k, ${null}::text l`,
  prepared: async () => {
    const byId = (id) => sql`select label from numbers where n = ${id}`;
    return [
      await byId(1),
      await byId(500),
      await byId(-1),
      await sql`select 1 as one`.describe().then(({ columns }) => columns.map(({ name, type }) => [name, type])),
    ];
  },
  transaction: async () => {
    const rolledBack = await errorOf(
      sql.begin(async (tx) => {
        await tx`insert into items (name) values ('rolled back')`;
        throw new Error("rolled back on purpose");
      }),
    );
    const kept = await sql.begin(
      "isolation level serializable",
      (tx) => tx`insert into items (name) values ('kept') returning name`,
    );
    return [rolledBack, kept, await sql`select name from items order by name`];
  },
  savepoint: () =>
    sql.begin(async (tx) => {
      const error = await errorOf(tx.savepoint((inner) => inner`insert into items (name) values ('kept')`));
      await tx`insert into items (name) values ('after a savepoint')`;
      return [error, await tx`select count(*)::int from items`];
    }),
  "errors, then on": async () => [
    await errorOf(sql`select 1/0`),
    await errorOf(sql`selec 1`),
    await errorOf(sql`select * from nowhere where a = ${1}`),
    await errorOf(sql`insert into customers (id) values (${1})`),
    await sql`select 1 as on`,
  ],
  "failed transaction": () =>
    errorOf(
      sql.begin(async (tx) => {
        await errorOf(tx`select 1/0`);
        await tx`select 1`;
      }),
    ),
  pipeline: () =>
    Promise.all(
      Array.from({ length: 100 }, (_, n) => (n === 50 ? errorOf(sql`select 1/${0}::int`) : sql`select ${n}::int as n`)),
    ),
  "cursor with row limit": async () => {
    const parts = [];
    for await (const part of sql`select n from numbers order by n`.cursor(300)) parts.push(part.length);
    return parts;
  },
  "copy in and out": async () => {
    await sql`create temp table copied (a int, b text)`;
    await pipeline(
      Readable.from(Array.from({ length: 2000 }, (_, n) => `${n}\tline ${n}\n`)),
      await sql`copy copied from stdin`.writable(),
    );
    const hash = createHash("sha256");
    for await (const chunk of await sql`copy copied to stdout (format csv)`.readable()) hash.update(chunk);
    return [await sql`select count(*)::int, sum(a)::int from copied`, hash.digest("hex")];
  },
  "listen and notify": async () => {
    const heard = Promise.withResolvers();
    const listener = connect();
    await listener.listen("news", heard.resolve);
    await sql.notify("news", "päyload");
    const payload = await heard.promise;
    await listener.end();
    return payload;
  },
  cancel: async () => {
    const query = sql`select pg_sleep(60)`;
    const code = errorOf(query).then((error) => error.code);
    const other = connect();
    const asleep = () => other`select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'`;
    for (let n = 0; n < 200 && (await asleep())[0].n === 0; n++) await new Promise((go) => setTimeout(go, 20));
    await other.end();
    query.cancel();
    return [await code, await sql`select 3 as on`];
  },
  notice: async () => {
    notices.length = 0;
    await sql.unsafe(
      "do $$ begin raise notice 'hello %', 1; raise warning using errcode = '01234', message = 'mind'; end $$",
    );
    return [...notices];
  },
  "big result": async () => {
    const all = await sql`select n, repeat('x', 50) || n as t from generate_series(1, 200000) n`.values();
    return [all.length, createHash("sha256").update(JSON.stringify(all)).digest("hex")];
  },
  "large parameter": () =>
    sql`select length(${"ä".repeat(4_000_000)}::text), octet_length(${Buffer.alloc(5_000_000, 7)}::bytea)`,
  "many parameters": () => {
    // the driver's own limit is 65,534
    const values = Array.from({ length: 65_533 }, (_, n) => n);
    return sql.unsafe(
      `select count(*)::int, sum(v)::int8 from unnest(array[${values.map((n) => `$${n + 1}`).join(",")}]::int[]) v`,
      values,
    );
  },
  unicode: () => sql`select ${"🐘 l’été שלום"} as "naïve ☃", 'ü' as "größe"`,
  "arrays, json, numeric, ranges": () =>
    sql`select ${sql.array([1, -3])}::int[] a, ${sql.array(['a"b', "c,d", ""])}::text[] b, ${sql.json({ deep: { er: [true] } })}::json c, ${"123456789012345678901234567890.000001"}::numeric d, ${"[1,5)"}::int4range e, array[[1,2],[3,4]] f, row(1,'a,b',null)::text g`,
  labelled: async () => {
    const read = [];
    for await (const part of sql`select id, email from customers order by id`.cursor(2)) read.push(...part);
    let copied = "";
    for await (const chunk of await sql`copy (select id, ssn from customers order by id) to stdout`.readable())
      copied += chunk;
    return [
      await sql`select id, name, email, ssn from customers order by id`,
      await sql`select * from customers where id = ${2}`,
      read,
      copied,
      await sql.unsafe("select email from customers order by id").simple(),
    ];
  },
});
