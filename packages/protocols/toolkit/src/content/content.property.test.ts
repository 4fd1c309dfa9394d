import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitOf, DETECTOR_NAMES } from "./detector.ts";
import { detectorSet } from "./detector-set.ts";
import { findSensitive } from "./find-sensitive.ts";
import { candidates } from "./prefilter.ts";
import type { Span } from "./span.ts";
import { mergedSpans } from "./span.ts";

const all = detectorSet(DETECTOR_NAMES);

const NEEDLES = [
  "ann@example.com",
  "a@b.co",
  "536-90-4399",
  "ssn 536904399",
  "4539 5787 6362 1486",
  "378282246310005",
  "DE89 3704 0044 0532 0130 00",
  "MT84MALT011000012345MTLCAST001S",
  "+1 (415) 555-0142",
  "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.x",
  "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----",
];

/** Random bytes nearly never come close to a finding; these pieces do. */
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NEEDLES) },
  { weight: 3, arbitrary: fc.constantFrom(..."0123456789@+-. \\\"'{}[]<>_/Jn") },
  fc.constantFrom("ey", "eyJ", "-----", "BEGIN ", "DE", "de89", "\u00a0", "\u2011", "4242", "ssn", "\\n", ".com", "é"),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const text = fc.array(piece, { maxLength: 20 }).map((pieces) => Buffer.from(pieces.join("")));
const bytes = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
);

function checked(buffer: Buffer, start: number, end: number): Span[] {
  const spans: Span[] = [];
  for (const detector of all.detectors) detector.find(buffer, start, end, spans);
  return spans;
}

describe("prefilter", () => {
  it("never misses a finding: prefilter and check = check", () => {
    fc.assert(
      fc.property(bytes, (buffer) => {
        expect(findSensitive(buffer, 0, buffer.length, all)).toEqual(mergedSpans(checked(buffer, 0, buffer.length)));
      }),
      { numRuns: 2000 },
    );
  });

  it("holds for every detector alone and for every range around a value", () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, value, after) => {
        const line = Buffer.concat([before, value, after]);
        for (const span of checked(line, before.length, before.length + value.length)) {
          const alone = detectorSet([span.detector]);
          expect(candidates(line, 0, line.length, alone)).toBe(bitOf(span.detector));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("findSensitive", () => {
  it("gives ordered spans inside of the range, without overlaps and no shorter than their marker", () => {
    fc.assert(
      fc.property(bytes, fc.nat(20), fc.nat(20), (buffer, skip, cut) => {
        const start = Math.min(skip, buffer.length);
        const end = Math.max(start, buffer.length - cut);
        let free = start;
        for (const span of findSensitive(buffer, start, end, all)) {
          expect(span.start).toBeGreaterThanOrEqual(free);
          expect(span.end).toBeLessThanOrEqual(end);
          const marker = all.detectors.find(({ name }) => name === span.detector)?.marker ?? "";
          expect(span.end - span.start).toBeGreaterThanOrEqual(marker.length);
          free = span.end;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("does not depend on what lies outside of the range", () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, value, after) => {
        const line = Buffer.concat([before, value, after]);
        const there = findSensitive(line, before.length, before.length + value.length, all);
        const alone = findSensitive(value, 0, value.length, all);
        expect(there.map(({ start, end }) => [start - before.length, end - before.length])).toEqual(
          alone.map(({ start, end }) => [start, end]),
        );
      }),
    );
  });
});
