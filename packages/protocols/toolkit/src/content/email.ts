import { byteAt, isAlphanumeric, isBeyondAscii, isLetter } from "./byte-classes.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

const AT = 0x40;
const DOT = 0x2e;
const HYPHEN = 0x2d;
const QUOTE = 0x27;
const BACKTICK = 0x60;

/** atext of RFC 5322 without braces, which arrays and templates put around values; beyond ASCII as in RFC 6531. */
const LOCAL = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) LOCAL[byte] = isAlphanumeric(byte) || isBeyondAscii(byte) ? 1 : 0;
for (const character of "!#$%&'*+-/=?^_`|~.") LOCAL[character.charCodeAt(0)] = 1;

const isDomainByte = (byte: number): boolean =>
  isAlphanumeric(byte) || byte === HYPHEN || byte === 0x5f || byte >= 0x80;

/**
 * Addresses `local@domain` (RFC 5321, 5322 and 6531) whose domain has at least two labels, a later one of which begins with
 * two letters. Quoted local parts and address literals (`a@[192.0.2.1]`) are not found.
 */
export const email: Detector = { name: "email", marker: "[mail]", literals: ["@"], find };

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  let free = start;
  for (let at = start; at < end; at++) {
    if (buffer[at] !== AT) continue;
    const from = localStart(buffer, free, at);
    const to = domainEnd(buffer, at + 1, end);
    free = at + 1;
    if (from === at || to === -1) continue;
    into.push({ start: from, end: to, detector: "email" });
    free = to;
    at = to - 1;
  }
}

function localStart(buffer: Uint8Array, start: number, at: number): number {
  let from = at;
  while (from > start && LOCAL[buffer[from - 1] as number] === 1) {
    // a quotation mark belongs to an address only inside of a word, as in o'brien
    if (buffer[from - 1] === QUOTE && !isAlphanumeric(byteAt(buffer, from - 2, start, at))) break;
    from--;
  }
  while (from < at && (buffer[from] === DOT || buffer[from] === BACKTICK)) from++;
  return from;
}

/** Where the domain that begins at `from` ends, or -1. */
function domainEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  let named = false;
  while (at < end) {
    const byte = buffer[at] as number;
    if (byte === DOT) {
      if (at === from || buffer[at - 1] === DOT) break;
      named ||= startsName(byteAt(buffer, at + 1, from, end)) && startsName(byteAt(buffer, at + 2, from, end));
    } else if (!isDomainByte(byte)) break;
    at++;
  }
  if (!named) return -1;
  while (buffer[at - 1] === DOT || buffer[at - 1] === HYPHEN) at--;
  return at;
}

const startsName = (byte: number): boolean => isLetter(byte) || isBeyondAscii(byte);
