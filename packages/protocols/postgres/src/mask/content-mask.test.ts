import { activeDetectors, redactedPayload } from "@tidewaiter/toolkit/content/active-detectors";
import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnMask } from "./column-mask.ts";
import { contentMask, redactedValue } from "./content-mask.ts";
import { copyFormat } from "./copy-values.ts";
import { CopyMask } from "./mask-copy.ts";
import type { RowMask } from "./mask-rows.ts";
import { maskRows } from "./mask-rows.ts";
import { NO_SERVER_TYPES } from "./server-types.ts";

const SEVEN = ["email", "us_ssn", "payment_card", "iban", "phone", "jwt", "private_key"];
const TEXT = 25;
const JSONB = 3802;
const TEXT_ARRAY = 1009;
const CITEXT = 20_000;

function content(typeOid: number, format: number, found: (name: string) => void = () => {}) {
  const mask = contentMask(typeOid, format, { detectors: detectorSet(SEVEN), found });
  if (mask === undefined) throw new Error("holds text");
  return mask;
}

function redacted(typeOid: number, value: string, format = 0): string | undefined {
  return redactedValue(content(typeOid, format), Buffer.from(value))?.toString();
}

/** DataRow: type, int32 length, int16 columns, then int32 length (-1 NULL) and bytes of each. */
function row(...values: readonly (string | null)[]): Buffer {
  const parts: Buffer[] = [];
  for (const value of values) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    parts.push(length, Buffer.from(value ?? ""));
  }
  const body = Buffer.concat(parts);
  const header = Buffer.from("D\0\0\0\0\0\0");
  header.writeInt32BE(6 + body.length, 1);
  header.writeInt16BE(values.length, 5);
  return Buffer.concat([header, body]);
}

describe("contentMask", () => {
  it.each([
    [TEXT, 0, "reach ann@example.com now", "reach [mail] now"],
    [1043, 1, "card 4111 1111 1111 1111.", "card [card]."],
    [142, 0, "<a b='ann@example.com'>&lt;bob@example.com&gt;</a>", "<a b='[mail]'>&lt;[mail]&gt;</a>"],
    [TEXT_ARRAY, 0, '{ann@example.com,"a \\"bob@example.com\\" b",NULL}', '{[mail],"a \\"[mail]\\" b",NULL}'],
    [3614, 0, "'ann@example.com':2 'call':1", "'[mail]':2 'call':1"],
    [CITEXT, 0, "ann@example.com", "[mail]"],
    [CITEXT, 1, "\x00\x0fann@example.com", "\x00\x0f***************"],
    [TEXT_ARRAY, 1, "\x00\x0fann@example.com\x00", "\x00\x0f***************\x00"],
    [JSONB, 1, '\x01{"a": "ann@example.com"}', '\x01{"a": "[mail]"}'],
  ])("type %i in format %i: %j -> %j", (typeOid, format, value, expected) => {
    expect(redacted(typeOid, value, format)).toBe(expected);
  });

  it.each([16, 17, 20, 23, 700, 1082, 1114, 1700, 2950])("leaves type %i alone", (typeOid) => {
    expect(contentMask(typeOid, 0, { detectors: detectorSet(SEVEN), found: () => {} })).toBeUndefined();
  });

  it.each([
    ['{"card": 4111111111111111, "n": -4111111111111111}', { card: 0, n: -0 }],
    ['{"a": "x\\nann@example.com"}', { a: "x\n[mail]" }],
    ['{"a": "\\\\ann@example.com"}', { a: "\\[mail]" }],
    ['{"a": "\\"ann@example.com\\""}', { a: '"[mail]"' }],
    ['{"a": "\\u00e9ann@example.com"}', { a: "é[mail]" }],
    ['{"ann@example.com": ["+14155550142", 536904399]}', { "[mail]": ["[phone]", 536904399] }],
    ['{"ssn":536904399}', { ssn: 0 }],
    ['{"k":"-----BEGIN PRIVATE KEY-----\\nMC4C\\n"}', { k: "[key]" }],
    [
      '{"k":"-----BEGIN PRIVATE KEY-----","l":"-----END PRIVATE KEY-----"}',
      { k: "[key]", l: "-----END PRIVATE KEY-----" },
    ],
  ])("keeps %s valid JSON", (text, expected) => {
    expect(JSON.parse(redacted(114, text) ?? "undefined")).toEqual(expected);
  });

  it("keeps any JSON valid and never leaves the address", () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), fc.string(), (any, before, after) => {
        const text = `{"x":${any},"y":${JSON.stringify(`${before} ann.needle@example.com ${after}`)}}`;
        const shown = redacted(114, text) ?? text;
        expect(() => JSON.parse(shown)).not.toThrow();
        expect(shown).not.toContain("ann.needle@example.com");
      }),
      { numRuns: 500 },
    );
  });
});

