import type { MaskSpec, SqlCopyOptions } from "@tidewaiter/core";
import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { findSensitive } from "@tidewaiter/toolkit/content/find-sensitive";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnMask } from "./column-mask.ts";
import { contentMask } from "./content-mask.ts";
import { copyFormat, isSplittable } from "./copy-values.ts";
import { MAX_HELD_BYTES } from "./held-message.ts";
import { CopyMask } from "./mask-copy.ts";
import type { CellMask, RowMask } from "./mask-rows.ts";
import { NO_SERVER_TYPES } from "./server-types.ts";

const TEXT = 25;
const detectors = detectorSet(["email", "us_ssn"]);

function column(spec: MaskSpec): CellMask {
  const rest = { label: "l", tokenKey: Buffer.alloc(1), utf8: true, types: NO_SERVER_TYPES };
  return columnMask({ typeOid: TEXT, spec, format: 0, ...rest });
}

const constant = column({ transform: "constant" });
const last4 = column({ transform: "last", keep: 4 });
const content = contentMask(TEXT, 0, { detectors, found: () => {} });

type Options = Partial<SqlCopyOptions>;
type Format = "text" | "csv";

const made = (format: Format | "binary", options: Options = {}) =>
  copyFormat({ format, options: { other: [], ...options } } as never);

function copyData(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as Buffer);
  const header = Buffer.from("d\0\0\0\0");
  header.writeInt32BE(4 + bytes.length, 1);
  return Buffer.concat([header, bytes]);
}

/** Bodies of the messages, joined. */
function bodies(messages: Buffer): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < messages.length; ) {
    expect(messages[at]).toBe(0x64);
    const next = at + 1 + messages.readInt32BE(at + 1);
    out.push(messages.subarray(at + 5, next));
    at = next;
  }
  return Buffer.concat(out);
}

function whole(mask: RowMask, format: Format | "binary", line: string | Buffer, options: Options = {}): string {
  const message = copyData(line);
  return bodies(new CopyMask(mask, made(format, options)).apply(message, 0, message.length) ?? message).toString();
}

function streamed(
  mask: RowMask,
  format: Format | "binary",
  line: string | Buffer,
  options: Options = {},
  cuts: readonly number[] = [],
): Buffer {
  const message = copyData(line);
  const stream = new CopyMask(mask, made(format, options)).stream(message.length);
  const places = [0, ...cuts.map((cut) => Math.floor(cut * message.length)), message.length].sort((a, b) => a - b);
  const out = places.slice(1).flatMap((end, index) => [...stream.push(message.subarray(places[index], end))]);
  return Buffer.concat([...out, ...stream.finish()]);
}

/** As the server writes a value (copyto.c, CopyAttributeOutText and CopyAttributeOutCSV). */
function written(
  value: string | null,
  format: Format,
  { delimiter, quote = '"', escape: mark = quote, ...rest }: Options,
): string {
  const nothing = rest.null ?? (format === "csv" ? "" : "\\N");
  if (value === null) return nothing;
  const separator = delimiter ?? (format === "csv" ? "," : "\t");
  if (format === "csv") {
    const plain = value !== nothing && ![separator, quote, "\n", "\r"].some((special) => value.includes(special));
    if (plain && rest.forceQuote === undefined) return value;
    return `${quote}${[...value].map((c) => (c === quote || c === mark ? mark + c : c)).join("")}${quote}`;
  }
  const letters: Record<string, string> = { "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v" };
  return [...value]
    .map((c) => (letters[c] ? `\\${letters[c]}` : c === "\\" || c === separator ? `\\${c}` : c))
    .join("");
}

function line(values: readonly (string | null)[], format: Format, options: Options): string {
  const mark = options.delimiter ?? (format === "csv" ? "," : "\t");
  return `${values.map((value) => written(value, format, options)).join(mark)}\n`;
}

/** A constant as the masks write it: csv always quotes. */
const masked = (value: string, format: Format, options: Options): string =>
  format === "csv" ? written(value, format, { ...options, forceQuote: "*" }) : written(value, format, options);

