import { walkCommonTables } from "./common-tables.ts";
import { expression } from "./expressions.ts";
import { modification } from "./modifications.ts";
import { isList, TreeNode, type TreeValue } from "./node-tree.ts";
import { predicate } from "./predicates.ts";
import { columnOfEntry, walkEntries } from "./range-table.ts";
import { type Column, newScope, type Scope } from "./scope.ts";
import { COLUMN_FREE, computed, oneOf, opaque, type Value } from "./value.ts";
import type { Use, Walk } from "./walk.ts";

/** `CmdType` of PostgreSQL's `nodes.h`, since release 15. */
export const COMMAND = { select: 1, update: 2, insert: 3, delete: 4, merge: 5, utility: 6, nothing: 7 } as const;

/** Everything of a QUERY that the walk looks at, or that says nothing about columns. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  "constraintDeps",
  "cteList",
  "distinctClause",
  "groupClause",
  "groupingSets",
  "havingQual",
  "jointree",
  "limitCount",
  "limitOffset",
  "mergeActionList",
  "mergeJoinCondition",
  "onConflict",
  "returningList",
  "rowMarks",
  "rtable",
  "rteperminfos",
  "setOperations",
  "sortClause",
  "targetList",
  "utilityStmt",
  "windowClause",
  "withCheckOptions",
]);

/** Walks one query level with everything below it. Returns its columns: of the result, or of RETURNING. */
export function query(node: TreeNode, walk: Walk, outer: Scope | undefined): readonly Column[] {
  walk.step();
  if (node.kind !== "QUERY") {
    walk.opaque.add(node.kind);
    return [{ name: "", value: computed([opaque(node.kind)]) }];
  }
  const scope = newScope(walk, node, outer);
  walkCommonTables(scope);
  walkEntries(scope);
  joinTree(node.fields.get("jointree") ?? null, scope);
  const isSelect = node.number("commandType") === COMMAND.select;
  const columns = isSelect ? select(node, scope) : modification(node, scope);
  unknownFields(node, scope);
  return columns;
}

/** FROM and WHERE. */
function joinTree(node: TreeValue, scope: Scope): void {
  scope.walk.step();
  if (isList(node)) for (const item of node) joinTree(item, scope);
  if (!(node instanceof TreeNode) || node.kind === "RANGETBLREF") return;
  if (node.kind === "FROMEXPR") joinTree(node.fields.get("fromlist") ?? null, scope);
  else if (node.kind === "JOINEXPR") joinTree([node.node("larg") ?? null, node.node("rarg") ?? null], scope);
  else scope.walk.opaque.add(node.kind);
  predicate(node.fields.get("quals") ?? null, scope);
}

interface Target extends Column {
  readonly junk: boolean;
  readonly reference: number;
}

function select(node: TreeNode, scope: Scope): readonly Column[] {
  const arms = node.node("setOperations");
  const united = arms === undefined ? undefined : setOperation(arms, scope);
  const targets = node.nodes("targetList").map((entry, index): Target => {
    const own = expression(entry.fields.get("expr") ?? null, scope);
    return {
      name: entry.text("resname"),
      value: united === undefined ? own : (united[index] ?? computed([own, opaque("SETOPERATIONSTMT")])),
      junk: entry.is("resjunk"),
      reference: entry.number("ressortgroupref"),
    };
  });
  keys(node.list("groupClause"), targets, "group", scope);
  keys(node.list("distinctClause"), targets, "group", scope);
  keys(node.list("sortClause"), targets, "order", scope);
  for (const window of node.nodes("windowClause")) windowClause(window, targets, scope);
  for (const field of ["havingQual", "limitCount", "limitOffset"]) {
    scope.walk.record(expression(node.fields.get(field) ?? null, scope), "expression");
  }
  return targets.filter(({ junk }) => !junk).map(({ name, value }) => ({ name, value: perRow(value, scope) }));
}

/** Literals over rows that exist: each row may hold another one, made with CASE or with a function. */
function perRow(value: Value, { entries }: Scope): Value {
  return value.rowFree && entries.length > 0 ? { ...value, rowFree: false, guesses: 2 } : value;
}

function windowClause(window: TreeNode, targets: readonly Target[], scope: Scope): void {
  keys(window.list("partitionClause"), targets, "group", scope);
  keys(window.list("orderClause"), targets, "order", scope);
  for (const field of ["startOffset", "endOffset", "runCondition"]) {
    scope.walk.record(expression(window.fields.get(field) ?? null, scope), "expression");
  }
  for (const field of ["startInRangeFunc", "endInRangeFunc"]) {
    if (window.number(field) !== 0) scope.walk.functions.add(window.number(field));
  }
}

/** SORTGROUPCLAUSE points at the target with the same reference. */
function keys(clause: readonly TreeValue[], targets: readonly Target[], use: Use, { walk }: Scope): void {
  for (const key of clause) {
    if (!(key instanceof TreeNode)) continue;
    const reference = key.number("tleSortGroupRef");
    const target = targets.find((candidate) => candidate.reference === reference);
    if (target === undefined) walk.opaque.add(key.kind);
    else walk.record(target.value, use);
    for (const field of ["eqop", "sortop"]) if (key.number(field) !== 0) walk.operators.add(key.number(field));
    walk.step(targets.length);
  }
}

/** `SetOperation` of PostgreSQL's `parsenodes.h`. */
const UNION = 1;

/** Without ALL, and in INTERSECT and EXCEPT, values decide which rows come. */
function setOperation(node: TreeNode, scope: Scope): readonly Value[] {
  const left = arm(node.node("larg"), scope);
  const right = arm(node.node("rarg"), scope);
  for (const value of [...left, ...right]) {
    if (node.number("op") !== UNION) scope.walk.record(value, "expression");
    else if (!node.is("all")) scope.walk.record(value, "group");
  }
  const width = Math.max(left.length, right.length);
  return Array.from({ length: width }, (_, index) =>
    oneOf([left[index], right[index]].map((value) => value ?? opaque("SETOPERATIONSTMT"))),
  );
}

function arm(node: TreeNode | undefined, scope: Scope): readonly Value[] {
  if (node?.kind === "SETOPERATIONSTMT") return setOperation(node, scope);
  const index = node?.kind === "RANGETBLREF" ? node.number("rtindex") : 0;
  const entry = scope.entries[index - 1];
  if (entry === undefined) return [opaque("SETOPERATIONSTMT")];
  columnOfEntry(scope, index, 0);
  return entry.columns;
}

/** A field of a later release may hold anything. */
function unknownFields(node: TreeNode, scope: Scope): void {
  for (const [field, value] of node.fields) {
    if (typeof value !== "object" || value === null || KNOWN_FIELDS.has(field)) continue;
    scope.walk.opaque.add(`QUERY.${field}`);
    scope.walk.record(computed([expression(value, scope), COLUMN_FREE]), "expression");
  }
}
