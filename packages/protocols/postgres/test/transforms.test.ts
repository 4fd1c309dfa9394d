import { connect } from "node:net";
import type { MaskSpec } from "@tidewaiter/core";
import { type PostgresServer, postgresVersions, startPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConnectedTarget, connectTarget } from "../src/connect-target/connect-target.ts";
import { columnMask, maskedValue } from "../src/mask/column-mask.ts";
import { isContentMask } from "../src/mask/mask-rows.ts";
import { NO_SERVER_TYPES } from "../src/mask/server-types.ts";
import { DerivedKeyCache } from "../src/scram/derived-key-cache.ts";
import { queryTarget } from "./query-target.ts";
import { roundTrip } from "./round-trip.ts";

const token = { transform: "token" } as const;
const month = { transform: "month" } as const;
const year = { transform: "year" } as const;
const bucket = (size: number): MaskSpec => ({ transform: "bucket", size });
const json: MaskSpec = {
  transform: "json",
  paths: [
    { path: "$..a", mask: token },
    { path: "$.list[*]", mask: { transform: "bucket", size: 10 } },
  ],
};

/** Random values, the same in each run. */
const MANY = "from (select setseed(0.5)) s, generate_series(1, 40) g(n)";

interface Case {
  readonly type: string;
  readonly oid: number;
  readonly specs: readonly MaskSpec[];
  /** A set of values. */
  readonly values: string;
}

const CASES: readonly Case[] = [
  { type: "int4", oid: 23, specs: [token, bucket(7)], values: `select (random() * 4e9 - 2e9)::int4 ${MANY}` },
  { type: "int8", oid: 20, specs: [token, bucket(1000)], values: `select (random() * 1.8e19 - 9e18)::int8 ${MANY}` },
  { type: "int2", oid: 21, specs: [bucket(10)], values: `select (random() * 60000 - 30000)::int2 ${MANY}` },
  {
    type: "numeric",
    oid: 1700,
    specs: [token, bucket(0.25), bucket(5000)],
    values: `select ((random() - 0.5) * (10::numeric ^ (n - 20)))::numeric ${MANY}
             union all select unnest('{0,0.000,-0.0001,10000,99990000,0.00010000,NaN,1e300,12345678901234567890.12}'::numeric[])`,
  },
  {
    type: "float8",
    oid: 701,
    specs: [bucket(0.1), bucket(50)],
    values: `select (random() - 0.5) * (10 ^ (n - 20)) ${MANY}`,
  },
  {
    type: "float4",
    oid: 700,
    specs: [bucket(0.1), bucket(50)],
    values: `select ((random() - 0.5) * (10 ^ (n - 20)))::float4 ${MANY}`,
  },
  { type: "uuid", oid: 2950, specs: [token], values: `select md5(n::text)::uuid ${MANY}` },
  {
    type: "date",
    oid: 1082,
    specs: [month, year],
    values: `select date '0001-01-01' + (random() * 3600000)::int ${MANY}
             union all select unnest('{infinity,-infinity,0044-03-15 BC,5874897-12-31,2000-02-29}'::date[])`,
  },
  {
    type: "timestamp",
    oid: 1114,
    specs: [month, year],
    values: `select timestamp '0001-01-01' + random() * interval '9000 years' ${MANY}
             union all select unnest('{infinity,0001-01-01 00:00:00,1999-12-31 23:59:59.999999}'::timestamp[])`,
  },
  {
    type: "timestamptz",
    oid: 1184,
    specs: [month, year],
    values: `select timestamptz '0002-01-01' + random() * interval '9000 years' ${MANY}
             union all select unnest('{2023-12-31 23:59:59+00,2024-01-01 00:00:00+00,1999-12-31 12:00:00+00}'::timestamptz[])`,
  },
  {
    type: "jsonb",
    oid: 3802,
    specs: [json],
    values: `select jsonb_build_object('a', n, 'b', jsonb_build_array(jsonb_build_object('a', 'x"\\' || n)), 'list', jsonb_build_array(n, n / 3.0, 'é')) ${MANY}`,
  },
  {
    type: "json",
    oid: 114,
    specs: [json],
    values: `select json_build_object('a', n, 'list', json_build_array(n * 1e10, n)) ${MANY}`,
  },
  {
    type: "text",
    oid: 25,
    specs: [
      token,
      { transform: "last", keep: 3 },
      { transform: "partial", first: 1, last: 1 },
      { transform: "email_domain" },
    ],
    values: `select 'ann' || n || 'é@exämple.org' ${MANY}`,
  },
];

