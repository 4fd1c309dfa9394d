import { byteAt, isAlphanumeric } from "./byte-classes.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

const DOT = 0x2e;
/** Characters of a protected header that are decoded; longer ones hold certificates and are taken without looking. */
const MAX_HEADER = 4096;

/**
 * JSON Web Tokens in compact form (RFC 7515: three parts; RFC 7516: five), whose first part decodes to a JSON object with
 * `alg`. The last part is empty for `alg: none`.
 */
export const jwt: Detector = { name: "jwt", marker: "[jwt]", literals: ["eyJ"], find };

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  for (let at = start; at + 2 < end; at++) {
    if (buffer[at] !== 0x65 || buffer[at + 1] !== 0x79 || buffer[at + 2] !== 0x4a) continue;
    if (isBase64Url(byteAt(buffer, at - 1, start, end)) && byteAt(buffer, at - 2, start, end) !== 0x5c) continue;
    const to = tokenEnd(buffer, at, end);
    if (to === -1) continue;
    into.push({ start: at, end: to, detector: "jwt" });
    at = to - 1;
  }
}

function tokenEnd(buffer: Uint8Array, from: number, end: number): number {
  const headerEnd = partEnd(buffer, from, end);
  if (byteAt(buffer, headerEnd, from, end) !== DOT) return -1;
  const payloadEnd = partEnd(buffer, headerEnd + 1, end);
  if (byteAt(buffer, payloadEnd, from, end) !== DOT || !isHeader(buffer, from, headerEnd)) return -1;
  let to = partEnd(buffer, payloadEnd + 1, end);
  // the other two parts of an encrypted token
  for (let part = 0; part < 2 && byteAt(buffer, to, from, end) === DOT; part++) {
    const next = partEnd(buffer, to + 1, end);
    if (next === to + 1) break;
    to = next;
  }
  return to;
}

function partEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isBase64Url(buffer[at] as number)) at++;
  return at;
}

function isHeader(buffer: Uint8Array, from: number, to: number): boolean {
  if (to - from > MAX_HEADER) return true;
  const part = Buffer.from(buffer.buffer, buffer.byteOffset + from, to - from).toString("latin1");
  try {
    const header: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof header === "object" && header !== null && "alg" in header;
  } catch {
    return false;
  }
}

const isBase64Url = (byte: number): boolean => isAlphanumeric(byte) || byte === 0x2d || byte === 0x5f;