describe("maskRows with content", () => {
  const mask: RowMask = [undefined, content(TEXT, 0), content(TEXT, 0)];

  it("gives nothing back when nothing is found", () => {
    const run = Buffer.concat([row("1", "plain", null), row("2", "", "text")]);
    expect(maskRows(mask, run, 0, run.length, 2)).toBeUndefined();
  });

  it("changes only what was found, and the lengths around it", () => {
    const run = Buffer.concat([
      row("ann@example.com", "a", null),
      row("2", "see ann@example.com", "536-90-4399"),
      row("3", "é", "x"),
      row("4", null, "+14155550142!"),
    ]);
    expect(maskRows(mask, run, 0, run.length, 4)).toEqual(
      Buffer.concat([
        row("ann@example.com", "a", null),
        row("2", "see [mail]", "[ssn]"),
        row("3", "é", "x"),
        row("4", null, "[phone]!"),
      ]),
    );
  });

  it("works beside columns that are masked whole, inside of a larger buffer", () => {
    const input = {
      spec: { transform: "constant" },
      typeOid: TEXT,
      format: 0,
      label: "l",
      tokenKey: Buffer.alloc(1),
      utf8: true,
      types: NO_SERVER_TYPES,
    } as const;
    const both: RowMask = [columnMask(input), content(TEXT, 0)];
    const run = Buffer.concat([Buffer.from("xx"), row("secret", "a@b.co"), row("s", "t"), Buffer.from("yy")]);
    expect(maskRows(both, run, 2, run.length - 2, 2)).toEqual(Buffer.concat([row("***", "[mail]"), row("***", "t")]));
  });

  it("is the same as every value by itself", () => {
    const value = fc.option(
      fc
        .array(
          fc.oneof(
            fc.constantFrom("ann@example.com", "536-90-4399", " ", "4111111111111111"),
            fc.string({ maxLength: 6 }),
          ),
          { maxLength: 5 },
        )
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 6 }), (rows) => {
        const run = Buffer.concat(rows.map((values) => row(...values)));
        const one = (cell: string | null): string | null => (cell === null ? null : (redacted(TEXT, cell) ?? cell));
        const expected = Buffer.concat(rows.map(([a, b, c]) => row(a, one(b), one(c))));
        expect(maskRows(mask, run, 0, run.length, rows.length) ?? run).toEqual(expected);
      }),
    );
  });

  it.each([
    ["another number of columns", row("1", "2")],
    ["a length past the end", Buffer.concat([row("1", "2", "3").subarray(0, -1)])],
    ["a row shorter than its header", Buffer.from("4400000004", "hex")],
  ])("refuses %s", (_, run) => {
    expect(() => maskRows(mask, run, 0, run.length, 1)).toThrow(expect.objectContaining({ code: "malformed_message" }));
  });
});

