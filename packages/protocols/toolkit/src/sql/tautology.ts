import type { SqlWhere } from "@tidewaiter/core/sql-facts";
import { as, everyNode, isRowFree, list, strings, type Tree, text, unwrap } from "./tree.ts";

/**
 * Whether a WHERE of UPDATE or DELETE restricts anything. `constant`: nothing in it depends on the row, or it is true
 * for every row by its form alone (`id = id`, `x IS NULL OR x IS NOT NULL`, `x LIKE '%'`). What only the data could
 * tell (`id > 0`) counts as `real`.
 */
export function judgeWhere(where: unknown): SqlWhere {
  if (where === undefined || where === null) return "none";
  return restricts(where) ? "real" : "constant";
}

function restricts(node: unknown): boolean {
  const found = unwrap(node);
  if (found === undefined) return false;
  const [type, value] = found;
  if (type === "BoolExpr") return boolRestricts(value);
  if (type === "CurrentOfExpr") return true;
  if (type === "SubLink") return subSelectRestricts(value);
  if (isRowFree(node)) return false;
  if (type === "A_Expr") return comparisonRestricts(value);
  if (type === "TypeCast" || type === "CollateClause" || type === "BooleanTest") return restricts(value.arg);
  if (type === "CoalesceExpr") return list(value.args).every(restricts);
  if (type === "CaseExpr") return caseRestricts(value);
  return dependsOnRow(node);
}

/** OR restricts only if every arm does and no two arms are each other's complement; AND if any arm does. */
function boolRestricts(value: Tree): boolean {
  const args = list(value.args);
  if (value.boolop === "NOT_EXPR") return args.some(negationRestricts);
  if (value.boolop === "AND_EXPR") return args.some(restricts);
  return args.every(restricts) && !hasComplement(args);
}

/** NOT (a AND NOT a) is true for every row. */
function negationRestricts(node: unknown): boolean {
  const bool = as("BoolExpr", node);
  if (bool?.boolop === "NOT_EXPR") return list(bool.args).some(restricts);
  if (bool?.boolop === "AND_EXPR" && hasComplement(list(bool.args))) return false;
  if (bool?.boolop === "OR_EXPR") return list(bool.args).some(negationRestricts);
  const comparison = as("A_Expr", node);
  if (comparison !== undefined && same(comparison.lexpr, comparison.rexpr)) return false;
  return restricts(node) || dependsOnRow(node);
}

function hasComplement(args: readonly unknown[]): boolean {
  const seen = new Set<string>();
  for (const arg of args) {
    if (seen.has(complementKey(arg))) return true;
    seen.add(key(arg));
  }
  return false;
}

const OPPOSITES: Readonly<Record<string, string>> = {
  "=": "<>",
  "<>": "=",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
  "~~": "!~~",
  "!~~": "~~",
  "~~*": "!~~*",
  "!~~*": "~~*",
  "~": "!~",
  "!~": "~",
};

function complementKey(node: unknown): string {
  const test = as("NullTest", node);
  if (test !== undefined) {
    return key({ NullTest: { ...test, nulltesttype: test.nulltesttype === "IS_NULL" ? "IS_NOT_NULL" : "IS_NULL" } });
  }
  const bool = as("BoolExpr", node);
  if (bool?.boolop === "NOT_EXPR") return key(list(bool.args)[0]);
  const comparison = as("A_Expr", node);
  const opposite = OPPOSITES[strings(comparison?.name).at(-1) ?? ""];
  if (comparison !== undefined && opposite !== undefined) {
    return key({ A_Expr: { ...comparison, name: [{ String: { sval: opposite } }] } });
  }
  return key({ BoolExpr: { boolop: "NOT_EXPR", args: [node] } });
}

function comparisonRestricts(value: Tree): boolean {
  const operator = strings(value.name).at(-1) ?? "";
  const left = value.lexpr;
  const right = value.rexpr;
  const kind = text(value.kind);
  const reflexive = operator === "=" || operator === "<=" || operator === ">=" || operator.startsWith("~~");
  if (reflexive && kind !== "AEXPR_NOT_BETWEEN" && same(left, right)) return false;
  if (kind === "AEXPR_IN" || kind === "AEXPR_BETWEEN" || kind === "AEXPR_BETWEEN_SYM") {
    const items = list(as("List", right)?.items);
    if (kind === "AEXPR_IN" ? items.some((item) => same(left, item)) : items.every((item) => same(left, item)))
      return false;
  }
  if (kind === "AEXPR_NOT_DISTINCT" && same(left, right)) return false;
  if (operator.startsWith("~~") && matchesAnything(right)) return false;
  return dependsOnRow(left) || dependsOnRow(right);
}

/** LIKE '%', '%%'. */
function matchesAnything(node: unknown): boolean {
  const constant = as("A_Const", node)?.sval;
  return typeof constant === "object" && constant !== null && /^%+$/.test(String((constant as Tree).sval));
}

function caseRestricts(value: Tree): boolean {
  const results = list(value.args).map((item) => as("CaseWhen", item)?.result);
  const conditions = list(value.args).map((item) => as("CaseWhen", item)?.expr);
  return [...conditions, ...results, value.arg, value.defresult].some(
    (node) => node !== undefined && dependsOnRow(node),
  );
}

/** A sub-select restricts when the test beside it does or when it looks at the row outside. */
function subSelectRestricts(value: Tree): boolean {
  if (value.testexpr !== undefined) return dependsOnRow(value.testexpr);
  return mayBeCorrelated(value.subselect);
}

function dependsOnRow(node: unknown): boolean {
  let depends = false;
  const stack: unknown[] = [node];
  while (stack.length > 0 && !depends) {
    const value = stack.pop();
    const found = unwrap(value);
    if (found?.[0] === "ColumnRef" || found?.[0] === "CurrentOfExpr") depends = true;
    else if (found?.[0] === "SubLink") depends = subSelectRestricts(found[1]);
    else if (Array.isArray(value)) stack.push(...value);
    else if (typeof value === "object" && value !== null) stack.push(...Object.values(value));
  }
  return depends;
}

/** Without catalog an unqualified name in a sub-select's WHERE may be the outer row's; a local alias never is. */
function mayBeCorrelated(select: unknown): boolean {
  const local = new Set<string>();
  everyNode(select, (type, node) => {
    if (type === "RangeVar") local.add(text((node.alias as Tree | undefined)?.aliasname) ?? text(node.relname) ?? "");
    else if (type.startsWith("Range")) local.add(text((node.alias as Tree | undefined)?.aliasname) ?? "");
    return true;
  });
  return !everyNode(as("SelectStmt", select)?.whereClause, (type, node) => {
    if (type !== "ColumnRef") return true;
    const fields = strings(node.fields);
    return fields.length > 1 && local.has(fields.at(-2) ?? "");
  });
}

function same(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && key(left) === key(right);
}

/** Structure without places in the text. */
function key(node: unknown): string {
  return (
    JSON.stringify(node, (field, value) =>
      field === "location" || field.startsWith("rexpr_list") ? undefined : value,
    ) ?? ""
  );
}
