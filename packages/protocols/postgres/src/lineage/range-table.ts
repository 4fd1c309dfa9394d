import { arrayElements } from "./array-constant.ts";
import { resolveTable } from "./common-tables.ts";
import { expression, expressions } from "./expressions.ts";
import { isList, TreeNode, type TreeValue } from "./node-tree.ts";
import { predicate } from "./predicates.ts";
import { query } from "./queries.ts";
import { type Entry, type Scope, scopeAbove } from "./scope.ts";
import { asColumn, BOTTOM, COLUMN_FREE, column, computed, oneOf, opaque, type Value } from "./value.ts";

/** `RTEKind` of PostgreSQL's `parsenodes.h`. */
const RTE = {
  relation: 0,
  subquery: 1,
  join: 2,
  function: 3,
  tableFunction: 4,
  values: 5,
  commonTable: 6,
  transitionTable: 7,
  result: 8,
  group: 9,
} as const;

/** Walks every entry, used by an output or not, with row security and view check quals. */
export function walkEntries(scope: Scope): void {
  for (const [index, entry] of scope.entries.entries()) {
    resolveEntry(scope, entry);
    const { node } = entry;
    const relid = node.number("relid");
    if (relid !== 0) scope.walk.relation(relid, node.text("relkind"), isTarget(scope, index + 1) ? "write" : "read");
    for (const qual of node.list("securityQuals")) predicate(qual, scope);
    const sample = node.node("tablesample");
    if (sample !== undefined) walkSample(sample, scope);
  }
}

function walkSample(sample: TreeNode, scope: Scope): void {
  scope.walk.functions.add(sample.number("tsmhandler"));
  scope.walk.record(expressions([...sample.list("args"), sample.node("repeatable") ?? null], scope), "expression");
}

function isTarget(scope: Scope, index: number): boolean {
  return scope.query.number("resultRelation") === index;
}

/** The value of a VAR: attribute 0 is the whole row, below 0 a system column. */
export function variable(node: TreeNode, from: Scope): Value {
  const scope = scopeAbove(from, node.number("varlevelsup"));
  const entry = scope?.entries[node.number("varno") - 1];
  if (scope === undefined || entry === undefined) return opaque("VAR");
  return columnOfEntry(scope, node.number("varno"), node.number("varattno"));
}

export function columnOfEntry(scope: Scope, varno: number, attnum: number): Value {
  const entry = scope.entries[varno - 1];
  if (entry === undefined) return opaque("VAR");
  const { node } = entry;
  const kind = node.number("rtekind");
  if (kind === RTE.relation || kind === RTE.transitionTable) return relationColumn(scope, varno, attnum);
  resolveEntry(scope, entry);
  if (entry.state !== "done") return opaque("RANGETBLENTRY");
  scope.walk.step();
  if (attnum === 0) return computed(entry.columns);
  return entry.columns[attnum - 1] ?? missingColumn(entry);
}

function relationColumn(scope: Scope, varno: number, attnum: number): Value {
  const node = scope.entries[varno - 1]?.node;
  if (node === undefined) return opaque("VAR");
  const relation = node.number("relid");
  const own = column(relation, attnum);
  if (isTarget(scope, varno)) scope.walk.relation(relation, node.text("relkind"), "read");
  const excluded = scope.query.node("onConflict")?.number("exclRelIndex");
  if (excluded !== varno) return own;
  const proposed = attnum === 0 ? [...scope.proposed.values()] : [scope.proposed.get(attnum) ?? COLUMN_FREE];
  return proposed.some((value) => value.sources.size > 0) ? computed([own, ...proposed]) : own;
}

/** A recursive query asks for its own columns before they are there: in its first pass. */
function missingColumn({ node, columns }: Entry): Value {
  return node.is("self_reference") && columns.length === 0 ? BOTTOM : opaque("RANGETBLENTRY");
}

function resolveEntry(scope: Scope, entry: Entry): void {
  if (entry.state !== "new") return;
  entry.state = "walking";
  entry.columns = entryColumns(scope, entry.node);
  entry.state = "done";
}

function entryColumns(scope: Scope, node: TreeNode): readonly Value[] {
  const kind = node.number("rtekind");
  switch (kind) {
    case RTE.relation:
    case RTE.transitionTable:
    case RTE.result:
      return [];
    case RTE.subquery: {
      const subquery = node.node("subquery");
      return subquery === undefined ? [opaque("RANGETBLENTRY")] : subqueryColumns(scope, subquery);
    }
    case RTE.join:
      return node.list("joinaliasvars").map((alias) => expression(alias, scope));
    case RTE.group:
      return node.list("groupexprs").map((key) => expression(key, scope));
    case RTE.function:
      return functionColumns(scope, node);
    case RTE.tableFunction:
      return tableFunctionColumns(scope, node);
    case RTE.values:
      return valuesColumns(scope, node);
    case RTE.commonTable:
      return commonTableColumns(scope, node);
    default:
      scope.walk.opaque.add(`RTE_${kind}`);
      return [];
  }
}

function subqueryColumns(scope: Scope, node: TreeNode): readonly Value[] {
  return query(node, scope.walk, scope).map(({ value }) => {
    for (const reason of value.opaque) scope.walk.opaque.add(reason);
    return asColumn(value);
  });
}

/** A function of FROM decides how many rows come. */
function functionColumns(scope: Scope, node: TreeNode): readonly Value[] {
  const columns: Value[] = [];
  for (const item of node.nodes("functions")) {
    const call = item.fields.get("funcexpr") ?? null;
    const value = expression(call, scope);
    scope.walk.record(value, "expression");
    const made = asColumn(value, rowsOf(call));
    for (let count = item.number("funccolcount"); count > 0; count--) columns.push(made);
  }
  if (node.is("funcordinality")) columns.push(COLUMN_FREE);
  return columns;
}

/** How many guesses a function without columns returns: the elements of `unnest`, or more than one. */
function rowsOf(call: TreeValue): number {
  if (!(call instanceof TreeNode)) return 1;
  const [argument] = call.list("args");
  return Math.max(argument === undefined ? 0 : arrayElements(argument), 2);
}

/** XMLTABLE and JSON_TABLE: every column may hold any part of the document. */
function tableFunctionColumns(scope: Scope, node: TreeNode): readonly Value[] {
  const table = node.node("tablefunc");
  if (table === undefined) return [opaque("TABLEFUNC")];
  for (const type of table.numbers("coltypes")) scope.walk.types.add(type);
  const value = expression(table, scope);
  scope.walk.record(value, "expression");
  return table.list("colnames").map(() => asColumn(value, 2));
}

function valuesColumns(scope: Scope, node: TreeNode): readonly Value[] {
  const rows = node.list("values_lists").map((row) => (isList(row) ? row.map((item) => expression(item, scope)) : []));
  const width = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, index) =>
    asColumn(oneOf(rows.map((row) => row[index] ?? opaque("RANGETBLENTRY")))),
  );
}

function commonTableColumns(scope: Scope, node: TreeNode): readonly Value[] {
  const owner = scopeAbove(scope, node.number("ctelevelsup"));
  const table = owner?.tables.get(node.text("ctename"));
  if (owner === undefined || table === undefined) {
    scope.walk.opaque.add("RTE_CTE");
    return [];
  }
  return resolveTable(owner, table).map(({ value }) => asColumn(value));
}
