import { ColumnSet, type Output, outputOf, starOutput, unionOf } from "./column-set.ts";
import { query } from "./queries.ts";
import type { Scope } from "./scope.ts";
import { as, isTree, list, strings, type Tree, text } from "./tree.ts";
import type { Walk } from "./walk.ts";

type CteEntry = {
  readonly name: string;
  readonly node: Tree;
  /** CTEs that its body sees; set once all entries of a recursive WITH exist. */
  frame: CteFrame | undefined;
  readonly outer: Scope | undefined;
  readonly recursive: boolean;
  state: "pending" | "active" | "done";
  outputs: readonly Output[];
};

/** The CTE names visible at one place, innermost first: `WITH a AS (...), b AS (...)` gives `b -> a -> outside`. */
export type CteFrame = { readonly entry: CteEntry; readonly parent: CteFrame | undefined };

const MAX_PASSES = 4;

/** Opens a WITH clause: without RECURSIVE a body sees only the CTEs before it, so its own name is still the table. */
export function openWith(
  clause: unknown,
  outer: Scope | undefined,
  parent: CteFrame | undefined,
): CteFrame | undefined {
  if (!isTree(clause)) return parent;
  const recursive = clause.recursive === true;
  let frame = parent;
  const entries: CteEntry[] = [];
  for (const item of list(clause.ctes)) {
    const node = as("CommonTableExpr", item);
    if (node === undefined) continue;
    const name = text(node.ctename) ?? "";
    const entry: CteEntry = { name, node, frame, outer, recursive, state: "pending", outputs: [] };
    entries.push(entry);
    frame = { entry, parent: frame };
  }
  if (recursive) for (const entry of entries) entry.frame = frame;
  return frame;
}

/** Walks the CTEs of a WITH that nothing referred to: a data-modifying one runs all the same. */
export function closeWith(walk: Walk, frame: CteFrame | undefined, parent: CteFrame | undefined): void {
  for (let at = frame; at !== undefined && at !== parent; at = at.parent) evaluate(walk, at.entry);
}

export function findCte(walk: Walk, frame: CteFrame | undefined, name: string): readonly Output[] | undefined {
  for (let at = frame; at !== undefined; at = at.parent) {
    if (at.entry.name === name) return evaluate(walk, at.entry);
  }
  return undefined;
}

function evaluate(walk: Walk, entry: CteEntry): readonly Output[] {
  if (entry.state !== "pending") return entry.outputs;
  entry.state = "active";
  const replays = walk.replays;
  walk.replays++;
  entry.outputs = seed(walk, entry);
  walk.replays = replays;
  for (let pass = 0; ; pass++) {
    const before = shape(entry.outputs);
    if (pass > 0) walk.replays = replays + 1;
    entry.outputs = named(entry, query(walk, entry.node.ctequery, entry.outer, entry.frame, "output"));
    if (!entry.recursive || shape(entry.outputs) === before) break;
    if (pass === MAX_PASSES) {
      const all = unionOf(entry.outputs);
      entry.outputs = entry.outputs.map((output) => ({ ...output, columns: all, plain: false }));
      break;
    }
  }
  walk.replays = replays;
  entry.state = "done";
  return entry.outputs;
}

/** A recursive reference starts from the non-recursive arm. */
function seed(walk: Walk, entry: CteEntry): readonly Output[] {
  if (!entry.recursive) return [];
  const select = as("SelectStmt", entry.node.ctequery);
  const left = select?.larg;
  if (!isTree(left)) return [starOutput(new ColumnSet(), false)];
  return named(entry, query(walk, { SelectStmt: left }, entry.outer, entry.frame, "output"));
}

function named(entry: CteEntry, outputs: readonly Output[]): readonly Output[] {
  const names = strings(entry.node.aliascolnames);
  const starAt = outputs.findIndex((output) => output.star);
  if (starAt >= 0 && names.length > starAt) return [starOutput(unionOf(outputs), false)];
  const renamed = outputs.map((output, index) => ({ ...output, name: names[index] ?? output.name }));
  return [...renamed, ...searchColumns(entry.node, renamed)];
}

/** SEARCH and CYCLE add columns that hold the rows seen so far. */
function searchColumns(node: Tree, outputs: readonly Output[]): Output[] {
  const added: Output[] = [];
  const clauses = [node.search_clause, node.cycle_clause];
  for (const clause of clauses) {
    if (!isTree(clause)) continue;
    for (const field of ["search_seq_column", "cycle_mark_column", "cycle_path_column"]) {
      const name = text(clause[field]);
      if (name !== undefined) added.push(outputOf(name, unionOf(outputs)));
    }
  }
  return added;
}

function shape(outputs: readonly Output[]): string {
  return outputs
    .map((output) =>
      [...output.columns]
        .map((c) => `${c.qualifier}.${c.name}`)
        .sort()
        .join(),
    )
    .join("|");
}
