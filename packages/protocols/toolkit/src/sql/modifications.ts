import type { SqlName, SqlWrite, SqlWriteSource, SqlWrittenValue } from "@tidewaiter/core/sql-facts";
import { ColumnSet, derivedRel, type Output, type Rel, starOutput, tableRel } from "./column-set.ts";
import { expression } from "./expressions.ts";
import { addFrom } from "./from-items.ts";
import { targetOutputs } from "./output-columns.ts";
import { predicate } from "./predicates.ts";
import { type QueryPlace, query } from "./queries.ts";
import { newScope, resolve, type Scope } from "./scope.ts";
import { judgeWhere } from "./tautology.ts";
import { as, constantText, isTree, list, type Tree, text } from "./tree.ts";
import { relationOf, type Walk } from "./walk.ts";

/** INSERT, UPDATE, DELETE, MERGE: records what is written and from what; returns the RETURNING columns. */
export function modification(place: QueryPlace, type: string, node: Tree): readonly Output[] {
  if (!isTree(node.relation)) return [];
  const scope = newScope(place.outer, place.ctes);
  const target = writeTarget(node.relation, place.walk);
  switch (type) {
    case "InsertStmt":
      insert(place, scope, node, target);
      break;
    case "UpdateStmt":
      scope.rels.push(target.rel);
      update(place.walk, scope, node, target);
      break;
    case "DeleteStmt":
      scope.rels.push(target.rel);
      remove(place.walk, scope, node, target);
      break;
    case "MergeStmt":
      scope.rels.push(target.rel);
      merge(place.walk, scope, node, target);
      break;
    default:
      return [];
  }
  return returning(place, scope, node, target);
}

type Target = { readonly name: SqlName; readonly rel: Rel; readonly range: Tree };

function writeTarget(range: Tree, walk: Walk): Target {
  const relation = relationOf(range, "write");
  walk.seen.add(range);
  walk.relation(relation);
  const { name, schema, alias } = relation;
  return { name: schema === undefined ? { name } : { schema, name }, rel: tableRel(alias ?? name), range };
}

function alsoRead(target: Target, walk: Walk): void {
  walk.relation(relationOf(target.range, "read"));
}

function returning(place: QueryPlace, scope: Scope, node: Tree, target: Target): readonly Output[] {
  const clause = node.returningClause;
  if (!isTree(clause)) return [];
  alsoRead(target, place.walk);
  const images = list(clause.options).flatMap((option) => text(as("ReturningOption", option)?.value) ?? []);
  const hidden = ["old", "new", ...images].map((alias) => ({ ...tableRel(alias), alias }));
  // The old and new images are reached by qualifier only; they must not widen `*`.
  const outer: Scope = { ...newScope(scope.outer, scope.ctes), rels: hidden };
  const inner: Scope = { ...scope, outer };
  return targetOutputs(list(clause.exprs), { walk: place.walk, scope: inner, use: place.use });
}

function insert(place: QueryPlace, scope: Scope, node: Tree, target: Target): void {
  const { walk } = place;
  const names = list(node.cols).map((item) => text(as("ResTarget", item)?.name) ?? "");
  const outputs = query(walk, node.selectStmt, place.outer, place.ctes, "write-source");
  walk.writes.push({
    relation: target.name,
    kind: "INSERT",
    columns: names,
    carriesColumns: outputs.some((output) => !output.columns.empty),
    values: insertedValues(node.selectStmt, names),
    sources: outputs.flatMap((output, index) => source(names[index], output.columns, output.plain && !output.star)),
  });
  scope.rels.push(target.rel);
  const conflict = node.onConflictClause;
  if (isTree(conflict)) onConflict(walk, scope, conflict, target, excluded(outputs, names));
}

/** `excluded.x` is what was to be inserted into x: the source column at that place, when the places are known. */
function excluded(outputs: readonly Output[], names: readonly string[]): Rel {
  const placed = names.length > 0 && names.length === outputs.length && !outputs.some((output) => output.star);
  if (placed) return derivedRel("excluded", outputs, names);
  if (outputs.every((output) => output.columns.empty)) {
    return { ...derivedRel("excluded", outputs, []), open: true };
  }
  return derivedRel("excluded", [starOutput(new ColumnSet().add({ name: "*", qualifier: "excluded" }), false)], []);
}

function onConflict(walk: Walk, scope: Scope, clause: Tree, target: Target, rows: Rel): void {
  const infer = clause.infer;
  if (isTree(infer)) {
    for (const item of list(infer.indexElems)) {
      expression(as("IndexElem", item)?.expr, { walk, scope, use: "expression" });
    }
    predicate(infer.whereClause, walk, scope);
  }
  if (clause.action !== "ONCONFLICT_UPDATE") return;
  alsoRead(target, walk);
  const inner: Scope = { ...scope, rels: [...scope.rels, rows] };
  assignments(walk, inner, list(clause.targetList), target, "UPDATE");
  predicate(clause.whereClause, walk, inner);
}

function update(walk: Walk, scope: Scope, node: Tree, target: Target): void {
  for (const item of list(node.fromClause)) addFrom(item, walk, scope);
  assignments(walk, scope, list(node.targetList), target, "UPDATE");
  restrict(walk, scope, node.whereClause, target);
}

function remove(walk: Walk, scope: Scope, node: Tree, target: Target): void {
  for (const item of list(node.usingClause)) addFrom(item, walk, scope);
  walk.writes.push({ relation: target.name, kind: "DELETE", columns: [], carriesColumns: false, values: [] });
  restrict(walk, scope, node.whereClause, target);
}

