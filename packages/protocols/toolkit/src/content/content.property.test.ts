import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DETECTOR_NAMES } from "./detector.ts";
import type { DetectorSet } from "./detector-set.ts";
import { detectorSet, markerOf, setForColumn } from "./detector-set.ts";
import { FOUND } from "./examples.test-data.ts";
import { findSensitive } from "./find-sensitive.ts";
import { candidates } from "./prefilter.ts";
import type { Span } from "./span.ts";
import { mergedSpans } from "./span.ts";

const PATTERNS = [
  { name: "employee", pattern: "EMP-[0-9]{4,6}" },
  { name: "folded", pattern: "(?i)ticket#[a-z]{1,4}" },
  { name: "digits", pattern: "\\b4711-[0-9]{1,3}\\b" },
  { name: "start", pattern: "^(?:ab|cd):[0-9]" },
];
const UNSURE = { name: "unsure", pattern: "[0-9]{2}/[0-9]{2}|x{3}" };
const phoneRegions = ["US", "DE", "FR", "GB"];

const all = detectorSet(DETECTOR_NAMES, { patterns: PATTERNS, phoneRegions });
const everyNamed = { ...all, detectors: all.detectors.map((detector) => ({ ...detector, named: true })) };
/** Every detector by itself, with and without a column's name that speaks of it. */
const alone: readonly (readonly [string, DetectorSet])[] = [
  ...DETECTOR_NAMES.map((name) => [name, detectorSet([name], name === "phone" ? { phoneRegions } : {})] as const),
  ...PATTERNS.map((pattern) => [pattern.name, detectorSet([], { patterns: [pattern] })] as const),
];

/** Texts with findings, by detector. */
const NEEDLES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(FOUND).map(([name, texts]) => [name, texts.map((each) => each.replaceAll(/[«»]/g, ""))]),
  ),
  bare: ["536904399", "111222333", "8112189876", "415-555-0142", "(415) 555-0142", "030 901820", "01512 3456789"],
  employee: ["EMP-12345"],
  folded: ["TICKET#ab"],
  digits: ["4711-12"],
  start: ["ab:1"],
  unsure: ["xxx", "12/34"],
};
const EVERY_NEEDLE = Object.values(NEEDLES).flat();

/** Random bytes nearly never come close to a finding; these pieces do. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...EVERY_NEEDLE) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...EVERY_NEEDLE), fc.nat(60), fc.nat(60))
      .map(([needle, from, length]) => needle.slice(from, from + length)),
  },
  { weight: 3, arbitrary: fc.constantFrom(..."0123456789@+-. \\\"'{}[]<>_/Jn:()#,AaZ") },
  fc.constantFrom(
    "ey",
    "eyJ",
    "-----",
    "BEGIN ",
    "DE",
    "de89",
    "\u00a0",
    "\u2011",
    "4242",
    "ssn",
    "\\n",
    ".com",
    "é",
    "::",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join("")));
const bytes = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)) },
);

/** What the detectors find without the prefilter. */
function checked(set: DetectorSet, buffer: Buffer, start = 0, end = buffer.length): Span[] {
  const spans: Span[] = [];
  for (const { find, named } of set.detectors) find(buffer, start, end, spans, named);
  return spans;
}

describe("prefilter", () => {
  it.each([
    ["all detectors", all],
    ["all detectors, named", everyNamed],
    ["with a pattern that has no sure text", detectorSet(DETECTOR_NAMES, { patterns: [...PATTERNS, UNSURE] })],
  ])("never misses a finding: prefilter and check = check, %s", (_, set) => {
    fc.assert(
      fc.property(bytes, (buffer) => {
        expect(findSensitive(buffer, 0, buffer.length, set)).toEqual(mergedSpans(checked(set, buffer)));
      }),
      { numRuns: 1500 },
    );
  });

  it.each(alone)("holds for %s alone, in every range around a value", (name, set) => {
    const named = { ...set, detectors: set.detectors.map((detector) => ({ ...detector, named: true })) };
    let found = 0;
    const own = fc.tuple(fc.constantFrom(...(NEEDLES[name] ?? [])), text).map(([needle, rest]) => `${needle}${rest}`);
    const value = fc.oneof(
      bytes,
      own.map((each) => Buffer.from(each)),
    );
    fc.assert(
      fc.property(bytes, value, bytes, (before, value, after) => {
        const line = Buffer.concat([before, value, after]);
        for (const one of [set, named]) {
          const spans = checked(one, line, before.length, before.length + value.length);
          found += spans.length;
          if (spans.length > 0) expect(candidates(line, 0, line.length, one)).not.toBe(0);
          expect(findSensitive(value, 0, value.length, one)).toEqual(mergedSpans(checked(one, value)));
        }
      }),
      { numRuns: 300 },
    );
    expect(found, name).toBeGreaterThan(0);
  });

  it("is the same for the columns of a line", () => {
    for (const [name, set] of alone) {
      const column = setForColumn(set, "ssn_bsn_aadhaar_phone_pnr_nir");
      expect([name, column.triggers, column.bits, column.digitBits]).toEqual([
        name,
        set.triggers,
        set.bits,
        set.digitBits,
      ]);
    }
  });
});

describe("findSensitive", () => {
  it("gives ordered spans inside of the range, without overlaps and no shorter than their marker", () => {
    fc.assert(
      fc.property(bytes, fc.nat(20), fc.nat(20), (buffer, skip, cut) => {
        const start = Math.min(skip, buffer.length);
        const end = Math.max(start, buffer.length - cut);
        let free = start;
        for (const span of findSensitive(buffer, start, end, everyNamed)) {
          expect(span.start).toBeGreaterThanOrEqual(free);
          expect(span.end).toBeLessThanOrEqual(end);
          expect(span.end - span.start).toBeGreaterThanOrEqual(markerOf(all, span.detector).length);
          free = span.end;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("does not depend on what lies outside of the range", () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, value, after) => {
        const line = Buffer.concat([before, value, after]);
        const there = findSensitive(line, before.length, before.length + value.length, everyNamed);
        const apart = findSensitive(value, 0, value.length, everyNamed);
        expect(there.map(({ start, end }) => [start - before.length, end - before.length])).toEqual(
          apart.map(({ start, end }) => [start, end]),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
