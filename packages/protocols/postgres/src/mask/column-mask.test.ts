import type { MaskSpec } from "@tidewaiter/core";
import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MaskInput } from "./column-mask.ts";
import { columnMask, MAX_TRANSFORMED_BYTES, maskedValue } from "./column-mask.ts";
import { contentMask, redactedValue } from "./content-mask.ts";
import { isContentMask } from "./mask-rows.ts";
import { ServerTypes } from "./server-types.ts";
import { typeConstant } from "./type-constants.ts";

const BOOL = 16;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const TEXT = 25;
const JSON_TYPE = 114;
const FLOAT4 = 700;
const FLOAT8 = 701;
const BPCHAR = 1042;
const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const NUMERIC = 1700;
const UUID = 2950;
const JSONB = 3802;
const CITEXT = 20_000;

const types = new ServerTypes([{ oid: CITEXT, kind: "text", parts: [] }]);
const TOKEN = { transform: "token" } as const;

function masked(typeOid: number, spec: MaskSpec, value: Buffer | string, more: Partial<MaskInput> = {}): Buffer | null {
  const mask = columnMask({
    spec,
    typeOid,
    format: 0,
    label: "pii.x",
    tokenKey: Buffer.from("key"),
    utf8: true,
    types,
    ...more,
  });
  const bytes = Buffer.from(value as Buffer);
  return isContentMask(mask) ? (redactedValue(mask, bytes) ?? bytes) : maskedValue(mask, bytes);
}

const text = (...args: Parameters<typeof masked>): string | undefined => masked(...args)?.toString();
const binary = (typeOid: number, spec: MaskSpec, value: Buffer) => masked(typeOid, spec, value, { format: 1 });

describe("parts of text", () => {
  const last4 = { transform: "last", keep: 4 } as const;
  it.each<[MaskSpec, string, string]>([
    [last4, "123-45-6789", "****6789"],
    [last4, "12345", "****2345"],
    [last4, "1234", "***"],
    [last4, "", "***"],
    [last4, "name 👩🏽‍🦰🙂", "****🏽‍🦰🙂"],
    [{ transform: "partial", first: 2, last: 2 }, "4111111111111111", "41****11"],
    [{ transform: "partial", first: 1, last: 0 }, "Zoë", "Z****"],
    [{ transform: "partial", first: 0, last: 0 }, "x", "****"],
    [{ transform: "email_domain" }, "ann@example.com", "***@example.com"],
    [{ transform: "email_domain" }, "zoë@exämple.net", "***@exämple.net"],
    [{ transform: "email_domain" }, "a@b@c.org", "***@c.org"],
    [{ transform: "email_domain" }, "@c.org", "***"],
    [{ transform: "email_domain" }, "a@", "***"],
    [{ transform: "email_domain" }, "a@b.org, card 4111111111111111", "***"],
    [{ transform: "email_domain" }, "a@b..org", "***"],
    [{ transform: "year" }, "1980-02-03", "***"],
    [{ transform: "null" }, "x", "NULL"],
  ])("%j of %j is %j", (spec, value, expected) => {
    for (const typeOid of [TEXT, CITEXT, BPCHAR]) {
      for (const format of [0, 1])
        expect(masked(typeOid, spec, value, { format })?.toString() ?? "NULL").toBe(expected);
    }
  });

  it("are kept of ASCII only where the encoding is not UTF-8", () => {
    expect(text(TEXT, last4, "123-45-6789", { utf8: false })).toBe("****6789");
    expect(text(TEXT, last4, Buffer.from("Zoë12345", "latin1"), { utf8: false })).toBe("***");
    expect(text(TEXT, last4, Buffer.from("Zoë12345", "latin1"))).toBe("***");
    expect(text(TEXT, TOKEN, Buffer.from("Zoë", "latin1"), { utf8: false })).toBe("***");
  });

  it("have one length in characters for all values that have one", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 12 }), (value) => {
        const shown = text(TEXT, last4, `${value}x`) ?? "";
        expect([...shown]).toHaveLength(8);
        expect(shown.startsWith("****")).toBe(true);
      }),
    );
  });
});

describe("types without such a transform", () => {
  it.each<[number, MaskSpec]>([
    [BOOL, TOKEN],
    [INT2, TOKEN],
    [DATE, { transform: "last", keep: 4 }],
    [INT4, { transform: "email_domain" }],
    [INT4, { transform: "bucket", size: 0.5 }],
    [INT8, { transform: "redact" }],
    [TIMESTAMP, { transform: "bucket", size: 10 }],
    [TEXT, { transform: "json", paths: [{ path: "$.a", mask: TOKEN }] }],
    [JSONB, TOKEN],
  ])("%i and %j give the constant", (typeOid, spec) => {
    for (const format of [0, 1]) {
      const value = format === 0 ? "123456789" : Buffer.alloc(8, 7);
      const constant = typeConstant(typeOid);
      expect(masked(typeOid, spec, value, { format })).toEqual(format === 1 ? constant?.binary : constant?.text);
    }
  });

  it("values longer than 1 MiB give the constant", () => {
    const long = "x".repeat(MAX_TRANSFORMED_BYTES);
    expect(text(TEXT, TOKEN, long)).toMatch(/^tw_/);
    expect(text(TEXT, TOKEN, `${long}x`)).toBe("***");
  });
});

