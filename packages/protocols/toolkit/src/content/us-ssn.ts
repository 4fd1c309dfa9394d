import { byteAt, isAlphanumeric, isDigit, separatorLength } from "./byte-classes.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

/**
 * Social security numbers of the USA, `AAA-GG-SSSS` with any separator, or nine digits behind the word `ssn`. The Social
 * Security Administration never assigns area 000, 666 and 900 to 999, group 00 and serial 0000.
 */
export const usSsn: Detector = { name: "us_ssn", marker: "[ssn]", find };

/** Between the word `ssn` and the number: at most this many bytes, such as `": "`. */
const MAX_GAP = 4;

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  for (let at = start; at < end; at++) {
    if (!isDigit(buffer[at] as number) || isDigit(byteAt(buffer, at - 1, start, end))) continue;
    const to = numberEnd(buffer, at, start, end);
    if (to === -1) continue;
    into.push({ start: at, end: to, detector: "us_ssn" });
    at = to - 1;
  }
}

function numberEnd(buffer: Uint8Array, at: number, start: number, end: number): number {
  const area = digits(buffer, at, 3, end);
  if (area <= 0 || area === 666 || area >= 900) return -1;
  const first = separatorLength(buffer, at + 3, end);
  if (first === 0 && !behindName(buffer, at, start)) return -1;
  const group = digits(buffer, at + 3 + first, 2, end);
  if (group <= 0) return -1;
  const second = separatorLength(buffer, at + 5 + first, end);
  if (second !== first || (first > 0 && buffer[at + 5 + first] !== buffer[at + 3])) return -1;
  const serialAt = at + 5 + first + second;
  if (digits(buffer, serialAt, 4, end) <= 0) return -1;
  return isDigit(byteAt(buffer, serialAt + 4, start, end)) ? -1 : serialAt + 4;
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

function behindName(buffer: Uint8Array, at: number, start: number): boolean {
  let before = at;
  while (before > start && at - before < MAX_GAP && !isAlphanumeric(buffer[before - 1] as number)) before--;
  if (before - 3 < start) return false;
  const lower = (offset: number): number => (buffer[before - offset] as number) | 0x20;
  return lower(3) === 0x73 && lower(2) === 0x73 && lower(1) === 0x6e;
}
