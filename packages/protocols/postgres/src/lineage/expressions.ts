import { fieldOf } from "./field-select.ts";
import {
  COMPOSED,
  DECIDING,
  FUNCTION_FIELDS,
  LEAVES,
  RESULT_TYPE_FIELDS,
  TYPE_FIELDS,
  UNCHANGED,
} from "./node-kinds.ts";
import { isList, TreeNode, type TreeValue } from "./node-tree.ts";
import { query } from "./queries.ts";
import { variable } from "./range-table.ts";
import type { Scope } from "./scope.ts";
import { subLink, subLinkParameter } from "./sub-links.ts";
import { COLUMN_FREE, computed, LITERAL, opaque, type Value } from "./value.ts";

/**
 * What an expression depends on. Kinds without a rule of their own depend on everything below them, and kinds that
 * are not known are opaque on top of that, so that a new one hides nothing.
 */
export function expression(node: TreeValue, scope: Scope): Value {
  if (isList(node)) return expressions(node, scope);
  // Names, enumerations and OIDs of a node say nothing about rows; `?` is a node that the server cannot print.
  if (!(node instanceof TreeNode)) return node === "?" ? opaque("?") : LITERAL;
  scope.walk.step();
  const rule = RULES[node.kind];
  if (rule !== undefined) return rule(node, scope);
  if (LEAVES.has(node.kind)) return leaf(node, scope);
  if (UNCHANGED.has(node.kind)) return expression(node.fields.get("arg") ?? null, scope);
  const value = composed(node, scope);
  return COMPOSED.has(node.kind) ? value : computed([value, opaque(node.kind)]);
}

export function expressions(nodes: readonly TreeValue[], scope: Scope): Value {
  return carried(
    nodes.map((node) => expression(node, scope)),
    scope,
  );
}

/** Carrying columns from value to value is work too: a tree must not make it quadratic. */
function carried(parts: readonly Value[], scope: Scope, functions: readonly number[] = []): Value {
  let size = 0;
  for (const part of parts) size += part.sources.size + part.functions.size;
  scope.walk.step(size);
  return computed(parts, functions);
}

function composed(node: TreeNode, scope: Scope): Value {
  const parts: Value[] = [];
  for (const value of node.fields.values()) {
    if (value === "?" || (typeof value === "object" && value !== null)) parts.push(expression(value, scope));
  }
  const value = carried(parts, scope, calls(node, scope));
  if (isDeciding(node)) scope.walk.record(value, "expression");
  return value;
}

/** Registers what the node calls; returns the functions that the value goes through. */
function calls(node: TreeNode, { walk }: Scope): readonly number[] {
  const field = FUNCTION_FIELDS[node.kind];
  const called = field === undefined ? 0 : node.number(field);
  if (called !== 0) walk.functions.add(called);
  const operator = node.number("opno");
  if (operator !== 0 && called === 0) walk.operators.add(operator);
  for (const opno of node.numbers("opnos")) walk.operators.add(opno);
  for (const name of TYPE_FIELDS[node.kind] ?? []) if (node.number(name) !== 0) walk.types.add(node.number(name));
  return called === 0 ? [] : [called];
}

/** A comparison decides something wherever it stands; so does a function that returns a set. */
function isDeciding(node: TreeNode): boolean {
  if (node.kind === "OPEXPR") return node.number("opresulttype") === BOOLEAN || node.is("opretset");
  return DECIDING.has(node.kind) || node.is("funcretset");
}

/** OID of type boolean. */
const BOOLEAN = 16;

function leaf(node: TreeNode, scope: Scope): Value {
  calls(node, scope);
  return LITERAL;
}

type Rule = (node: TreeNode, scope: Scope) => Value;

const RULES: Readonly<Record<string, Rule>> = {
  VAR: variable,
  CONST: () => LITERAL,
  PARAM: (node, scope) => parameter(node, scope),
  QUERY: (node, scope) => oneOfAll(node, scope),
  SUBLINK: subLink,
  FIELDSELECT: fieldOf,
  CASEEXPR: caseExpression,
  AGGREF: aggregate,
  WINDOWFUNC: windowFunction,
  COERCEVIAIO: throughText,
  // Not evaluated: it says which grouping set a row is from.
  GROUPINGFUNC: () => COLUMN_FREE,
};

/** A query where an expression is expected. */
function oneOfAll(node: TreeNode, scope: Scope): Value {
  return computed(query(node, scope.walk, scope).map(({ value }) => value));
}

/** `ParamKind` of PostgreSQL's `primnodes.h`. */
const PARAM = { external: 0, subLink: 2, assigned: 3 } as const;

function parameter(node: TreeNode, scope: Scope): Value {
  const kind = node.number("paramkind");
  if (kind === PARAM.external) return LITERAL;
  const id = node.number("paramid");
  if (kind === PARAM.subLink) return subLinkParameter(id, scope) ?? opaque("PARAM");
  if (kind === PARAM.assigned) return scope.assigned.get(id >>> 16)?.[(id & 0xffff) - 1]?.value ?? opaque("PARAM");
  return opaque("PARAM");
}

/** Conditions decide, and the value depends on them. */
function caseExpression(node: TreeNode, scope: Scope): Value {
  const conditions = [expression(node.fields.get("arg") ?? null, scope)];
  const results = [expression(node.fields.get("defresult") ?? null, scope)];
  for (const item of node.nodes("args")) {
    if (item.kind !== "CASEWHEN") results.push(opaque(item.kind));
    conditions.push(expression(item.fields.get("expr") ?? null, scope));
    results.push(expression(item.fields.get("result") ?? null, scope));
  }
  const condition = carried(conditions, scope);
  scope.walk.record(condition, "expression");
  return carried([condition, ...results], scope);
}

/** ORDER BY and DISTINCT of an aggregate point into its arguments by `ressortgroupref`. */
function aggregate(node: TreeNode, scope: Scope): Value {
  const parts = expressions(node.list("aggdirectargs"), scope);
  const sorted = sortKeys(node, ["aggorder"]);
  const grouped = sortKeys(node, ["aggdistinct"]);
  const values: Value[] = [parts];
  for (const argument of node.nodes("args")) {
    const value = expression(argument, scope);
    values.push(value);
    const reference = argument.number("ressortgroupref");
    if (sorted.has(reference)) scope.walk.record(value, "order");
    if (grouped.has(reference)) scope.walk.record(value, "group");
  }
  values.push(filter(node, scope));
  return carried([...values, COLUMN_FREE], scope, calls(node, scope));
}

function sortKeys(node: TreeNode, fields: readonly string[]): ReadonlySet<number> {
  return new Set(fields.flatMap((field) => node.nodes(field).map((key) => key.number("tleSortGroupRef"))));
}

function filter(node: TreeNode, scope: Scope): Value {
  const value = expression(node.fields.get("aggfilter") ?? null, scope);
  scope.walk.record(value, "expression");
  return value;
}

/** Its window is recorded with the query; the rows it sees come in that order. */
function windowFunction(node: TreeNode, scope: Scope): Value {
  const parts = [expressions(node.list("args"), scope), filter(node, scope), COLUMN_FREE];
  return carried(parts, scope, calls(node, scope));
}

/** A cast through text runs the output function of one type and the input function of the other. */
function throughText(node: TreeNode, scope: Scope): Value {
  const argument = node.node("arg");
  const from = argument?.number(RESULT_TYPE_FIELDS[argument.kind] ?? "") ?? 0;
  if (from !== 0) scope.walk.types.add(from);
  return composed(node, scope);
}
