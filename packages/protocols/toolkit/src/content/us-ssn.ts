import { byteAt, isDigit, separatorLength } from "./byte-classes.ts";
import { behindWord } from "./column-words.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

const WORDS = ["ssn"];
/** Digits without separators. */
const BARE = 9;

/**
 * Social security numbers of the USA, `AAA-GG-SSSS` with any separator, or nine digits behind the word `ssn` or in a column
 * that is called so. The Social Security Administration never assigns area 000, 666 and 900 to 999, group 00 and serial 0000.
 */
export const usSsn: Detector = {
  name: "us_ssn",
  marker: "[ssn]",
  columnWords: ["ssn", "socialsecurity", "socsec"],
  find,
};

function find(buffer: Uint8Array, start: number, end: number, into: Span[], named: boolean): void {
  for (let at = start; at < end; at++) {
    if (!isDigit(buffer[at] as number) || isDigit(byteAt(buffer, at - 1, start, end))) continue;
    const to = numberEnd(buffer, at, end);
    if (to === -1 || (to - at === BARE && !named && !behindWord(buffer, at, start, WORDS))) continue;
    into.push({ start: at, end: to, detector: "us_ssn" });
    at = to - 1;
  }
}

function numberEnd(buffer: Uint8Array, at: number, end: number): number {
  const area = digits(buffer, at, 3, end);
  if (area <= 0 || area === 666 || area >= 900) return -1;
  const first = separatorLength(buffer, at + 3, end);
  const group = digits(buffer, at + 3 + first, 2, end);
  if (group <= 0) return -1;
  const second = separatorLength(buffer, at + 5 + first, end);
  if (second !== first || (first > 0 && buffer[at + 5 + first] !== buffer[at + 3])) return -1;
  const serialAt = at + 5 + first + second;
  if (digits(buffer, serialAt, 4, end) <= 0 || isDigit(byteAt(buffer, serialAt + 4, at, end))) return -1;
  return serialAt + 4;
}

/** The number that `count` digits at `at` write, or -1. */
function digits(buffer: Uint8Array, at: number, count: number, end: number): number {
  if (at + count > end) return -1;
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const byte = buffer[index] as number;
    if (!isDigit(byte)) return -1;
    value = value * 10 + byte - 0x30;
  }
  return value;
}
