import type { TreeNode } from "./node-tree.ts";
import type { Value } from "./value.ts";
import type { Walk } from "./walk.ts";

/** An output column of a query. */
export interface Column {
  readonly name: string;
  readonly value: Value;
}

/** A query of WITH; `columns` of a recursive one grow until its walk changes nothing. */
export interface CommonTable {
  readonly node: TreeNode;
  state: "new" | "walking" | "done";
  columns: readonly Column[];
}

/** A range-table entry, by its place from 1. */
export interface Entry {
  readonly node: TreeNode;
  state: "new" | "walking" | "done";
  /** Columns by attribute number - 1, where the entry is not a relation. */
  columns: readonly Value[];
}

/** One query level: what `varno` and `varlevelsup` of a VAR point into. */
export interface Scope {
  readonly walk: Walk;
  readonly query: TreeNode;
  readonly outer: Scope | undefined;
  readonly entries: readonly Entry[];
  readonly tables: ReadonlyMap<string, CommonTable>;
  /** Outputs of the sub-selects of `SET (a, b) = (SELECT ...)`, by subLinkId. */
  readonly assigned: Map<number, readonly Column[]>;
  /** What a row of EXCLUDED holds, by attribute number (ON CONFLICT). */
  readonly proposed: Map<number, Value>;
}

export function newScope(walk: Walk, query: TreeNode, outer: Scope | undefined): Scope {
  const entries = query.nodes("rtable").map((node): Entry => ({ node, state: "new", columns: [] }));
  const tables = new Map<string, CommonTable>();
  for (const node of query.nodes("cteList")) {
    tables.set(node.text("ctename"), { node, state: "new", columns: [] });
  }
  return { walk, query, outer, entries, tables, assigned: new Map(), proposed: new Map() };
}

export function scopeAbove(scope: Scope, levels: number): Scope | undefined {
  let found: Scope | undefined = scope;
  for (let level = 0; level < levels; level++) found = found?.outer;
  return found;
}
