import { expression } from "./expressions.ts";
import { TreeNode, type TreeValue } from "./node-tree.ts";
import { columnOfEntry } from "./range-table.ts";
import { type Scope, scopeAbove } from "./scope.ts";
import { column, columnOf, computed, type Value } from "./value.ts";

/** `(row).field`: only that column, where the row is the whole row of one relation or query; else the whole row. */
export function fieldOf(node: TreeNode, scope: Scope): Value {
  const field = node.number("fieldnum");
  const row = node.fields.get("arg") ?? null;
  if (field < 1) return computed([expression(row, scope)]);
  return fieldOfRow(row, field, scope) ?? fieldOfValue(expression(row, scope), field);
}

function fieldOfRow(row: TreeValue, field: number, scope: Scope): Value | undefined {
  if (!(row instanceof TreeNode)) return undefined;
  if (row.kind === "ROWEXPR") {
    const parts = row.list("args").map((part) => expression(part, scope));
    return parts[field - 1];
  }
  if (row.kind !== "VAR" || row.number("varattno") !== 0) return undefined;
  const owner = scopeAbove(scope, row.number("varlevelsup"));
  return owner === undefined ? undefined : columnOfEntry(owner, row.number("varno"), field);
}

function fieldOfValue(row: Value, field: number): Value {
  const [source] = row.sources;
  if (!row.plain || source === undefined) return computed([row]);
  const { relation, attnum } = columnOf(source);
  return attnum === 0 ? { ...row, sources: column(relation, field).sources } : computed([row]);
}