function restrict(walk: Walk, scope: Scope, where: unknown, target: Target): void {
  walk.noteWhere(judgeWhere(where));
  if (where === undefined) return;
  alsoRead(target, walk);
  predicate(where, walk, scope);
}

function merge(walk: Walk, scope: Scope, node: Tree, target: Target): void {
  alsoRead(target, walk);
  addFrom(node.sourceRelation, walk, scope);
  predicate(node.joinCondition, walk, scope);
  for (const item of list(node.mergeWhenClauses)) {
    const clause = as("MergeWhenClause", item);
    if (clause !== undefined) mergeAction(walk, scope, clause, target, node.joinCondition);
  }
}

function mergeAction(walk: Walk, scope: Scope, clause: Tree, target: Target, condition: unknown): void {
  predicate(clause.condition, walk, scope);
  const command = clause.commandType;
  if (command === "CMD_INSERT") mergeInsert(walk, scope, clause, target);
  if (command !== "CMD_UPDATE" && command !== "CMD_DELETE") return;
  // Rows without a match are all the others: only the action's own condition bounds them.
  const matched = clause.matchKind === "MERGE_WHEN_MATCHED";
  const own = judgeWhere(clause.condition);
  walk.noteWhere(own !== "real" && matched ? judgeWhere(condition) : own);
  if (command === "CMD_UPDATE") assignments(walk, scope, list(clause.targetList), target, "MERGE");
  else walk.writes.push({ relation: target.name, kind: "DELETE", columns: [], carriesColumns: false, values: [] });
}

function mergeInsert(walk: Walk, scope: Scope, clause: Tree, target: Target): void {
  const names = list(clause.targetList).map((item) => text(as("ResTarget", item)?.name) ?? "");
  const nodes = list(clause.values);
  const sets = nodes.map((value) => expression(value, { walk, scope, use: "write-source" }));
  walk.writes.push({
    relation: target.name,
    kind: "MERGE",
    columns: names,
    carriesColumns: sets.some((set) => !set.empty),
    values: nodes.flatMap((value, index) => writtenValue(value, names[index], index)),
    sources: sets.flatMap((set, index) => source(names[index], set, isColumn(nodes[index], scope))),
  });
}

/** `SET a = x, (b, c) = (SELECT ...)`. */
function assignments(
  walk: Walk,
  scope: Scope,
  targets: readonly unknown[],
  target: Target,
  kind: SqlWrite["kind"],
): void {
  const columns: string[] = [];
  const values: SqlWrittenValue[] = [];
  const sources: SqlWriteSource[] = [];
  for (const item of targets) {
    const assignment = as("ResTarget", item);
    if (assignment === undefined) continue;
    const name = text(assignment.name) ?? "";
    const value = as("MultiAssignRef", assignment.val)?.source ?? assignment.val;
    columns.push(name);
    values.push(...writtenValue(value, name, columns.length - 1));
    const plain = assignment.indirection === undefined && isColumn(value, scope);
    sources.push(...source(name, expression(value, { walk, scope, use: "write-source" }), plain));
    expression(assignment.indirection, { walk, scope, use: "expression" });
  }
  walk.writes.push({ relation: target.name, kind, columns, carriesColumns: sources.length > 0, values, sources });
}

function source(column: string | undefined, set: ColumnSet, plain: boolean): SqlWriteSource[] {
  if (set.empty) return [];
  return [{ ...(column === undefined ? {} : { column }), columns: set.names(), ...(plain ? { plain } : {}) }];
}

function isColumn(value: unknown, scope: Scope): boolean {
  const ref = as("ColumnRef", value);
  if (ref === undefined) return false;
  const found = resolve(ref, scope);
  return found.plain && !found.columns.unknown;
}

function insertedValues(select: unknown, names: readonly string[]): SqlWrittenValue[] {
  const node = as("SelectStmt", select);
  const rows = list(node?.valuesLists).map((row) => list(as("List", row)?.items));
  // INSERT ... SELECT 'x', $1 writes literals just as VALUES does.
  const targets = list(node?.targetList).map((item) => as("ResTarget", item)?.val);
  if (targets.length > 0) rows.push(targets);
  return rows.flatMap((row) => row.flatMap((value, index) => writtenValue(value, names[index], index)));
}

function writtenValue(value: unknown, column: string | undefined, ordinal: number): SqlWrittenValue[] {
  const place = column === undefined ? { ordinal } : { column };
  const cast = as("TypeCast", value);
  if (cast !== undefined) return writtenValue(cast.arg, column, ordinal);
  const param = as("ParamRef", value);
  if (param !== undefined) return [{ ...place, param: Number(param.number ?? 0) }];
  const constant = as("A_Const", value);
  const literal = constant === undefined ? undefined : constantText(constant);
  return literal === undefined ? [] : [{ ...place, literal }];
}

/** Whole sources of CREATE TABLE AS and SELECT INTO. */
export function createdFrom(walk: Walk, relation: SqlName, outputs: readonly Output[], names: readonly string[]): void {
  walk.writes.push({
    relation,
    kind: "CREATE TABLE AS",
    columns: names,
    carriesColumns: outputs.some((output) => !output.columns.empty),
    values: [],
    sources: outputs.flatMap((output, index) =>
      source(names[index] ?? (output.star ? undefined : output.name), output.columns, output.plain && !output.star),
    ),
  });
}
