import { isUtf8 } from "node:buffer";
import {
  eachElement,
  eachMember,
  type Json,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  scalarEnd,
  skipSpace,
  stringEnd,
  textOf,
} from "./json-scan.ts";

/** A JSON value of which nothing is lost: numbers stay as they were written, and so does the order of keys. */
export type JsonTree = string | Scalar | readonly JsonTree[] | JsonMembers;

export type JsonMembers = ReadonlyMap<string, JsonTree>;

/** A number, `true`, `false` or `null`. */
export interface Scalar {
  readonly written: string;
}

/** Why a text is not taken as one JSON value that everybody reads in the same way. */
export class NotOneMeaning extends Error {}

/** Objects and arrays inside of each other; nobody writes so many. */
const MAX_DEPTH = 100;
/** Values of one text: the largest that people write have a third of it. */
const MAX_VALUES = 300_000;
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Reads one whole JSON text (RFC 8259). Throws NotOneMeaning on anything that readers differ about. */
export function readJsonTree(bytes: Buffer): JsonTree {
  if (!isUtf8(bytes)) throw new NotOneMeaning("it is not in UTF-8");
  const json = { bytes, end: bytes.length, values: 0 };
  const at = skipSpace(bytes, 0, json.end);
  let found: { readonly tree: JsonTree; readonly next: number };
  try {
    found = read(json, at, 0);
  } catch (error) {
    if (error instanceof NotOneMeaning) throw error;
    throw new NotOneMeaning("it is no JSON");
  }
  if (skipSpace(bytes, found.next, json.end) !== json.end) throw new NotOneMeaning("more stands behind its JSON");
  return found.tree;
}

interface Counted extends Json {
  values: number;
}

function read(json: Counted, at: number, depth: number): { readonly tree: JsonTree; readonly next: number } {
  const { bytes, end } = json;
  if (++json.values > MAX_VALUES) throw new NotOneMeaning("it has too many parts");
  if (depth > MAX_DEPTH) throw new NotOneMeaning("it is nested too deep");
  const first = bytes[at];
  if (first === QUOTE) {
    const next = stringEnd(bytes, at, end);
    return { tree: wellFormed(textOf(bytes, at, next)), next };
  }
  if (first === OPEN_OBJECT) {
    const members = new Map<string, JsonTree>();
    const next = eachMember(json, at, (from, to, value) => {
      const key = wellFormed(textOf(bytes, from, to));
      if (members.has(key)) throw new NotOneMeaning("a key stands twice in one object");
      const inner = read(json, value, depth + 1);
      members.set(key, inner.tree);
      return inner.next;
    });
    return { tree: members, next };
  }
  if (first === OPEN_ARRAY) {
    const items: JsonTree[] = [];
    const next = eachElement(json, at, (value) => {
      const inner = read(json, value, depth + 1);
      items.push(inner.tree);
      return inner.next;
    });
    return { tree: items, next };
  }
  const next = scalarEnd(bytes, at, end);
  const written = bytes.toString("latin1", at, next);
  if (!SCALAR.test(written)) throw new NotOneMeaning("it is no JSON");
  return { tree: { written }, next };
}

/** Half of a surrogate pair is another character for every reader. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new NotOneMeaning("a string holds half of a character");
  return text;
}

export function isMembers(tree: JsonTree | undefined): tree is JsonMembers {
  return tree instanceof Map;
}

export function isArray(tree: JsonTree | undefined): tree is readonly JsonTree[] {
  return Array.isArray(tree);
}

/** The value under a path of keys; undefined where it does not lead. */
export function treeAt(tree: JsonTree | undefined, ...keys: readonly string[]): JsonTree | undefined {
  let at = tree;
  for (const key of keys) at = isMembers(at) ? at.get(key) : undefined;
  return at;
}

/** As JSON text; `indent` spaces for each level, or all in one line. */
export function writeJsonTree(tree: JsonTree, indent = 0, level = 0): string {
  if (typeof tree === "string") return JSON.stringify(tree);
  if (!isArray(tree) && !isMembers(tree)) return tree.written;
  const parts = isArray(tree)
    ? tree.map((item) => writeJsonTree(item, indent, level + 1))
    : [...tree].map(
        ([key, value]) => `${JSON.stringify(key)}:${indent > 0 ? " " : ""}${writeJsonTree(value, indent, level + 1)}`,
      );
  const [open, close] = isArray(tree) ? "[]" : "{}";
  if (parts.length === 0 || indent === 0) return `${open}${parts.join(",")}${close}`;
  const space = `\n${" ".repeat(indent * (level + 1))}`;
  return `${open}${space}${parts.join(`,${space}`)}\n${" ".repeat(indent * level)}${close}`;
}