const int = (width: 4 | 8) => (value: bigint) => {
  const out = Buffer.alloc(width);
  if (width === 8) out.writeBigInt64BE(value);
  else out.writeInt32BE(Number(value));
  return out;
};
const int4 = fc.bigInt(-(2n ** 31n), 2n ** 31n - 1n);
const int8 = fc.oneof(int4, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));

describe("tokens", () => {
  it("depend on label and key, and on nothing else", () => {
    const one = text(TEXT, TOKEN, "ann@example.com");
    expect(one).toMatch(/^tw_[\w-]{22}$/);
    expect(text(1043, TOKEN, "ann@example.com", { format: 1 })).toBe(one);
    expect(text(BPCHAR, TOKEN, "ann@example.com     ")).toBe(one);
    expect(text(CITEXT, TOKEN, "ann@example.com")).toBe(one);
    expect(text(TEXT, TOKEN, "ann@example.com", { label: "pii.y" })).not.toBe(one);
    expect(text(TEXT, TOKEN, "ann@example.com", { tokenKey: Buffer.from("other") })).not.toBe(one);
    expect(text(TEXT, TOKEN, "ann@example.com ")).not.toBe(one);
  });

  it("of integers are integers, the same in every integer and decimal type, text and binary", () => {
    fc.assert(
      fc.property(int8, (value) => {
        const token = text(INT8, TOKEN, String(value));
        expect(binary(INT8, TOKEN, int(8)(value))?.readBigInt64BE(0)).toBe(BigInt(token ?? ""));
        expect(text(NUMERIC, TOKEN, String(value))).toBe(token);
        expect(text(NUMERIC, TOKEN, `${value}.000`)).toBe(token);
        if (BigInt.asIntN(32, value) !== value) return;
        expect(text(INT4, TOKEN, String(value))).toBe(token);
        expect(binary(INT4, TOKEN, int(4)(value))?.readInt32BE(0)).toBe(Number(token));
      }),
      { numRuns: 300 },
    );
  });

  it("of two integers are never one", () => {
    const seen = new Set(Array.from({ length: 3_000 }, (_, n) => text(INT4, TOKEN, String(n))));
    expect(seen.size).toBe(3_000);
  });

  it("of numbers that no bigint holds are beyond all bigints", () => {
    for (const value of ["1.5", "-0.001", "99999999999999999999"]) {
      expect(BigInt(text(NUMERIC, TOKEN, value) ?? "")).toBeGreaterThan(2n ** 63n);
      expect(text(NUMERIC, TOKEN, value)).toBe(text(NUMERIC, TOKEN, value.includes(".") ? `${value}00` : value));
    }
    expect(text(NUMERIC, TOKEN, "NaN")).toBe("0");
  });

  it("of a uuid are one of version 8, the same in text and binary", () => {
    fc.assert(
      fc.property(fc.uuid(), (value) => {
        const token = text(UUID, TOKEN, value) ?? "";
        expect(token).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(binary(UUID, TOKEN, Buffer.from(value.replaceAll("-", ""), "hex"))?.toString("hex")).toBe(
          token.replaceAll("-", ""),
        );
      }),
    );
  });
});

