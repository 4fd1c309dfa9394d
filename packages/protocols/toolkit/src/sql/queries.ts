import type { SqlColumnUseKind } from "@tidewaiter/core/sql-facts";
import { ColumnSet, type Output, outputOf, starOutput, unionOf } from "./column-set.ts";
import { type CteFrame, closeWith, openWith } from "./ctes.ts";
import { expression } from "./expressions.ts";
import { addFrom } from "./from-items.ts";
import { modification } from "./modifications.ts";
import { targetOutputs } from "./output-columns.ts";
import { predicate } from "./predicates.ts";
import { newScope, type Scope } from "./scope.ts";
import { as, isRowFree, isTree, list, stringOf, strings, type Tree, text, unwrap } from "./tree.ts";
import type { Walk } from "./walk.ts";

/**
 * Walks a query or data modification and returns its output columns. `use` is what the outputs are used for where the
 * query stands: `output` for rows, `write-source` for INSERT ... SELECT, `expression` for a predicate's sub-select.
 */
export function query(
  walk: Walk,
  node: unknown,
  outer: Scope | undefined,
  ctes: CteFrame | undefined,
  use: SqlColumnUseKind,
): readonly Output[] {
  walk.step();
  const found = unwrap(node);
  if (found === undefined) return [];
  const [type, value] = found;
  const frame = openWith(value.withClause, outer, ctes);
  const outputs =
    type === "SelectStmt"
      ? select({ walk, outer, ctes: frame, use }, value)
      : modification({ walk, outer, ctes: frame, use }, type, value);
  closeWith(walk, frame, ctes);
  return outputs;
}

export type QueryPlace = {
  readonly walk: Walk;
  readonly outer: Scope | undefined;
  readonly ctes: CteFrame | undefined;
  readonly use: SqlColumnUseKind;
};

function select(place: QueryPlace, value: Tree): readonly Output[] {
  const scope = newScope(place.outer, place.ctes);
  let outputs: readonly Output[];
  if (isTree(value.larg) && isTree(value.rarg)) outputs = setOperation(place, value);
  else if (Array.isArray(value.valuesLists)) outputs = valuesRows(place, scope, value.valuesLists);
  else outputs = plainSelect(place, scope, value);
  sorting(place.walk, scope, list(value.sortClause), outputs, "order");
  for (const field of ["limitCount", "limitOffset"]) {
    expression(value[field], { walk: place.walk, scope, use: "expression" });
  }
  return outputs;
}

function plainSelect(place: QueryPlace, scope: Scope, value: Tree): readonly Output[] {
  const { walk } = place;
  for (const item of list(value.fromClause)) addFrom(item, walk, scope);
  if (value.whereClause !== undefined) predicate(value.whereClause, walk, scope);
  scope.windows.merge(expression(value.windowClause, { walk, scope, use: "order" }));
  const targets = targetOutputs(list(value.targetList), { walk, scope, use: place.use });
  // Constants over rows that exist: each row may hold another one (a dictionary built with generate_series or CASE).
  const outputs = scope.rels.length === 0 ? targets : targets.map((o) => (o.columns.empty ? { ...o, rows: 2 } : o));
  sorting(walk, scope, list(value.groupClause), outputs, "group");
  if (value.groupDistinct === true) walk.recordAll(unionOf(outputs), "group");
  expression(value.havingClause, { walk, scope, use: "expression" });
  const distinct = value.distinctClause;
  if (Array.isArray(distinct)) {
    const keys = distinct.filter((key) => unwrap(key) !== undefined);
    if (keys.length === 0) walk.recordAll(unionOf(outputs), "group");
    else sorting(walk, scope, keys, outputs, "group");
  }
  return outputs;
}

function valuesRows(place: QueryPlace, scope: Scope, rows: readonly unknown[]): readonly Output[] {
  const columns: ColumnSet[] = [];
  for (const row of rows) {
    for (const [index, item] of list(as("List", row)?.items).entries()) {
      const set = expression(item, { walk: place.walk, scope, use: place.use });
      const at = columns[index];
      if (at === undefined) columns[index] = set;
      else at.merge(set);
    }
  }
  return columns.map((set, index) => outputOf(`column${index + 1}`, set, { rows: rows.length }));
}