const optionsOf = fc.constantFrom<readonly [Format, Options]>(
  ["text", {}],
  ["text", { delimiter: "|" }],
  ["text", { delimiter: ";", null: "\\N" }],
  ["csv", {}],
  ["csv", { delimiter: ";" }],
  ["csv", { quote: "'", escape: "\\" }],
  ["csv", { delimiter: "|", quote: "^", escape: "^", null: "NULL" }],
  ["csv", { delimiter: "*" }],
  ["csv", { forceQuote: "*", null: "x" }],
);
const awkward = fc.constantFrom(
  "\\",
  '"',
  "'",
  "\n",
  "\r",
  "\t",
  ",",
  ";",
  "|",
  "^",
  "\\.",
  "\\N",
  "NULL",
  "*",
  "a",
  "é",
);
const value = fc.option(
  fc.oneof(
    fc.array(awkward, { maxLength: 8 }).map((parts) => parts.join("")),
    fc.string(),
  ),
);
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

describe("columns of COPY", () => {
  it("are masked in any format, whole and in pieces, and the others stay byte for byte", () => {
    fc.assert(
      fc.property(
        optionsOf,
        fc.array(fc.tuple(value, fc.boolean()), { minLength: 1, maxLength: 5 }),
        cuts,
        (how, cells, where) => {
          const [format, options] = how;
          const mask = cells.map(([, hidden]) => (hidden ? constant : undefined));
          const before = line(
            cells.map(([each]) => each),
            format,
            options,
          );
          const mark = options.delimiter ?? (format === "csv" ? "," : "\t");
          const expected = cells
            .map(([each, hidden]) =>
              hidden && each !== null ? masked("***", format, options) : written(each, format, options),
            )
            .join(mark);
          expect(whole(mask, format, before, options)).toBe(`${expected}\n`);
          expect(bodies(streamed(mask, format, before, options, where)).toString()).toBe(`${expected}\n`);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("are given to transforms as values", () => {
    const text = 'a\\"b;c\n12\\4"';
    for (const [format, options] of [
      ["text", {}],
      ["text", { delimiter: ";" }],
      ["csv", {}],
      ["csv", { quote: "'", escape: "\\" }],
    ] as const) {
      const expected = `${masked('****2\\4"', format, options)}\n`;
      expect(whole([last4], format, line([text], format, options), options)).toBe(expected);
      expect(bodies(streamed([last4], format, line([text], format, options), options, [0.4])).toString()).toBe(
        expected,
      );
    }
  });

  it("NULL stays NULL; in text a value that looks like the NULL option is masked", () => {
    expect(whole([constant, constant], "text", "\\N\t\\\\N\n")).toBe("\\N\t***\n");
    expect(whole([constant, constant], "csv", ',""\n')).toBe(',"***"\n');
    const options = { null: "ann@example.com" };
    expect(whole([constant, undefined], "text", "ann@example.com\tann@example.com\n", options)).toBe(
      "***\tann@example.com\n",
    );
    expect(bodies(streamed([constant], "text", "ann@example.com\n", options)).toString()).toBe("***\n");
    expect(whole([constant], "csv", '"ann@example.com"\n', options)).toBe('"***"\n');
    expect(whole([content], "text", "ann@example.com\n", options)).toBe("[mail]\n");
  });

  it("a line of names passes", () => {
    const mask = new CopyMask([constant], made("csv", { header: true }));
    const [names, row] = [copyData("secret\n"), copyData("value\n")];
    expect(mask.apply(Buffer.concat([names, row]), 0, names.length + row.length)).toEqual(
      Buffer.concat([names, copyData('"***"\n')]),
    );
    const streams = new CopyMask([constant], made("csv", { header: true }));
    expect(streams.stream(names.length).push(names)).toEqual([names]);
    expect(Buffer.concat([...streams.stream(row.length).push(row)])).toEqual(copyData('"***"\n'));
  });

  it.each<[Format, string]>([
    ["text", "1\t2\n"],
    ["text", "1"],
    ["csv", "1,2\n"],
    ["csv", '"1\n'],
  ])("a line with other columns is refused: %s %j", (format, text) => {
    const refusal = expect.objectContaining({ code: "malformed_message" });
    expect(() => whole([constant], format, text)).toThrow(refusal);
    expect(() => streamed([constant], format, text)).toThrow(refusal);
  });
});

describe("content in COPY", () => {
  /** Every finding overwritten. */
  function overwritten(text: string, fill = "*"): string {
    const bytes = Buffer.from(text);
    for (const { start, end } of findSensitive(bytes, 0, bytes.length, detectors)) bytes.fill(fill, start, end);
    return bytes.toString();
  }

  it("is overwritten in pieces, behind escapes and quotes too", () => {
    const parts = fc.array(fc.oneof(awkward, fc.constantFrom("ann@example.com", "536-90-4399", " ")), { maxLength: 9 });
    fc.assert(
      fc.property(optionsOf, parts, cuts, ([format, options], made, where) => {
        const text = made.join("");
        const before = line(["id", text], format, options);
        const quoted = format === "csv" && written(text, format, options).startsWith(options.quote ?? '"');
        const fill = options.delimiter === "*" ? "x" : "*";
        const shown = written(overwritten(text, fill), format, quoted ? { ...options, forceQuote: "*" } : options);
        const expected =
          before === line(["id", null], format, options)
            ? before
            : `${line(["id"], format, options).slice(0, -1)}${options.delimiter ?? (format === "csv" ? "," : "\t")}${shown}\n`;
        expect(bodies(streamed([undefined, content], format, before, options, where)).toString()).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe("long lines", () => {
  it("are one message while little is held, and several beyond", () => {
    const short = `${"x".repeat(100_000)}\tsecret\n`;
    expect(streamed([undefined, constant], "text", short, {}, [0.5])).toEqual(
      copyData(`${"x".repeat(100_000)}\t***\n`),
    );
    const long = `${"x".repeat(MAX_HELD_BYTES)}\tsecret\n`;
    const out = streamed([undefined, constant], "text", long, {}, [0.3, 0.6]);
    expect(out.length).toBeGreaterThan(MAX_HELD_BYTES);
    expect(bodies(out).toString().endsWith("x\t***\n")).toBe(true);
  });

  it("of a masked value hold nothing of it", () => {
    const text = `1,"${'say ""x"" '.repeat(500_000)}",2\n`;
    expect(streamed([undefined, last4, undefined], "csv", text, {}, [0.1, 0.5])).toEqual(copyData('1,"***",2\n'));
  });
});

describe("binary COPY", () => {
  const signature = Buffer.concat([
    Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"),
    Buffer.from("0000000000000003616263", "hex"),
  ]);
  const tuple = (...values: readonly (string | null)[]): Buffer => {
    const count = Buffer.alloc(2);
    count.writeInt16BE(values.length);
    const cells = values.map((each) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(each === null ? -1 : Buffer.byteLength(each));
      return Buffer.concat([length, Buffer.from(each ?? "")]);
    });
    return Buffer.concat([count, ...cells]);
  };

  it("is masked whole and in pieces, behind its header", () => {
    const mask = [undefined, constant, last4];
    const before = Buffer.concat([signature, tuple("id", "secret", "12345678")]);
    const expected = Buffer.concat([signature, tuple("id", "***", "****5678")]);
    expect(whole(mask, "binary", before)).toBe(expected.toString());
    fc.assert(
      fc.property(cuts, (where) => {
        expect(streamed(mask, "binary", before, {}, where)).toEqual(copyData(expected));
      }),
    );
  });

  it("goes on as several messages when too much stands before a mask", () => {
    const long = "x".repeat(MAX_HELD_BYTES);
    const out = streamed([undefined, constant], "binary", Buffer.concat([signature, tuple(long, "secret")]), {}, [0.5]);
    expect(bodies(out).equals(Buffer.concat([signature, tuple(long, "***")]))).toBe(true);
  });
});

describe("isSplittable", () => {
  it.each(["UTF8", "utf-8", "LATIN1", "win1252", "EUC_JP", "SQL_ASCII", "KOI8R", "ISO_8859_5"])("%s", (name) => {
    expect(isSplittable(name)).toBe(true);
  });
  it.each(["SJIS", "Shift_JIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004", "win932", "what", ""])(
    "not %s",
    (name) => {
      expect(isSplittable(name)).toBe(false);
    },
  );
});
