import type { SqlColumnUseKind } from "@tidewaiter/core/sql-facts";
import { TEXT_TYPES } from "./builtin-names.ts";
import { expression } from "./expressions.ts";
import { query } from "./queries.ts";
import { type Resolution, resolve, type Scope } from "./scope.ts";
import { as, constantText, isRowFree, isTree, list, qualifiedName, strings, type Tree, text, unwrap } from "./tree.ts";
import type { Compared, Walk, WalkedValue } from "./walk.ts";

/**
 * WHERE and JOIN ON: tells equality with literals, joins of two columns and patterns from everything else, which is
 * an `expression`.
 */
export function predicate(node: unknown, walk: Walk, scope: Scope): void {
  walk.step();
  const found = unwrap(node);
  if (found === undefined) return;
  const [type, value] = found;
  if (type === "BoolExpr") for (const arg of list(value.args)) predicate(arg, walk, scope);
  else if (type === "A_Expr") comparison(value, walk, scope);
  else if (type === "NullTest" || type === "BooleanTest") pattern([value.arg], walk, scope);
  else if (type === "SubLink" && subSelectTest(value, walk, scope)) return;
  else expression(node, { walk, scope, use: "expression" });
}

function comparison(value: Tree, walk: Walk, scope: Scope): void {
  const kind = text(value.kind);
  const name = strings(value.name).at(-1);
  const left = value.lexpr;
  const right = value.rexpr;
  if (kind === "AEXPR_NOT_DISTINCT" || (kind === "AEXPR_OP" && name === "=")) equality(left, right, walk, scope);
  else if (kind === "AEXPR_IN" && name === "=") for (const item of items(right)) equality(left, item, walk, scope);
  else if (kind === "AEXPR_OP_ANY" && name === "=") equalsAny(left, right, walk, scope);
  else pattern([left, right], walk, scope);
}

function items(node: unknown): readonly unknown[] {
  const inner = as("List", node);
  return inner === undefined ? [node] : list(inner.items);
}

/** `column = ANY (array)`: an array constructor counts its elements, a literal its commas, a parameter once. */
function equalsAny(left: unknown, right: unknown, walk: Walk, scope: Scope): void {
  const array = as("A_ArrayExpr", stripCast(right));
  if (array !== undefined) {
    for (const item of list(array.elements)) equality(left, item, walk, scope);
    return;
  }
  const ref = direct(left);
  if (ref === undefined || !isRowFree(right)) {
    pattern([left, right], walk, scope, "expression");
    return;
  }
  const constant = as("A_Const", stripCast(right));
  const elements = constant === undefined ? 1 : (constantText(constant) ?? "").split(",").length;
  const values = valuesOf(right).flatMap((value) => ("param" in value ? [{ ...value, list: true } as const] : []));
  use(resolveSeen(ref, walk, scope), "equality", walk, { literals: elements, values });
}

function equality(left: unknown, right: unknown, walk: Walk, scope: Scope): void {
  const rows = [as("RowExpr", left), as("RowExpr", right)] as const;
  const [leftRow, rightRow] = [list(rows[0]?.args), list(rows[1]?.args)];
  if (rows[0] !== undefined && rows[1] !== undefined && leftRow.length === rightRow.length) {
    for (const [index, item] of leftRow.entries()) equality(item, rightRow[index], walk, scope);
    return;
  }
  const a = direct(left);
  const b = direct(right);
  if (a !== undefined && b !== undefined) columnPair(a, b, walk, scope);
  else if (a !== undefined && isRowFree(right))
    use(resolveSeen(a, walk, scope), "equality", walk, { literals: 1, values: valuesOf(right) });
  else if (b !== undefined && isRowFree(left))
    use(resolveSeen(b, walk, scope), "equality", walk, { literals: 1, values: valuesOf(left) });
  else pattern([left, right], walk, scope, "expression");
}

