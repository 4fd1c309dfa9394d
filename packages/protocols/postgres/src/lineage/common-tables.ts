import { query } from "./queries.ts";
import type { Column, CommonTable, Scope } from "./scope.ts";
import { BOTTOM, opaque, type Value } from "./value.ts";

/** Passes over a recursive query; each but the last finds more for an output, so that a few are enough in practice. */
const MAX_PASSES = 50;

/** Walks the queries of WITH, used or not. */
export function walkCommonTables(scope: Scope): void {
  for (const table of scope.tables.values()) {
    for (const { value } of resolveTable(scope, table)) {
      for (const reason of value.opaque) scope.walk.opaque.add(reason);
    }
  }
  // Two of one name cannot be told apart by a reference.
  if (scope.tables.size !== scope.query.list("cteList").length) scope.walk.opaque.add("COMMONTABLEEXPR");
}

/** While a recursive query is being walked, its columns are those of the pass before. */
export function resolveTable(owner: Scope, table: CommonTable): readonly Column[] {
  if (table.state !== "new") return table.columns;
  table.state = "walking";
  const node = table.node.node("ctequery");
  if (node === undefined) owner.walk.opaque.add("COMMONTABLEEXPR");
  else if (table.node.is("cterecursive"))
    table.columns = untilStable(owner, table, () => query(node, owner.walk, owner));
  else table.columns = query(node, owner.walk, owner);
  table.state = "done";
  return table.columns;
}

function untilStable(owner: Scope, table: CommonTable, pass: () => readonly Column[]): readonly Column[] {
  for (let count = 0; count < MAX_PASSES; count++) {
    const stable = owner.walk.rehearse(() => {
      const before = table.columns;
      table.columns = pass().map(({ name, value }) => ({ name, value: varied(value) }));
      return sameColumns(before, table.columns);
    });
    if (stable) return table.columns;
  }
  owner.walk.opaque.add("COMMONTABLEEXPR");
  return table.columns.map(({ name }) => ({ name, value: opaque("COMMONTABLEEXPR") }));
}

/** A literal that goes around is no list of guesses that could be counted. */
function varied(value: Value): Value {
  return value === BOTTOM ? value : { ...value, rowFree: false, guesses: 0 };
}

/** Sets only grow from pass to pass, so that their sizes tell. */
function sameColumns(before: readonly Column[], after: readonly Column[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ value }, index) => {
      const other = after[index]?.value;
      return (
        other !== undefined &&
        value.sources.size === other.sources.size &&
        value.functions.size === other.functions.size &&
        value.opaque.size === other.opaque.size &&
        value.plain === other.plain &&
        value.rowFree === other.rowFree
      );
    })
  );
}