describe.each(postgresVersions)("transforms on PostgreSQL %s", (version) => {
  let server: PostgresServer;
  let target: ConnectedTarget;
  beforeAll(async () => {
    server = await startPostgres({ version });
    target = await connectTarget(connect({ host: server.host, port: server.port }), {
      user: server.superuser,
      database: "postgres",
      parameters: new Map(),
      tls: { mode: "disable" },
      allowCleartext: false,
      keys: new DerivedKeyCache(),
    });
    target.stream.setMaxListeners(0);
  }, 60_000);
  afterAll(async () => {
    target?.stream.destroy();
    await server?.stop();
  });

  function mask(value: Buffer, oid: number, spec: MaskSpec, format: number): Buffer {
    const made = columnMask({
      spec,
      typeOid: oid,
      format,
      label: "pii.x",
      tokenKey: Buffer.from("key"),
      utf8: true,
      types: NO_SERVER_TYPES,
    });
    const masked = isContentMask(made) ? null : maskedValue(made, value);
    if (masked === null) throw new Error("no value");
    return masked;
  }

  async function values({ type, values: sql }: Case, format: 0 | 1): Promise<Buffer[]> {
    const count = Number((await queryTarget(target.stream, `select count(*) from (${sql}) v`))[0]);
    const all: Buffer[] = [];
    await queryTarget(target.stream, `create temp table v as select row_number() over () as n, v.* from (${sql}) v(v)`);
    for (let n = 1; n <= count; n++) {
      const value = await roundTrip(target.stream, {
        sql: `select v::${type} from v where n = ${n}`,
        formats: [0, format],
      });
      if (!Buffer.isBuffer(value)) throw new Error(`no value: ${value}`);
      all.push(value);
    }
    await queryTarget(target.stream, "drop table v");
    return all;
  }

  const read = async (value: Buffer, { type, oid }: Case, format: 0 | 1): Promise<string> =>
    String(await roundTrip(target.stream, { sql: `select $1::${type}`, typeOid: oid, value, formats: [format, 0] }));

  it.each(CASES)(
    "give one value in text and in binary: $type",
    async (one) => {
      await queryTarget(target.stream, "set timezone = 'Asia/Kolkata'; set datestyle = 'ISO'");
      const [asText, asBinary] = [await values(one, 0), await values(one, 1)];
      expect(asText.length).toBeGreaterThan(30);
      for (const [index, text] of asText.entries()) {
        const binary = asBinary[index] ?? Buffer.alloc(0);
        for (const spec of one.specs) {
          const fromText = await read(mask(text, one.oid, spec, 0), one, 0);
          const fromBinary = await read(mask(binary, one.oid, spec, 1), one, 1);
          expect({ text: text.toString(), spec, masked: fromBinary }).toEqual({
            text: text.toString(),
            spec,
            masked: fromText,
          });
        }
      }
    },
    60_000,
  );

  it.each(["German", "SQL, MDY", "SQL, DMY", "Postgres, MDY", "Postgres, DMY"])(
    "never keep more of a date than is asked for, in the style %s",
    async (style) => {
      await queryTarget(target.stream, `set timezone = 'UTC'; set datestyle = '${style}'`);
      for (const one of CASES.filter(({ specs }) => specs.includes(month))) {
        const texts = await values(one, 0);
        const binaries = await values(one, 1);
        for (const [index, text] of texts.entries()) {
          const expected = await read(mask(binaries[index] ?? text, one.oid, year, 1), one, 1);
          expect(await read(mask(text, one.oid, year, 0), one, 0)).toBe(expected);
          const kept = await read(mask(text, one.oid, month, 0), one, 0);
          const byMonth = await read(mask(binaries[index] ?? text, one.oid, month, 1), one, 1);
          expect([expected, byMonth]).toContain(kept);
        }
      }
    },
    60_000,
  );
});
