/**
 * - `too-large`        more bytes than a tree may have
 * - `too-deep`         nodes nested beyond the cap
 * - `too-many-nodes`   more nodes, or more steps of the walk, than the cap
 * - `truncated`        the text ends inside a node
 * - `malformed`        not what PostgreSQL's `outfuncs.c` writes
 * - `ambiguous-break`  the server's line breaks cannot be told from the text
 */
export type LineageErrorCode =
  | "too-large"
  | "too-deep"
  | "too-many-nodes"
  | "truncated"
  | "malformed"
  | "ambiguous-break";

const MESSAGES: Readonly<Record<LineageErrorCode, string>> = {
  "too-large": "the query tree is too large to be read",
  "too-deep": "the query tree is nested too deeply to be read",
  "too-many-nodes": "the query tree has too many nodes to be read",
  truncated: "the query tree ends too early",
  malformed: "the query tree is not in the server's format",
  "ambiguous-break": "the line breaks of the query tree cannot be told from its text",
};

/** The tree cannot be read: nothing is known about the statement. Never holds a byte of the tree. */
export class LineageError extends Error {
  override readonly name = "LineageError";
  readonly code: LineageErrorCode;

  constructor(code: LineageErrorCode, options?: ErrorOptions) {
    super(MESSAGES[code], options);
    this.code = code;
  }
}
