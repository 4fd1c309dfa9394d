import type { MaskSpec } from "@tidewaiter/core";
import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { findSensitive } from "@tidewaiter/toolkit/content/find-sensitive";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnMask } from "./column-mask.ts";
import { contentMask } from "./content-mask.ts";
import { ContentStream, LONGEST_FINDING } from "./content-stream.ts";
import { MAX_HELD_BYTES } from "./held-message.ts";
import type { CellMask, RowMask } from "./mask-rows.ts";
import { maskRows } from "./mask-rows.ts";
import { NO_SERVER_TYPES } from "./server-types.ts";
import { RowStream } from "./stream-rows.ts";

const DATA_ROW = 0x44;
const INT4 = 23;
const TEXT = 25;
const JSON_TYPE = 114;
const JSONB = 3802;
const detectors = detectorSet(["email", "us_ssn", "payment_card", "jwt", "private_key"]);

function column(typeOid: number, spec: MaskSpec, format = 0): CellMask {
  const rest = { label: "l", tokenKey: Buffer.alloc(1), utf8: true, types: NO_SERVER_TYPES };
  return columnMask({ typeOid, spec, format, ...rest });
}

function content(typeOid = TEXT, format = 0, found: string[] = []): CellMask {
  const mask = contentMask(typeOid, format, { detectors, found: (name) => found.push(name) });
  if (mask === undefined) throw new Error("holds text");
  return mask;
}

function row(values: readonly (string | Buffer | null)[]): Buffer {
  const cells = values.map((value) => {
    const bytes = Buffer.from(value ?? "");
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  });
  const header = Buffer.alloc(7);
  header[0] = DATA_ROW;
  header.writeInt16BE(values.length, 5);
  const out = Buffer.concat([header, ...cells]);
  out.writeInt32BE(out.length - 1, 1);
  return out;
}

/** Cuts at the places given, as parts of the whole. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function streamed(mask: RowMask | "everything", bytes: Buffer, cuts: readonly number[] = []): Buffer {
  const stream = new RowStream(DATA_ROW, mask, bytes.length);
  const out = pieces(bytes, cuts).flatMap((piece) => [...stream.push(piece)]);
  const rest = stream.finish();
  expect(stream.tooLong).toBe(false);
  return Buffer.concat([...out, ...rest]);
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const cell = fc.option(fc.string({ maxLength: 40 }));
const masks: readonly (CellMask | undefined)[] = [
  undefined,
  column(TEXT, { transform: "constant" }),
  column(TEXT, { transform: "token" }),
  column(TEXT, { transform: "last", keep: 2 }),
  column(TEXT, { transform: "null" }),
  column(JSONB, { transform: "json", paths: [{ path: "$.a", mask: { transform: "constant" } }] }),
];

describe("RowStream", () => {
  it("gives what masking the whole row gives, however it is cut", () => {
    const columns = fc.array(fc.tuple(fc.constantFrom(...masks), cell), { maxLength: 8 });
    fc.assert(
      fc.property(columns, cuts, (made, where) => {
        const mask = made.map(([each]) => each);
        const bytes = row(made.map(([, value]) => value));
        expect(streamed(mask, bytes, where)).toEqual(maskRows(mask, bytes, 0, bytes.length, 1) ?? bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("replaces binary values of one length while they pass", () => {
    const mask = [undefined, column(INT4, { transform: "constant" }, 1), column(INT4, { transform: "token" }, 1)];
    const bytes = row(["x".repeat(MAX_HELD_BYTES + 1), Buffer.from([0, 0, 0, 42]), Buffer.from([0, 0, 0, 42])]);
    const whole = maskRows(mask, bytes, 0, bytes.length, 1) ?? bytes;
    expect(streamed(mask, bytes, [0.3]).equals(whole)).toBe(true);
  });

  it("makes NULL of everything that nobody described", () => {
    expect(streamed("everything", row(["secret", null, "x".repeat(100_000)]), [0.5])).toEqual(row([null, null, null]));
  });

  it("holds nothing of a long value that is masked", () => {
    const mask = [undefined, column(TEXT, { transform: "last", keep: 4 }), undefined];
    const bytes = row(["id", "secret ".repeat(1_000_000), "after"]);
    expect(streamed(mask, bytes, [0.001, 0.5, 0.9])).toEqual(row(["id", "***", "after"]));
  });

  it("sends nothing when too much stands before a column whose mask changes its length", () => {
    const bytes = row(["x".repeat(MAX_HELD_BYTES), "secret"]);
    const stream = new RowStream(DATA_ROW, [undefined, column(TEXT, { transform: "constant" })], bytes.length);
    const out = pieces(bytes, [0.2, 0.4, 0.999]).flatMap((piece) => [...stream.push(piece)]);
    expect(stream.tooLong).toBe(true);
    expect(out).toEqual([]);
  });

  it.each([
    ["another number of columns", row(["1", "2"]), 1],
    ["a length past the end", Buffer.concat([row(["1"]).subarray(0, 7), Buffer.from("7fffffff", "hex")]), 1],
    ["a negative length", Buffer.concat([row(["1"]).subarray(0, 7), Buffer.from("fffffffe", "hex")]), 1],
    ["bytes left over", Buffer.concat([row(["1"]), Buffer.from("x")]), 1],
    ["a row that ends early", row(["12"]).subarray(0, -1), 1],
  ])("refuses %s", (_, bytes, columns) => {
    const mask = new Array(columns).fill(column(TEXT, { transform: "constant" }));
    expect(() => streamed(mask, bytes)).toThrow(expect.objectContaining({ code: "malformed_message" }));
  });

  it("tells what was found when the row is over", () => {
    const found: string[] = [];
    const bytes = row(["mail ann@example.com or bob@example.com", "x"]);
    const stream = new RowStream(DATA_ROW, [content(TEXT, 0, found), undefined], bytes.length);
    stream.push(bytes);
    stream.finish();
    expect(found).toEqual([]);
    stream.tell();
    expect(found).toEqual(["email"]);
  });
});

/** What a value becomes when all of it is there. */
function overwritten(value: string): string {
  const bytes = Buffer.from(value);
  for (const { start, end } of findSensitive(bytes, 0, bytes.length, detectors)) bytes.fill("*", start, end);
  return bytes.toString();
}

