import { byteAt, continuesWord, isAlphanumeric, isDigit, isLetter } from "./byte-classes.ts";
import { behindWord } from "./column-words.ts";
import type { Detector } from "./detector.ts";
import { ipv6End } from "./ipv6.ts";
import type { Span } from "./span.ts";

const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const VERSION_WORDS = ["version", "ver", "release", "build", "v"];

/**
 * Addresses of hosts: IPv4 in four decimal parts (RFC 6943, section 3.1.1, strict form) and IPv6 (RFC 4291, section 2.2).
 * Not those that name no host: 0.0.0.0/8, loopback and 240.0.0.0/4, which holds netmasks. Four parts behind a word such as
 * `version`, behind `v` or as in `Chrome/1.2.3.4` are a version.
 */
export const ip: Detector = {
  name: "ip",
  marker: "[ip]",
  columnWords: ["ip", "ipv4", "ipv6", "ipaddress", "ipaddr"],
  find,
};

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number;
    if ((!isAlphanumeric(byte) && byte !== COLON) || continuesWord(buffer, at, start)) continue;
    const before = byteAt(buffer, at - 1, start, end);
    if (before === DOT || (before === COLON && !behindLabel(buffer, at - 1, start))) continue;
    const ipv4 = isDigit(byte) && !isVersion(buffer, at, start) ? ipv4End(buffer, at, end) : -1;
    const to = ipv4 === -1 ? ipv6End(buffer, at, end) : ipv4;
    if (to === -1) continue;
    into.push({ start: at, end: to, detector: "ip" });
    at = to - 1;
  }
}

/** Before the colon at `colon` stands a word, as in `host:10.1.2.3`, and not a group of an address or of a time. */
function behindLabel(buffer: Uint8Array, colon: number, start: number): boolean {
  let length = 0;
  let hexadecimal = true;
  for (let at = colon - 1; at >= start && length <= 4 && isAlphanumeric(buffer[at] as number); at--, length++)
    hexadecimal &&= isHexadecimal(buffer[at] as number);
  return length > 0 && (!hexadecimal || length > 4);
}

function isHexadecimal(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

function isVersion(buffer: Uint8Array, at: number, start: number): boolean {
  if (byteAt(buffer, at - 1, start, at) === SLASH && isLetter(byteAt(buffer, at - 2, start, at))) return true;
  return behindWord(buffer, at, start, VERSION_WORDS);
}

/** Where four decimal parts without leading zeros end, or -1. */
function ipv4End(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  let first = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && byteAt(buffer, at++, from, end) !== DOT) return -1;
    const partStart = at;
    let value = 0;
    while (at < end && at - partStart < 3 && isDigit(buffer[at] as number))
      value = value * 10 + (buffer[at++] as number) - 0x30;
    if (at === partStart || value > 255 || (at - partStart > 1 && buffer[partStart] === 0x30)) return -1;
    if (part === 0) first = value;
  }
  if (first === 0 || first === 127 || first >= 240) return -1;
  return goesOn(buffer, at, end) ? -1 : at;
}

function goesOn(buffer: Uint8Array, at: number, end: number): boolean {
  const next = byteAt(buffer, at, 0, end);
  return isAlphanumeric(next) || (next === DOT && isDigit(byteAt(buffer, at + 1, 0, end)));
}
