import { byteAt, continuesWord, isDigit, separatorLength } from "./byte-classes.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

const PLUS = 0x2b;
const MIN_DIGITS = 8;
/** ITU-T E.164: at most 15 digits with the country code, which never begins with 0. */
const MAX_DIGITS = 15;
/** As in `+1 (415) 555-0142`. */
const MAX_SEPARATORS = 2;

/** Telephone numbers in international form: a plus sign and 8 to 15 digits, with separators or brackets between them. */
export const phone: Detector = { name: "phone", marker: "[phone]", find };

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  for (let at = start; at < end; at++) {
    if (buffer[at] !== PLUS || continuesWord(buffer, at, start) || byteAt(buffer, at + 1, start, end) === 0x30)
      continue;
    const to = numberEnd(buffer, at + 1, end);
    if (to === -1) continue;
    into.push({ start: at, end: to, detector: "phone" });
    at = to - 1;
  }
}

/** Where the longest number at `from` ends that stops with a group of digits, or -1. */
function numberEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  let count = 0;
  let found = -1;
  for (;;) {
    const groupStart = at;
    while (at < end && isDigit(buffer[at] as number)) {
      if (++count > MAX_DIGITS) return found;
      at++;
    }
    if (at === groupStart) return found;
    if (count >= MIN_DIGITS) found = at;
    at = afterSeparators(buffer, at, end);
  }
}

function afterSeparators(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  for (let index = 0; index < MAX_SEPARATORS && at < end; index++) {
    const byte = buffer[at];
    const bracket = byte === 0x28 || byte === 0x29 || byte === 0x2f;
    at += bracket ? 1 : separatorLength(buffer, at, end);
  }
  return at;
}
