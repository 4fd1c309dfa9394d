import { hash } from "node:crypto";
import { constantElements } from "./array-constant.ts";

const SPACE = 0x20;
const COLON = 0x3a;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

/** Bytes of a constant that are kept: enough for the header of an array of six dimensions. */
export const DATUM_HEAD = 72;
/** A value below that is no array: its header alone is longer. */
const ARRAY_HEADER = 16;

/** Where the statement was typed: two trees that differ only here mean the same. */
export const LOCATIONS: ReadonlySet<string> = new Set([
  "location",
  "stmt_location",
  "stmt_len",
  "list_start",
  "list_end",
  "rexpr_list_start",
  "rexpr_list_end",
  "arg_location",
  "name_location",
  "queryId",
]);
const CONSTANT = "constvalue";
const CONSTANT_LETTER = CONSTANT.charCodeAt(0);

/** What may be left out, by the first byte of its name. */
const CANDIDATES: readonly (readonly Buffer[] | undefined)[] = Array.from({ length: 128 }, (_, letter) => {
  const names = [...LOCATIONS, CONSTANT].filter((name) => name.charCodeAt(0) === letter);
  return names.length === 0 ? undefined : names.map((name) => Buffer.from(name));
});

/**
 * The text of a tree (after `unwrapLines`) without what its lineage does not depend on: where it was typed, and the bytes
 * of constants, of which the walk asks at most how many elements an array has. Statements that differ only in their
 * literals so have one shape. Names cannot look like a field with its value: the server puts a backslash before each
 * space in them.
 */
export function treeShape(text: Buffer): Buffer {
  return without(text, true);
}

/** 32 hex digits of SHA-256 over the text of a tree without locations, as `parseTree` gives it. */
export function treeHash(text: Buffer): string {
  return hash("sha256", without(trimmed(text), false), "hex").slice(0, 32);
}

/** Byte by byte: the pieces between two cuts are too short for calls of copy to be worth it. */
function without(text: Buffer, constants: boolean): Buffer {
  const kept = Buffer.allocUnsafe(text.length);
  let length = 0;
  let before = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0;
    kept[length++] = byte;
    const isField = byte === COLON && before === SPACE && !isEscaped(text, at - 1);
    before = byte;
    if (!isField) continue;
    const name = fieldAt(text, at + 1);
    if (name === undefined) continue;
    const start = at + name.length + 2;
    const cut = name[0] === CONSTANT_LETTER ? (constants ? datum(text, start) : undefined) : integer(text, start);
    if (cut === undefined) continue;
    for (let letter = 0; letter < name.length; letter++) kept[length++] = name[letter] ?? 0;
    length += kept.write(cut.instead, length, "latin1");
    before = 0;
    at = cut.end - 1;
  }
  return kept.subarray(0, length);
}

interface Cut {
  readonly end: number;
  readonly instead: string;
}

/** Undefined where there is none: a name of just the letters of a field is followed by the next field. */
function integer(text: Buffer, start: number): Cut | undefined {
  const end = endOfInteger(text, start);
  return end === start ? undefined : { end, instead: "" };
}

/** Behind an odd number of backslashes it is part of a name. */
function isEscaped(text: Buffer, at: number): boolean {
  let first = at;
  while (text[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/** `4 [ 1 0 0 0 ]`; undefined for NULL, `<>`. */
function datum(text: Buffer, start: number): Cut | undefined {
  const size = endOfInteger(text, start);
  if (size === start || text[size] !== SPACE || text[size + 1] !== BRACKET) return undefined;
  const end = text.indexOf(BRACKET_END, size);
  if (end === -1) return undefined;
  const length = Number(text.toString("latin1", start, size));
  if (length < ARRAY_HEADER) return { end, instead: ` ${length}[` };
  const head = text
    .toString("latin1", size + 2, Math.min(end, size + 2 + 5 * DATUM_HEAD))
    .trim()
    .split(" ", DATUM_HEAD)
    .map((byte) => Number(byte) & 0xff);
  return { end, instead: ` ${constantElements({ head, length })}[` };
}

/** The name of a field that may be left out, with a space behind it. */
function fieldAt(text: Buffer, start: number): Buffer | undefined {
  for (const name of CANDIDATES[text[start] ?? 0] ?? [])
    if (startsWith(text, name, start) && text[start + name.length] === SPACE) return name;
  return undefined;
}

function startsWith(text: Buffer, name: Buffer, start: number): boolean {
  for (let at = 0; at < name.length; at++) if (text[start + at] !== name[at]) return false;
  return true;
}

function endOfInteger(text: Buffer, start: number): number {
  let at = start;
  if (text[at] === MINUS) at++;
  const first = at;
  while (isDigit(text[at])) at++;
  return at === first ? start : at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function trimmed(text: Buffer): Buffer {
  let end = text.length;
  while (end > 0 && (text[end - 1] ?? 0) <= SPACE) end--;
  return text.subarray(0, end);
}
