import { expression } from "./expressions.ts";
import { TreeNode, type TreeValue } from "./node-tree.ts";
import { predicate } from "./predicates.ts";
import type { Column, Scope } from "./scope.ts";
import type { Value } from "./value.ts";

/** INSERT, UPDATE, DELETE, MERGE and utility statements. Returns the columns of RETURNING. */
export function modification(node: TreeNode, scope: Scope): readonly Column[] {
  const target = scope.entries[node.number("resultRelation") - 1]?.node.number("relid") ?? 0;
  assignSubSelects(node.list("targetList"), scope);
  for (const [attnum, value] of assignments(node.nodes("targetList"), target, scope)) scope.proposed.set(attnum, value);
  for (const action of node.nodes("mergeActionList")) {
    predicate(action.fields.get("qual") ?? null, scope);
    assignSubSelects(action.list("targetList"), scope);
    assignments(action.nodes("targetList"), target, scope);
  }
  predicate(node.fields.get("mergeJoinCondition") ?? null, scope);
  const conflict = node.node("onConflict");
  if (conflict !== undefined) onConflict(conflict, target, scope);
  for (const option of node.nodes("withCheckOptions")) predicate(option.fields.get("qual") ?? null, scope);
  return node
    .nodes("returningList")
    .filter((entry) => !entry.is("resjunk"))
    .map((entry) => ({ name: entry.text("resname"), value: expression(entry.fields.get("expr") ?? null, scope) }));
}

/** The sub-select of `SET (a, b) = (SELECT ...)` stands behind the columns that it fills. */
function assignSubSelects(targets: readonly TreeValue[], scope: Scope): void {
  for (const entry of targets) {
    if (entry instanceof TreeNode && entry.is("resjunk")) expression(entry.fields.get("expr") ?? null, scope);
  }
}

function assignments(targets: readonly TreeNode[], relation: number, scope: Scope): ReadonlyMap<number, Value> {
  const written = new Map<number, Value>();
  for (const entry of targets) {
    if (entry.is("resjunk")) continue;
    const value = expression(entry.fields.get("expr") ?? null, scope);
    const attnum = entry.number("resno");
    scope.walk.write(relation, attnum, value);
    written.set(attnum, value);
  }
  return written;
}

function onConflict(node: TreeNode, target: number, scope: Scope): void {
  for (const element of node.nodes("arbiterElems")) arbiter(element, scope);
  predicate(node.fields.get("arbiterWhere") ?? null, scope);
  assignSubSelects(node.list("onConflictSet"), scope);
  assignments(node.nodes("onConflictSet"), target, scope);
  predicate(node.fields.get("onConflictWhere") ?? null, scope);
}

/** What ON CONFLICT (column) compares the proposed rows with: whether a value is there shows in what happens. */
function arbiter(element: TreeNode, scope: Scope): void {
  const key = element.node("expr");
  const proposed = key?.kind === "VAR" ? scope.proposed.get(key.number("varattno")) : undefined;
  const literals = proposed === undefined ? 0 : proposed.rowFree ? 1 : proposed.guesses;
  const value = expression(key ?? null, scope);
  if (literals > 0) scope.walk.record(value, "equality", { literals });
  if (literals !== 1) scope.walk.record(value, "expression");
}
