import type { Framed } from "../../framer.ts";
import type { Lineage } from "../../lineage/lineage.ts";
import { cachedLineage } from "../../lineage/lineage-cache.ts";
import { LineageError } from "../../lineage/lineage-error.ts";

/** Type byte and length stand before the fields. */
const HEADER = 5;
const SEVERITY = 0x56;
const DETAIL = 0x44;
const FILE = 0x46;
const ROUTINE = 0x52;

/** A tree that cannot be read may hold anything. */
const UNREADABLE: Omit<Lineage, "opaque"> = {
  hash: "unreadable",
  command: "unknown",
  outputs: [],
  relations: [],
  predicates: [],
  writes: [],
  functions: [],
  operators: [],
  types: [],
};

/**
 * The query tree in a NoticeResponse, or undefined when it is a notice of another kind. Told by severity, source file and
 * routine, which RAISE LOG cannot forge; message and detail it can. Read as bytes: a tree is often longer than the rows.
 */
export function treeIn({ buffer, start, end }: Framed, utf8: boolean): Lineage | undefined {
  let severity = "";
  let file = "";
  let routine = "";
  let detail: Buffer | undefined;
  for (let at = start + HEADER; at < end && buffer[at] !== 0; ) {
    const code = buffer[at];
    const close = buffer.indexOf(0, at + 1);
    if (close < 0 || close >= end) return undefined;
    if (code === SEVERITY) severity = buffer.toString("latin1", at + 1, close);
    else if (code === FILE) file = buffer.toString("latin1", at + 1, close);
    else if (code === ROUTINE) routine = buffer.toString("latin1", at + 1, close);
    else if (code === DETAIL) detail = buffer.subarray(at + 1, close);
    at = close + 1;
  }
  if (severity !== "LOG" || file !== "print.c" || routine !== "elog_node_display") return undefined;
  // elsewhere the second byte of a letter may be a brace, and a name could forge a part of the tree
  if (!utf8) return { ...UNREADABLE, opaque: ["a tree in another encoding than UTF-8"] };
  if (detail === undefined) return { ...UNREADABLE, opaque: ["a tree without its text"] };
  try {
    return cachedLineage(detail);
  } catch (error) {
    if (error instanceof LineageError) return { ...UNREADABLE, opaque: [error.message] };
    throw error;
  }
}
