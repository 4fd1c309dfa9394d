import { ColumnSet, type Output, outputOf, type Rel, starOutput } from "./column-set.ts";
import { column, expression, type Place } from "./expressions.ts";
import { relsUnder, resolve } from "./scope.ts";
import { as, isTree, list, qualifiedName, stringOf, strings, type Tree, text, unwrap } from "./tree.ts";
import { TooComplex } from "./walk.ts";

/** Output columns of a target list or RETURNING list, stars expanded where every column below is known. */
export function targetOutputs(targets: readonly unknown[], place: Place): readonly Output[] {
  const outputs: Output[] = [];
  for (const item of targets) {
    const target = as("ResTarget", item);
    if (target !== undefined) outputs.push(...targetColumn(target, place));
    // Stars over stars double at every level.
    if (outputs.length > MAX_COLUMNS) throw new TooComplex("too many output columns");
  }
  return outputs;
}

/** `MaxTupleAttributeNumber`: PostgreSQL refuses a target list of more. */
const MAX_COLUMNS = 1664;

function targetColumn(target: Tree, place: Place): readonly Output[] {
  const value = target.val;
  const ref = as("ColumnRef", value);
  if (ref !== undefined && as("A_Star", list(ref.fields).at(-1)) !== undefined) return star(ref, place);
  if (endsInStar(value)) return [starOutput(expression(value, place), false)];
  const name = text(target.name) ?? figureName(value);
  if (ref === undefined) return [outputOf(name, expression(value, place))];
  const found = resolve(ref, place.scope);
  column(ref, place);
  return [
    outputOf(name, found.columns, { plain: found.plain && !found.columns.unknown, rows: Math.max(found.constants, 1) }),
  ];
}

/** `(expression).*` */
function endsInStar(value: unknown): boolean {
  const last = list(as("A_Indirection", value)?.indirection).at(-1);
  return as("A_Star", last) !== undefined;
}

/** `*` and `t.*`: the columns of a derived relation by name, a base table as one output of unknown width. */
function star(ref: Tree, place: Place): readonly Output[] {
  const qualifier = stringOf(list(ref.fields).at(-2));
  const columns = column(ref, place);
  const rels = relsUnder(place.scope, qualifier);
  if (rels.length === 0) return [starOutput(columns, false)];
  if (qualifier === undefined && place.scope.merged) return [starOutput(columns, rels.every(isTable))];
  return rels.flatMap((rel): readonly Output[] => expand(rel, qualifier));
}

function expand(rel: Rel, qualifier: string | undefined): readonly Output[] {
  if (isTable(rel)) return [starOutput(new ColumnSet().add({ name: "*", qualifier: qualifier ?? rel.alias }), true)];
  if (rel.members !== undefined || (rel.open && rel.other === "all"))
    return [starOutput(new ColumnSet().merge(rel.all), false)];
  return rel.outputs;
}

function isTable(rel: Rel): boolean {
  return rel.other === "table" && rel.outputs.length === 0 && rel.members === undefined;
}

/** The name PostgreSQL gives a column without AS (`FigureColname`, parse_target.c). */
export function figureName(value: unknown): string {
  return figure(value) ?? "?column?";
}

const FIXED_NAMES: Readonly<Record<string, string>> = {
  A_ArrayExpr: "array",
  RowExpr: "row",
  CoalesceExpr: "coalesce",
  GroupingFunc: "grouping",
  XmlSerialize: "xmlserialize",
  MergeSupportFunc: "merge_action",
  JsonParseExpr: "json",
  JsonScalarExpr: "json_scalar",
  JsonSerializeExpr: "json_serialize",
  JsonObjectConstructor: "json_object",
  JsonArrayConstructor: "json_array",
  JsonArrayQueryConstructor: "json_array",
  JsonObjectAgg: "json_objectagg",
  JsonArrayAgg: "json_arrayagg",
};

function figure(value: unknown): string | undefined {
  const found = unwrap(value);
  if (found === undefined) return undefined;
  const [type, node] = found;
  switch (type) {
    case "ColumnRef":
      return strings(node.fields).at(-1);
    case "A_Indirection":
      return strings(node.indirection).at(-1) ?? figure(node.arg);
    case "FuncCall":
      return qualifiedName(node.funcname).name;
    case "A_Expr":
      return node.kind === "AEXPR_NULLIF" ? "nullif" : undefined;
    case "TypeCast":
      return figure(node.arg) ?? typeName(node.typeName);
    case "CollateClause":
      return figure(node.arg);
    case "CaseExpr":
      return figure(node.defresult) ?? "case";
    case "MinMaxExpr":
      return node.op === "IS_LEAST" ? "least" : "greatest";
    case "SubLink":
      return subLinkName(node);
    case "SQLValueFunction":
      return String(node.op)
        .replace(/^SVFOP_/, "")
        .replace(/_N$/, "")
        .toLowerCase();
    case "XmlExpr":
      return String(node.op).replace(/^IS_/, "").toLowerCase();
    case "JsonFuncExpr":
      return String(node.op).replace(/_OP$/, "").toLowerCase();
    default:
      return FIXED_NAMES[type];
  }
}

function typeName(type: unknown): string | undefined {
  return isTree(type) ? qualifiedName(type.names).name : undefined;
}

function subLinkName(node: Tree): string | undefined {
  if (node.subLinkType === "EXISTS_SUBLINK") return "exists";
  if (node.subLinkType === "ARRAY_SUBLINK") return "array";
  if (node.subLinkType !== "EXPR_SUBLINK") return undefined;
  const target = as("ResTarget", list(as("SelectStmt", node.subselect)?.targetList)[0]);
  return target === undefined ? undefined : (text(target.name) ?? figure(target.val));
}