/** UNION hides the origin of its columns; without ALL, and in INTERSECT and EXCEPT, values decide which rows come. */
function setOperation(place: QueryPlace, value: Tree): readonly Output[] {
  const arm = (side: string): readonly Output[] =>
    query(place.walk, { SelectStmt: value[side] }, place.outer, place.ctes, place.use);
  const left = arm("larg");
  const right = arm("rarg");
  if (value.op !== "SETOP_UNION") {
    for (const output of [...left, ...right]) place.walk.recordAll(output.columns, "expression");
  } else if (value.all !== true) {
    for (const output of [...left, ...right]) place.walk.recordAll(output.columns, "group");
  }
  return combine(left, right);
}

function combine(left: readonly Output[], right: readonly Output[]): readonly Output[] {
  const starred = [...left, ...right].some((output) => output.star);
  if (!starred && left.length === right.length) {
    return left.map((output, index) => {
      const other = right[index];
      const columns = new ColumnSet().merge(output.columns).merge(other?.columns ?? new ColumnSet());
      return outputOf(output.name, columns, { rows: output.rows + (other?.rows ?? 0) });
    });
  }
  const all = unionOf([...left, ...right]);
  const exact = [left, right].find((arm) => !arm.some((output) => output.star));
  if (exact === undefined) return [starOutput(all, false)];
  all.unknown = true;
  return exact.map((output) => outputOf(output.name, all));
}

/**
 * ORDER BY, GROUP BY and DISTINCT ON name an output by number or by alias, or are expressions over the input. Where a
 * name may be both, both count, but for ORDER BY: there the server takes the output (`findTargetlistEntrySQL92`), even if
 * a relation has the same name and would mean its whole row.
 */
function sorting(
  walk: Walk,
  scope: Scope,
  keys: readonly unknown[],
  outputs: readonly Output[],
  use: SqlColumnUseKind,
): void {
  for (const key of keys) {
    const node = as("SortBy", key)?.node ?? key;
    const grouping = as("GroupingSet", node);
    if (grouping !== undefined) {
      sorting(walk, scope, list(grouping.content), outputs, use);
      continue;
    }
    const row = as("RowExpr", node);
    if (row !== undefined) sorting(walk, scope, list(row.args), outputs, use);
    else {
      const named = namedOutputs(node, outputs);
      for (const output of named) walk.recordAll(output.columns, use);
      const ref = as("ColumnRef", node);
      if (node !== key && ref !== undefined && named.length > 0) {
        walk.seen.add(ref);
        continue;
      }
      if (scope.rels.length > 0 || !isRowFree(node)) expression(node, { walk, scope, use });
    }
  }
}

function namedOutputs(node: unknown, outputs: readonly Output[]): readonly Output[] {
  const constant = as("A_Const", node);
  if (constant !== undefined) {
    const position = isTree(constant.ival) ? Number(constant.ival.ival ?? 0) : 0;
    // Behind a star the number cannot be placed: it may be any column.
    if (outputs.slice(0, position).some((output) => output.star)) return outputs;
    return outputs.slice(Math.max(position - 1, 0), position);
  }
  const fields = list(as("ColumnRef", node)?.fields);
  const name = fields.length === 1 ? stringOf(fields[0]) : undefined;
  return name === undefined ? [] : outputs.filter((output) => output.name === name);
}

/** LIMIT of the outermost query when it is written as a number; 0 where its WHERE is plainly false (`WHERE 1 = 0`). */
export function literalLimit(select: Tree): number | undefined {
  if (isFalse(select.whereClause) && select.groupClause === undefined) return 0;
  const constant = as("A_Const", select.limitCount);
  const integer = constant?.ival;
  if (isTree(integer)) return Number(integer.ival ?? 0);
  const float = constant?.fval;
  const digits = isTree(float) ? text(float.fval) : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** Tools that only want the columns write `false` or compare two different numbers. */
function isFalse(where: unknown): boolean {
  const bool = as("BoolExpr", where);
  if (bool?.boolop === "AND_EXPR") return list(bool.args).some(isFalse);
  const boolval = as("A_Const", where)?.boolval;
  if (isTree(boolval)) return boolval.boolval !== true;
  const comparison = as("A_Expr", where);
  if (comparison?.kind !== "AEXPR_OP" || strings(comparison.name).join() !== "=") return false;
  const [left, right] = [comparison.lexpr, comparison.rexpr].map((side) => as("A_Const", side)?.ival);
  return isTree(left) && isTree(right) && (left.ival ?? 0) !== (right.ival ?? 0);
}