function redacted(mask: CellMask, value: Buffer, where: readonly number[] = []): Buffer {
  const stream = new ContentStream(mask as ReturnType<typeof contentMask> & object, () => {});
  const parts = pieces(value, where);
  return Buffer.concat(parts.flatMap((part, index) => [...stream.push(part, index === parts.length - 1)]));
}

describe("ContentStream", () => {
  const finding = fc.constantFrom("ann@example.com", "536-90-4399", "4111 1111 1111 1111");
  const filler = fc.tuple(fc.constantFrom("a ", "lorem ipsum ", "\n", "x,"), fc.integer({ min: 1, max: 30_000 }));

  it("finds in pieces what is found in the whole", () => {
    const parts = fc.array(fc.tuple(filler, finding), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(parts, cuts, (made, where) => {
        const value = made.map(([[text, times], found]) => `${text.repeat(times)} ${found} `).join("");
        expect(redacted(content(), Buffer.from(value), where).toString()).toBe(overwritten(value));
      }),
      { numRuns: 30 },
    );
  });

  it.each([-20, -10, -1, 0, 1])("finds what lies across the end of a window (%i)", (shift) => {
    for (const end of [128, 256].map((kB) => kB * 1024)) {
      const value = `${"x ".repeat((end + shift - 8) / 2)}ann@example.com ${"y ".repeat(150_000)}`;
      expect(redacted(content(), Buffer.from(value)).toString()).toBe(overwritten(value));
    }
  });

  const header = Buffer.from('{"alg":"HS256"}').toString("base64url");
  it.each([
    [
      "a key",
      `-----BEGIN RSA PRIVATE KEY-----\n${"MIIEsecretKEY\n".repeat(12_000)}-----END RSA PRIVATE KEY-----`,
      "secretKEY",
    ],
    ["a token", `${header}.${"c2VjcmV0".repeat(6_000)}.c2lnbmF0dXJl`, "c2VjcmV0"],
    ["a token without an end", `eyJ${"c2VjcmV0".repeat(60_000)}`, "c2VjcmV0"],
  ])("leaves nothing of %s that is longer than a window", (_, secret, part) => {
    for (const before of [0, 50_000, 65_530]) {
      const value = `${"z ".repeat(before / 2)}${secret} and ${"y ".repeat(40_000)}`;
      const out = redacted(content(), Buffer.from(value), [0.3, 0.31]).toString();
      expect(out).toHaveLength(value.length);
      expect(out).not.toContain(part);
      expect(out.endsWith("y ".repeat(40_000))).toBe(true);
    }
  });

  it("passes long text without spaces", () => {
    const value = Buffer.from("x".repeat(40 * LONGEST_FINDING));
    expect(redacted(content(), value, [0.5]).equals(value)).toBe(true);
  });

  it("keeps JSON valid and as long as it was", () => {
    const json = fc.tuple(fc.array(fc.jsonValue(), { maxLength: 30 }), filler, finding, fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(json, cuts, ([any, [text, times], found, digit], where) => {
        const document = [
          any,
          text.repeat(times),
          { [found]: `\n${found}\\"` },
          Number(`41111111111111${digit}1`),
          any,
        ];
        const value = Buffer.from(JSON.stringify(document));
        for (const mask of [content(JSON_TYPE), content(JSONB)]) {
          const out = redacted(mask, value, where);
          expect(out).toHaveLength(value.length);
          expect(() => JSON.parse(out.toString())).not.toThrow();
          expect(out.toString()).not.toContain(found);
        }
        const binary = redacted(content(JSONB, 1), Buffer.concat([Buffer.from([1]), value]), where);
        expect(binary[0]).toBe(1);
        expect(() => JSON.parse(binary.subarray(1).toString())).not.toThrow();
      }),
      { numRuns: 30 },
    );
  });
});