/** Column = column. Against a column that holds only constants (VALUES, unnest) it is a list of guesses. */
function columnPair(a: Tree, b: Tree, walk: Walk, scope: Scope): void {
  const left = resolveSeen(a, walk, scope);
  const right = resolveSeen(b, walk, scope);
  for (const [self, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (other.constants > 0) use(self, "equality", walk, unnamed(other.constants));
    else use(self, other.plain && !other.dictionary ? "join" : "expression", walk, unnamed(0), other.columns);
    // The guesses come back with the match: worth more than one equality each.
    if (other.dictionary) use(self, "expression", walk, unnamed(0));
  }
}

function pattern(nodes: readonly unknown[], walk: Walk, scope: Scope, directUse: SqlColumnUseKind = "pattern"): void {
  const others: boolean[] = nodes.map((node) => direct(node) !== undefined || isRowFree(node));
  const simple = others.every(Boolean);
  for (const node of nodes) {
    const ref = direct(node);
    if (ref !== undefined && simple) use(resolveSeen(ref, walk, scope), directUse, walk, unnamed(0));
    else expression(node, { walk, scope, use: "expression" });
  }
}

/** `column IN (SELECT column ...)` is a join; other tests against a sub-select are expressions. False when not one. */
function subSelectTest(value: Tree, walk: Walk, scope: Scope): boolean {
  const operator = strings(value.operName).at(-1);
  if (value.subLinkType !== "ANY_SUBLINK" || (operator !== undefined && operator !== "=")) return false;
  const ref = direct(value.testexpr);
  if (ref === undefined) return false;
  const outputs = query(walk, value.subselect, scope, scope.ctes, "output");
  const inner = outputs.length === 1 ? outputs[0] : undefined;
  const self = resolveSeen(ref, walk, scope);
  if (inner === undefined) {
    use(self, "expression", walk, unnamed(0));
    for (const output of outputs) walk.recordAll(output.columns, "expression");
  } else if (inner.columns.empty) {
    use(self, "equality", walk, unnamed(inner.rows));
    if (inner.rows > 1) use(self, "expression", walk, unnamed(0));
  } else {
    const plain = inner.plain && self.plain;
    use(self, plain ? "join" : "expression", walk, unnamed(0), inner.columns);
    use({ ...self, columns: inner.columns, plain }, "join", walk, unnamed(0), self.columns);
  }
  return true;
}

/** A column that is itself computed below (a sub-select's `lower(email) AS e`) is used inside an expression. */
function use(
  found: Resolution,
  kind: SqlColumnUseKind,
  walk: Walk,
  compared: Compared,
  partners: Iterable<{ readonly name: string }> = [],
): void {
  const actual = found.plain ? kind : "expression";
  const names = [...partners].map(({ name }) => name);
  for (const column of found.columns) walk.record(column, actual, compared, names);
}

/** So many values, of which nothing more is known. */
function unnamed(literals: number): Compared {
  return { literals, values: [] };
}

/** A literal or parameter that stands by itself, perhaps under a cast. */
function valuesOf(node: unknown): readonly WalkedValue[] {
  const inner = stripCast(node);
  const constant = as("A_Const", inner);
  if (constant !== undefined) return typeof constant.location === "number" ? [{ byte: constant.location }] : [];
  const parameter = as("ParamRef", inner);
  return typeof parameter?.number === "number" ? [{ param: parameter.number }] : [];
}

function resolveSeen(ref: Tree, walk: Walk, scope: Scope): Resolution {
  walk.seen.add(ref);
  return resolve(ref, scope);
}

/** The ColumnRef of `column`, `column::text`, `column COLLATE x`. */
function direct(node: unknown): Tree | undefined {
  const ref = as("ColumnRef", node);
  if (ref !== undefined) return ref;
  const collate = as("CollateClause", node);
  if (collate !== undefined) return direct(collate.arg);
  const cast = as("TypeCast", node);
  const type = cast?.typeName;
  if (cast === undefined || !isTree(type) || !TEXT_TYPES.has(qualifiedName(type.names).name)) return undefined;
  return list(type.arrayBounds).length > 0 ? undefined : direct(cast.arg);
}

function stripCast(node: unknown): unknown {
  const cast = as("TypeCast", node);
  return cast === undefined ? node : stripCast(cast.arg);
}
