import { unreadable } from "./unreadable.ts";

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const COMMA = 0x2c;
export const COLON = 0x3a;

/** Bytes of a JSON text and the place behind the last one that may be read. */
export interface Json {
  readonly bytes: Buffer;
  readonly end: number;
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The place of the next byte that is no white space; `end` when there is none. */
export function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(bytes[at])) at++;
  return at;
}

/** The string that was read last holds an escape. */
export let escaped = false;

/** The place behind the string that begins at `at` (its quotation mark). */
export function stringEnd(bytes: Buffer, at: number, end: number): number {
  escaped = false;
  for (let next = at + 1; next < end; next++) {
    const byte = bytes[next] as number;
    if (byte === QUOTE) return next + 1;
    if (byte === BACKSLASH) {
      escaped = true;
      next++;
    } else if (byte < 0x20) throw unreadable("a control character in a JSON string");
  }
  throw unreadable("a JSON string has no end");
}

/** The place behind the value that begins at `at`. Values inside of it are counted, not checked. */
export function valueEnd(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at];
  if (first === QUOTE) return stringEnd(bytes, at, end);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return scalarEnd(bytes, at, end);
  let depth = 0;
  for (let next = at; next < end; next++) {
    const byte = bytes[next];
    if (byte === QUOTE) next = stringEnd(bytes, next, end) - 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return next + 1;
  }
  throw unreadable("a JSON value has no end");
}

/** Numbers, `true`, `false` and `null`. */
export function scalarEnd(bytes: Buffer, at: number, end: number): number {
  let next = at;
  while (next < end && isScalar(bytes[next] as number)) next++;
  if (next === at) throw unreadable("it is no JSON");
  return next;
}

function isScalar(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  );
}

/** What the string token `[from, to)`, quotation marks included, says. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  const written = bytes.toString("utf8", from + 1, to - 1);
  if (!written.includes("\\")) return written;
  try {
    return JSON.parse(`"${written}"`) as string;
  } catch {
    throw unreadable("a JSON string has an escape that does not exist");
  }
}

/**
 * Members of the object that begins at `at`: `visit` gets the key token `[from, to)` and the place of its value, and says
 * where that ends. Gives the place behind the object.
 */
export function eachMember(
  { bytes, end }: Json,
  at: number,
  visit: (from: number, to: number, value: number) => number,
): number {
  let next = skipSpace(bytes, at + 1, end);
  if (bytes[next] === CLOSE_OBJECT && next < end) return next + 1;
  for (;;) {
    if (next >= end || bytes[next] !== QUOTE) throw unreadable("a JSON object has no key where one must stand");
    const to = stringEnd(bytes, next, end);
    const colon = skipSpace(bytes, to, end);
    if (colon >= end || bytes[colon] !== COLON) throw unreadable("a JSON key has no value");
    next = afterValue({ bytes, end }, visit(next, to, valueStart({ bytes, end }, colon + 1)));
    if (bytes[next] === CLOSE_OBJECT) return next + 1;
    if (bytes[next] !== COMMA) throw unreadable("a JSON object has no end");
    next = skipSpace(bytes, next + 1, end);
  }
}

/** As `eachMember`. */
export function eachElement({ bytes, end }: Json, at: number, visit: (value: number, index: number) => number): number {
  let next = skipSpace(bytes, at + 1, end);
  if (bytes[next] === CLOSE_ARRAY && next < end) return next + 1;
  for (let index = 0; ; index++) {
    if (next >= end) throw unreadable("a JSON array has no end");
    next = afterValue({ bytes, end }, visit(next, index));
    if (bytes[next] === CLOSE_ARRAY) return next + 1;
    if (bytes[next] !== COMMA) throw unreadable("a JSON array has no end");
    next = skipSpace(bytes, next + 1, end);
  }
}

function valueStart({ bytes, end }: Json, from: number): number {
  const at = skipSpace(bytes, from, end);
  if (at >= end) throw unreadable("a JSON value is missing");
  return at;
}

function afterValue({ bytes, end }: Json, to: number): number {
  const at = skipSpace(bytes, to, end);
  if (at >= end) throw unreadable("it ends inside of a value");
  return at;
}