describe("nothing of a value stays", () => {
  const specs: readonly MaskSpec[] = [{ transform: "constant" }, TOKEN, { transform: "null" }];
  it("with the constant or a token", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...specs),
        fc.constantFrom(
          TEXT,
          BPCHAR,
          CITEXT,
          INT4,
          INT8,
          NUMERIC,
          DATE,
          TIMESTAMPTZ,
          UUID,
          JSONB,
          FLOAT8,
          1009,
          20_001,
        ),
        fc.constantFrom(0, 1),
        fc.string({ minLength: 5 }),
        (spec, typeOid, format, value) => {
          const out = masked(typeOid, spec, value, { format })?.toString() ?? "";
          expect(out.includes(value)).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("buckets", () => {
  const bucket = (size: number): MaskSpec => ({ transform: "bucket", size });
  it.each([
    [INT4, 10, "47", "40"],
    [INT4, 10, "-1", "-10"],
    [INT4, 1000, "-2147483648", "0"],
    [INT8, 7, "9223372036854775807", "9223372036854775807"],
    [INT2, 100, "99", "0"],
    [NUMERIC, 0.5, "1.74", "1.5"],
    [NUMERIC, 0.5, "-1.74", "-2.0"],
    [NUMERIC, 1e-7, "0.00000019", "0.0000001"],
    [NUMERIC, 1000, "123456789012345678901234567890.9", "123456789012345678901234567000"],
    [NUMERIC, 10, "NaN", "0"],
    [FLOAT8, 0.25, "3.3", "3.25"],
    [FLOAT8, 10, "-0", "0"],
    [FLOAT8, 10, "1e+300", "1e+300"],
    [FLOAT8, 10, "Infinity", "0"],
    [FLOAT4, 100, "16777216", "16777200"],
  ])("type %i, width %d: %s is in %s", (typeOid, size, value, expected) => {
    expect(text(typeOid, bucket(size), value)).toBe(expected);
  });
});

describe("years and months", () => {
  const month = { transform: "month" } as const;
  const year = { transform: "year" } as const;
  it.each<[number, string, string, string]>([
    [DATE, "1980-02-03", "1980-02-01", "1980-01-01"],
    [DATE, "12345-02-03", "12345-02-01", "12345-01-01"],
    [DATE, "03.02.1980", "01.02.1980", "01.01.1980"],
    [DATE, "25/12/1980", "01/01/1980", "01/01/1980"],
    [DATE, "12-25-1980", "01-01-1980", "01-01-1980"],
    [DATE, "0044-03-15 BC", "1970-01-01", "1970-01-01"],
    [DATE, "infinity", "1970-01-01", "1970-01-01"],
    [TIMESTAMP, "1980-02-03 23:59:59.999999", "1980-02-01 00:00:00", "1980-01-01 00:00:00"],
    [TIMESTAMP, "Sun Feb 03 10:00:00 1980", "Fri Feb 01 00:00:00 1980", "Tue Jan 01 00:00:00 1980"],
    [TIMESTAMP, "Sun 03 Feb 10:00:00.5 1980", "Fri 01 Feb 00:00:00 1980", "Tue 01 Jan 00:00:00 1980"],
    [TIMESTAMPTZ, "1980-12-31 23:30:00-05", "1981-01-01 00:00:00+00", "1981-01-01 00:00:00+00"],
    [TIMESTAMPTZ, "1981-01-01 05:00:00+05:30", "1980-12-01 00:00:00+00", "1980-01-01 00:00:00+00"],
    [TIMESTAMPTZ, "03.02.1980 10:00:00 UTC", "01.02.1980 00:00:00 UTC", "01.01.1980 00:00:00 UTC"],
    [TIMESTAMPTZ, "03.02.1980 10:00:00 CET", "1970-01-01 00:00:00+00", "1970-01-01 00:00:00+00"],
  ])("type %i: %s is %s and %s", (typeOid, value, asMonth, asYear) => {
    expect(text(typeOid, month, value)).toBe(asMonth);
    expect(text(typeOid, year, value)).toBe(asYear);
  });

  it("are those of the calendar, in binary too", () => {
    const epoch = Date.UTC(2000, 0, 1);
    const between = fc.date({
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(between, fc.boolean(), (date, byYear) => {
        const iso = date.toISOString();
        const begin = `${byYear ? iso.slice(0, 4) : iso.slice(0, 7)}${byYear ? "-01-01" : "-01"}`;
        const spec = byYear ? year : month;
        expect(text(DATE, spec, iso.slice(0, 10))).toBe(begin);
        const micros = Buffer.alloc(8);
        micros.writeBigInt64BE(BigInt(date.getTime() - epoch) * 1000n);
        const out = binary(TIMESTAMPTZ, spec, micros)?.readBigInt64BE(0) ?? 0n;
        expect(Number(out / 1000n)).toBe(Date.parse(begin) - epoch);
      }),
    );
  });
});

describe("redact", () => {
  it("replaces what detectors find and leaves the rest", () => {
    const spec = { transform: "redact" } as const;
    expect(text(TEXT, spec, "call ann@example.com")).toBe("call [mail]");
    expect(text(JSONB, spec, '{"a": "ann@example.com", "n": 4111111111111111}')).toBe('{"a": "[mail]", "n": 0}');
  });
});

describe("JSON by path", () => {
  const at = (paths: Record<string, MaskSpec>): MaskSpec => ({
    transform: "json",
    paths: Object.entries(paths).map(([path, mask]) => ({
      path,
      mask: mask as Exclude<MaskSpec, { transform: "json" }>,
    })),
  });
  const constant = { transform: "constant" } as const;

  it.each<[Record<string, MaskSpec>, string, string]>([
    [
      { "$.ssn": { transform: "last", keep: 4 }, "$.contact.email": { transform: "email_domain" } },
      '{"id": 1, "ssn": "123-45-6789", "contact": {"email": "ann@example.com", "x": [1, 2]}}',
      '{"id": 1, "ssn": "****6789", "contact": {"email": "***@example.com", "x": [1, 2]}}',
    ],
    [{ "$.a": constant }, '{"a":"x","\\u0061":"y","A":"z"}', '{"a":"***","\\u0061":"***","A":"z"}'],
    [{ "$.a": constant }, '{"a":1.5e9,"b":123456789012345678901.50}', '{"a":0,"b":123456789012345678901.50}'],
    [{ "$.a": constant }, '{"a":true}', '{"a":false}'],
    [{ "$.a": constant }, '{"a":{"secret key":1}}', '{"a":null}'],
    [{ "$.a": constant }, '{"a":[1,"x"]}', '{"a":null}'],
    [{ "$.a[*]": constant }, '{"a":[1,"x",null]}', '{"a":[0,"***",null]}'],
    [{ "$[1].a": constant }, '[{"a":1},{"a":2}]', '[{"a":1},{"a":0}]'],
    [{ "$..a": constant }, '{"a":1,"b":[{"a":2,"c":{"a":"x"}}]}', '{"a":0,"b":[{"a":0,"c":{"a":"***"}}]}'],
    [{ "$..a.b": constant }, '{"a":{"a":{"b":1},"b":2},"b":3}', '{"a":{"a":{"b":0},"b":0},"b":3}'],
    [{ "$.*": { transform: "null" } }, '{"a":1,"b":"x"}', '{"a":null,"b":null}'],
    [
      { "$.a": constant, "$.*": { transform: "email_domain" } },
      '{"a":"x@y.zz","b":"x@y.zz"}',
      '{"a":"***","b":"***@y.zz"}',
    ],
    [{ "$.n": { transform: "bucket", size: 10 } }, '{"n":47.5}', '{"n":40}'],
    [{ "$.d": { transform: "year" } }, '{"d":"1980-02-03T04:05:06Z"}', '{"d":"1980-01-01"}'],
    [{ "$.d": { transform: "redact" } }, '{"d":"see ann@example.com"}', '{"d":"see [mail]"}'],
    [{ "$.a": { transform: "last", keep: 2 } }, '{"a":"\\ud83d\\ude42 \\"q\\""}', '{"a":"****q\\""}'],
    [{ "$.none": constant }, ' {"a" : [ ] , "b":{}} ', ' {"a" : [ ] , "b":{}} '],
  ])("%j of %s is %s", (paths, value, expected) => {
    expect(text(JSON_TYPE, at(paths), value)).toBe(expected);
    expect(text(JSONB, at(paths), value)).toBe(expected);
    expect(masked(JSONB, at(paths), `\x01${value}`, { format: 1 })?.toString()).toBe(`\x01${expected}`);
  });

  it.each([
    "",
    "{",
    '{"a":1}}',
    '{"a":1,}',
    '{"a" 1}',
    "{'a':1}",
    '{"a":01}',
    '{"a":"x\n"}',
    '{"a":tru}',
    `${"[".repeat(501)}1${"]".repeat(501)}`,
  ])("what is no JSON becomes the constant: %j", (value) => {
    expect(text(JSONB, at({ "$.a": constant }), value)).toBe("null");
  });

  it("what no path names is looked through as in a column without a label", () => {
    const content = contentMask(JSONB, 1, { detectors: detectorSet(["email"]), found: () => {} });
    const value = '\x01{"a":"x@y.org","b":["see x@y.org"],"c":"x@y.org"}';
    const spec = at({ "$.a": { transform: "email_domain" } });
    expect(masked(JSONB, spec, value, { format: 1, content })?.toString()).toBe(
      '\x01{"a":"***@y.org","b":["see [mail]"],"c":"[mail]"}',
    );
  });

  it("tokens are those of columns with the label", () => {
    const paths = at({ "$.m": TOKEN, "$.n": TOKEN });
    expect(JSON.parse(text(JSONB, paths, '{"m":"ann@example.com","n":42}') ?? "")).toEqual({
      m: text(TEXT, TOKEN, "ann@example.com"),
      n: Number(text(INT4, TOKEN, "42")),
    });
  });

  it("of any document is what walking its values gives", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, key) => {
        const document = { [key]: "ann.needle", nested: [{ [key]: ["ann.needle"] }, value], a: value };
        const out = text(JSONB, at({ "$..a": constant }), JSON.stringify(document)) ?? "";
        expect(JSON.parse(out)).toEqual(
          JSON.parse(JSON.stringify(document), (name, each) => (name === "a" ? of(each) : each)),
        );
      }),
      { numRuns: 300 },
    );
  });

  function of(value: unknown): unknown {
    if (typeof value === "string") return "***";
    if (typeof value === "number") return 0;
    return typeof value === "boolean" ? false : null;
  }
});
