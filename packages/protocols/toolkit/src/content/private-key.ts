import { byteAt, isAlphanumeric, isLetter } from "./byte-classes.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

const DASHES = "-----";
const BEGIN = "-----BEGIN ";
const END = "-----END ";
const PRIVATE_KEY = "PRIVATE KEY";
const BACKSLASH = 0x5c;
/** Between BEGIN and the dashes: `ENCRYPTED PRIVATE KEY`, `PGP PRIVATE KEY BLOCK` and the like. */
const MAX_TITLE = 40;

/** base64, white space, and the punctuation of headers such as `Proc-Type: 4,ENCRYPTED`. */
const BODY = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) BODY[byte] = isAlphanumeric(byte) ? 1 : 0;
for (const character of "+/= \t\r\n:,-.()") BODY[character.charCodeAt(0)] = 1;

/**
 * Private keys in textual encoding (RFC 7468, RFC 1421 headers, OpenSSH and OpenPGP blocks): from the BEGIN line to the END
 * line, or as far as the body goes when that is missing. Line ends may be escaped, as in JSON.
 */
export const privateKey: Detector = { name: "private_key", marker: "[key]", literals: ["-----B"], find };

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  for (let at = start; at + BEGIN.length <= end; at++) {
    if (!hasText(buffer, at, end, BEGIN)) continue;
    const body = titleEnd(buffer, at + BEGIN.length, end);
    if (body === -1) continue;
    const to = blockEnd(buffer, body, end);
    into.push({ start: at, end: to, detector: "private_key" });
    at = to - 1;
  }
}

/** Behind the dashes that close a title with `PRIVATE KEY` in it, or -1. */
function titleEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  let secret = false;
  while (at < end && at - from <= MAX_TITLE) {
    const byte = buffer[at] as number;
    if (!isAlphanumeric(byte) && byte !== 0x20) break;
    secret ||= hasText(buffer, at, end, PRIVATE_KEY);
    at++;
  }
  return secret && hasText(buffer, at, end, DASHES) ? at + DASHES.length : -1;
}

function blockEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    if (hasText(buffer, at, end, DASHES)) {
      const close = hasText(buffer, at, end, END) ? titleEnd(buffer, at + END.length, end) : -1;
      return close === -1 ? at : close;
    }
    const byte = buffer[at] as number;
    if (byte === BACKSLASH) {
      if (!isLetter(byteAt(buffer, at + 1, from, end))) return at;
      at++;
    } else if (BODY[byte] !== 1) return at;
    at++;
  }
  return at;
}

function hasText(buffer: Uint8Array, at: number, end: number, text: string): boolean {
  if (at + text.length > end) return false;
  for (let index = 0; index < text.length; index++) if (buffer[at + index] !== text.charCodeAt(index)) return false;
  return true;
}
