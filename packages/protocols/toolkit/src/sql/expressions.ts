import type { SqlColumnUseKind } from "@tidewaiter/core/sql-facts";
import { BUILTIN_FUNCTIONS } from "./builtin-functions.ts";
import { BUILTIN_OPERATORS, COMPARISONS } from "./builtin-names.ts";
import { ColumnSet } from "./column-set.ts";
import { hasSideEffect } from "./dangerous-functions.ts";
import { query } from "./queries.ts";
import { resolve, type Scope } from "./scope.ts";
import { isTotalCall, isTotalCast, isTotalOperator } from "./total-expressions.ts";
import { isTree, list, qualifiedName, strings, type Tree, text, unwrap } from "./tree.ts";
import type { Walk } from "./walk.ts";

/** Where a value stands: everything an expression walk needs. */
export type Place = { readonly walk: Walk; readonly scope: Scope; readonly use: SqlColumnUseKind };

/** Fields whose columns decide something beside the value itself. */
const FIELD_USES: Readonly<Record<string, SqlColumnUseKind>> = {
  agg_filter: "asking",
  startOffset: "asking",
  endOffset: "asking",
  agg_order: "order",
  orderClause: "order",
  partitionClause: "group",
};

/**
 * Records every column below `node` with the use of `place` and returns those the value may depend on. Nodes without
 * a rule of their own pass the use to all their children, so that a new kind of node can hide nothing.
 */
export function expression(node: unknown, place: Place): ColumnSet {
  place.walk.step();
  if (Array.isArray(node)) return all(node, place);
  const found = unwrap(node);
  if (found === undefined) return isTree(node) ? fields(node, place) : new ColumnSet();
  const [type, value] = found;
  switch (type) {
    case "A_Const":
    case "ParamRef":
      return new ColumnSet();
    case "ColumnRef":
      return column(value, place);
    case "SubLink":
      return subLink(value, place);
    case "A_Expr":
      return operator(value, place);
    case "BoolExpr":
    case "NullTest":
    case "BooleanTest":
    case "JsonIsPredicate":
      return fields(value, { ...place, use: deciding(place.use) });
    case "CaseExpr":
      return caseExpression(value, place);
    case "FuncCall":
      return functionCall(value, place);
    case "TypeCast":
      return fields(value, isTotalCast(value) ? place : asking(place));
    case "XmlExpr":
    case "XmlSerialize":
      return fields(value, asking(place));
    default:
      return fields(value, place);
  }
}

export function column(ref: Tree, place: Place): ColumnSet {
  place.walk.seen.add(ref);
  const { columns } = resolve(ref, place.scope);
  place.walk.step(columns.size);
  place.walk.recordAll(columns, place.use);
  return columns;
}

/** A truth value made of columns decides something, wherever it stands, unless it is written or ordered by. */
function deciding(use: SqlColumnUseKind): SqlColumnUseKind {
  if (use === "output") return "asking";
  return use === "equality" || use === "join" || use === "pattern" ? "expression" : use;
}

/** Whether the value can be made is a question that its mask does not hide; what is written is not shown. */
function asking(place: Place): Place {
  return place.use === "output" ? { ...place, use: "asking" } : place;
}

function all(nodes: readonly unknown[], place: Place): ColumnSet {
  const columns = new ColumnSet();
  for (const node of nodes) columns.merge(expression(node, place));
  return columns;
}

function fields(value: Tree, place: Place): ColumnSet {
  const columns = new ColumnSet();
  for (const key in value) {
    const child = value[key];
    if (typeof child !== "object" || child === null || key === "typeName") continue;
    const use = FIELD_USES[key];
    columns.merge(expression(child, use === undefined ? place : { ...place, use }));
  }
  return columns;
}

function operator(value: Tree, place: Place): ColumnSet {
  const kind = text(value.kind);
  const name = strings(value.name).at(-1) ?? "";
  const compares = kind !== "AEXPR_OP" || COMPARISONS.has(name);
  const columns = new ColumnSet();
  if (kind === "AEXPR_NULLIF") columns.merge(expression(value.lexpr, place));
  const total = isTotalOperator(name, value.lexpr, value.rexpr);
  const use = compares ? deciding(place.use) : total ? place.use : asking(place).use;
  for (const side of ["lexpr", "rexpr"]) columns.merge(expression(value[side], { ...place, use }));
  const builtin = BUILTIN_OPERATORS.has(name) || /^[A-Z ]+$/.test(name);
  if (!builtin || strings(value.name).length > 1) columns.unknown = true;
  return columns;
}

function caseExpression(value: Tree, place: Place): ColumnSet {
  const condition: Place = { ...place, use: deciding(place.use) };
  const columns = expression(value.arg, condition);
  for (const item of list(value.args)) {
    const when = unwrap(item)?.[1] ?? {};
    columns.merge(expression(when.expr, condition));
    columns.merge(expression(when.result, place));
  }
  return columns.merge(expression(value.defresult, place));
}

function functionCall(value: Tree, place: Place): ColumnSet {
  const { schema, name } = qualifiedName(value.funcname);
  const columns = fields(value, isTotalCall(value) ? place : asking(place));
  const builtin = (schema === undefined || schema === "pg_catalog") && BUILTIN_FUNCTIONS.has(name);
  // The body of any other function may read any table.
  if (!builtin && value.funcformat !== "COERCE_SQL_SYNTAX") columns.unknown = true;
  if (hasSideEffect(name)) place.walk.recordAll(columns, "write-source");
  // WITHIN GROUP orders by the very value it returns: mode() within group (order by email).
  if (value.agg_within_group === true) columns.merge(expression(value.agg_order, place));
  if (value.agg_distinct === true) place.walk.recordAll(columns, "group");
  const over = value.over;
  if (isTree(over) && text(over.name ?? over.refname) !== undefined) columns.merge(place.scope.windows);
  return columns;
}

/** A sub-select as a value: it carries its outputs, and every column inside decides which row they come from. */
function subLink(value: Tree, place: Place): ColumnSet {
  const exists = value.subLinkType === "EXISTS_SUBLINK";
  const compares = exists || value.testexpr !== undefined || value.subLinkType === "ALL_SUBLINK";
  const use = compares ? deciding(place.use) : place.use;
  const columns = new ColumnSet();
  columns.merge(expression(value.testexpr, { ...place, use }));
  const inside = place.walk.gather(() => {
    for (const output of query(place.walk, value.subselect, place.scope, place.scope.ctes, use)) {
      columns.merge(output.columns);
    }
  });
  return columns.merge(inside);
}
