import { arrayElements } from "./array-constant.ts";
import { isEquality } from "./equality-operators.ts";
import { expression } from "./expressions.ts";
import { isList, TreeNode, type TreeValue } from "./node-tree.ts";
import type { Scope } from "./scope.ts";
import { SUB_LINK, subSelect, testOf } from "./sub-links.ts";
import { computed, type Value } from "./value.ts";
import type { Use } from "./walk.ts";

/**
 * WHERE, JOIN ON, MERGE conditions, row security: tells equality with literals, joins of two columns and patterns from
 * everything else, which is an `expression`. The same classes as the classifier's facts.
 */
export function predicate(node: TreeValue, scope: Scope): void {
  scope.walk.step();
  if (isList(node)) for (const item of node) predicate(item, scope);
  if (!(node instanceof TreeNode)) return;
  const [left, right] = node.list("args");
  switch (node.kind) {
    case "BOOLEXPR":
      return boolean(node, scope);
    case "OPEXPR":
      if (left === undefined || right === undefined) return undetermined(node, scope);
      called(node, scope);
      if (isEquality(node.number("opno"))) return equality(left, right, scope);
      return pattern([left, right], "pattern", scope);
    case "SCALARARRAYOPEXPR":
      if (left === undefined || right === undefined) return undetermined(node, scope);
      called(node, scope);
      if (node.is("useOr") && isEquality(node.number("opno"))) return equalsAny(left, right, scope);
      return pattern([left, right], "pattern", scope);
    case "DISTINCTEXPR":
      called(node, scope);
      return pattern(node.list("args"), "pattern", scope);
    case "ROWCOMPAREEXPR":
      for (const opno of node.numbers("opnos")) scope.walk.operators.add(opno);
      return pattern([...node.list("largs"), ...node.list("rargs")], "pattern", scope);
    case "NULLTEST":
    case "BOOLEANTEST":
      return pattern([node.fields.get("arg") ?? null], "pattern", scope);
    case "SUBLINK":
      return subLinkTest(node, scope);
    default:
      return undetermined(node, scope);
  }
}

function undetermined(node: TreeValue, scope: Scope): void {
  scope.walk.record(expression(node, scope), "expression");
}

/** `IS NOT DISTINCT FROM` is a NOT over DISTINCTEXPR, and an equality. */
function boolean(node: TreeNode, scope: Scope): void {
  const [only] = node.list("args");
  if (node.text("boolop") === "not" && only instanceof TreeNode && only.kind === "DISTINCTEXPR") {
    const [left, right] = only.list("args");
    if (left !== undefined && right !== undefined && isEquality(only.number("opno"))) {
      called(only, scope);
      return equality(left, right, scope);
    }
  }
  for (const item of node.list("args")) predicate(item, scope);
}

function called(node: TreeNode, { walk }: Scope): void {
  const called = node.number("opfuncid");
  if (called === 0) walk.operators.add(node.number("opno"));
  else walk.functions.add(called);
}

function equality(left: TreeValue, right: TreeValue, scope: Scope): void {
  const a = operand(left, scope);
  const b = operand(right, scope);
  if (a.direct && b.direct) pair(a.value, b.value, scope);
  else if (a.direct && b.value.rowFree) use(a.value, "equality", scope, { literals: 1 });
  else if (b.direct && a.value.rowFree) use(b.value, "equality", scope, { literals: 1 });
  else for (const { value } of [a, b]) scope.walk.record(value, "expression");
}

/** Column = column. Against a column that holds only literals (VALUES, unnest) it is a list of guesses. */
function pair(left: Value, right: Value, scope: Scope): void {
  for (const [self, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (other.guesses > 0) use(self, "equality", scope, { literals: other.guesses });
    else if (other.sources.size === 0) scope.walk.record(self, "expression");
    else use(self, other.plain ? "join" : "expression", scope, { partners: other });
    // The guesses come back with the match: worth more than one equality each.
    if (other.guesses > 1) scope.walk.record(self, "expression");
  }
}

/** `column = ANY (array)`: an array of literals counts its elements, a parameter once. */
function equalsAny(left: TreeValue, right: TreeValue, scope: Scope): void {
  const column = operand(left, scope);
  const array = expression(right, scope);
  if (column.direct && array.rowFree) return use(column.value, "equality", scope, { literals: arrayElements(right) });
  for (const value of [column.value, array]) scope.walk.record(value, "expression");
}

function pattern(nodes: readonly TreeValue[], direct: Use, scope: Scope): void {
  const operands = nodes.map((node) => operand(node, scope));
  const simple = operands.every((item) => item.direct || item.value.rowFree);
  for (const { value, direct: isColumn } of operands) {
    if (isColumn && simple) use(value, direct, scope);
    else scope.walk.record(value, "expression");
  }
}

/** `column IN (SELECT column ...)` is a join; other tests against a sub-select are expressions. */
function subLinkTest(node: TreeNode, scope: Scope): void {
  const test = node.node("testexpr");
  const [left, right] = test?.list("args") ?? [];
  const columns = subSelect(node, scope);
  const [inner] = columns;
  if (
    node.number("subLinkType") !== SUB_LINK.any ||
    test?.kind !== "OPEXPR" ||
    !isEquality(test.number("opno")) ||
    columns.length !== 1 ||
    inner === undefined ||
    left === undefined ||
    right === undefined
  ) {
    const exists = node.number("subLinkType") === SUB_LINK.exists;
    const values = exists ? [] : [testOf(node, columns, scope), ...columns.map(({ value }) => value)];
    return scope.walk.record(computed(values), "expression");
  }
  called(test, scope);
  scope.walk.subSelects.push(columns);
  equality(left, right, scope);
  scope.walk.subSelects.pop();
}

interface Operand {
  readonly value: Value;
  /** A column reference, through casts that keep the text. */
  readonly direct: boolean;
}

/** OIDs of text, bpchar and varchar: a cast to them shows the column as it is. */
const TEXT_TYPES: ReadonlySet<number> = new Set([25, 1042, 1043]);

function operand(node: TreeValue, scope: Scope): Operand {
  const value = expression(node, scope);
  const bare = withoutCasts(node);
  const direct = bare instanceof TreeNode && (bare.kind === "VAR" || isSubLinkParameter(bare));
  return { value: direct ? expression(bare, scope) : value, direct };
}

function isSubLinkParameter(node: TreeNode): boolean {
  return node.kind === "PARAM" && node.number("paramkind") === 2;
}

function withoutCasts(node: TreeValue): TreeValue {
  if (!(node instanceof TreeNode)) return node;
  const text = node.kind === "COERCEVIAIO" && TEXT_TYPES.has(node.number("resulttype"));
  if (!text && node.kind !== "RELABELTYPE" && node.kind !== "COLLATEEXPR") return node;
  return withoutCasts(node.fields.get("arg") ?? null);
}

/** A column that is itself computed below (a sub-select's `lower(email) AS e`) is used inside an expression. */
function use(value: Value, kind: Use, scope: Scope, details: { literals?: number; partners?: Value } = {}): void {
  scope.walk.record(value, value.plain ? kind : "expression", details);
}