describe("COPY with content", () => {
  const copyData = (line: string): Buffer => {
    const message = Buffer.alloc(5 + Buffer.byteLength(line));
    message.write("d", 0);
    message.writeInt32BE(message.length - 1, 1);
    message.write(line, 5);
    return message;
  };
  const apply = (format: "text" | "csv", lines: readonly string[], options: Record<string, string> = {}) => {
    const mask = new CopyMask([undefined, content(TEXT, 0)], copyFormat({ format, options } as never));
    const run = Buffer.concat(lines.map(copyData));
    return { run, out: mask.apply(run, 0, run.length) };
  };

  it("passes a run without findings", () => {
    expect(apply("text", ["1\tplain\n", "2\t\\N\n"]).out).toBeUndefined();
    expect(apply("csv", ["1,plain\n", "2,\n"]).out).toBeUndefined();
  });

  it("redacts in text, with its escapes", () => {
    const { out } = apply("text", [
      "1\tplain\n",
      "2\ta\\n4111111111111111\\\\ \\t\n",
      "ann@example.com\tx\n",
      "4\t\\N\n",
    ]);
    expect(out).toEqual(
      Buffer.concat(["1\tplain\n", "2\ta\\n[card]\\\\ \\t\n", "ann@example.com\tx\n", "4\t\\N\n"].map(copyData)),
    );
  });

  it("redacts in csv, quoted or not, with odd quotes and delimiters", () => {
    expect(apply("csv", ["1,ann@example.com\n", '2,"a ""x"", 536-90-4399"\n']).out).toEqual(
      Buffer.concat(['1,"[mail]"\n', '2,"a ""x"", [ssn]"\n'].map(copyData)),
    );
    expect(apply("csv", ["1-@x 536@@90 y@\n", "1-@536-90-4399@\n"], { delimiter: "-", quote: "@" }).out).toEqual(
      Buffer.concat(["1-@x 536@@90 y@\n", "1-@[ssn]@\n"].map(copyData)),
    );
    expect(apply("text", ["1-536\\-90\\-4399\n"], { delimiter: "-" }).out).toEqual(copyData("1-[ssn]\n"));
  });
});

describe("activeDetectors", () => {
  const defined = [
    { name: "pii.email", detect: ["email"] },
    { name: "pii.contact", detect: ["email", "phone", "no such detector"] },
    { name: "pii.name", detect: [] },
  ];

  it("leaves out what the principal may see", () => {
    const verdict = { unlabelledText: "detect", masks: { "pii.email": "show" } } as const;
    expect(activeDetectors(defined, verdict)?.labels).toEqual(
      new Map([
        ["email", ["pii.contact"]],
        ["phone", ["pii.contact"]],
        ["no such detector", ["pii.contact"]],
      ]),
    );
    const all = { unlabelledText: "detect", masks: { "pii.email": "show", "pii.contact": "show" } } as const;
    expect(activeDetectors(defined, all)).toBeUndefined();
  });

  it("looks for everything without a verdict, and for nothing when the policy says pass", () => {
    expect(activeDetectors(defined, undefined)?.labels.get("email")).toEqual(["pii.email", "pii.contact"]);
    expect(activeDetectors(defined, { unlabelledText: "pass", masks: {} })).toBeUndefined();
  });

  it("looks for patterns and national numbers of hidden labels only", () => {
    const own = [
      { name: "pii.staff", detect: ["badge"], patterns: [{ name: "badge", pattern: "EMP-[0-9]{6}" }] },
      { name: "pii.phone", detect: ["phone"], phoneRegions: ["US"] },
    ];
    const text = "EMP-123456 415-555-0142";
    const seen = (masks: Record<string, "show">) => redactedPayload(own, { unlabelledText: "detect", masks }, text);
    expect(seen({})).toBe("[badge] [phone]");
    expect(seen({ "pii.staff": "show" })).toBe("EMP-123456 [phone]");
    expect(seen({ "pii.phone": "show" })).toBe("[badge] 415-555-0142");
    expect(seen({ "pii.staff": "show", "pii.phone": "show" })).toBe("");
    expect(redactedPayload(own, undefined, text)).toBe("[badge] [phone]");
    expect(redactedPayload([{ name: "a", detect: [] }], undefined, text)).toBe("");
  });

  it("never lets a value grow, even where a finding begins inside of an escape", () => {
    const detectors = detectorSet([], { patterns: [{ name: "hex", pattern: "[0-9a-f]{6}" }] });
    const mask = contentMask(114, 0, { detectors, found: () => {} });
    const value = Buffer.from('{"a":"\\u00e9ab"}');
    expect(mask && redactedValue(mask, value)?.toString()).toBe('{"a":"\\u00e9**"}');
  });
});
