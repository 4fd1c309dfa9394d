import { ARGUMENT_SETS } from "./builtin-names.ts";
import { ColumnSet, derivedRel, type Output, outputOf, type Rel, tableRel } from "./column-set.ts";
import { findCte } from "./ctes.ts";
import { expression } from "./expressions.ts";
import { predicate } from "./predicates.ts";
import { query } from "./queries.ts";
import { resolve, type Scope } from "./scope.ts";
import { as, constantText, everyNode, isTree, list, qualifiedName, strings, type Tree, text, unwrap } from "./tree.ts";
import { aliasOf, relationOf, type Walk } from "./walk.ts";

/** Adds one item of FROM (or USING of DELETE, the source of MERGE) to the scope. */
export function addFrom(item: unknown, walk: Walk, scope: Scope): void {
  walk.step();
  const found = unwrap(item);
  if (found === undefined) return;
  const [type, node] = found;
  switch (type) {
    case "RangeVar":
      scope.rels.push(rangeVar(node, walk, scope));
      return;
    case "RangeSubselect":
      scope.rels.push(subSelect(node, walk, scope));
      return;
    case "JoinExpr":
      join(node, walk, scope);
      return;
    case "RangeTableSample":
      addFrom(node.relation, walk, scope);
      for (const field of ["args", "repeatable"]) expression(node[field], { walk, scope, use: "expression" });
      return;
    case "RangeFunction":
      scope.rels.push(rangeFunction(node, walk, scope));
      return;
    default:
      // XMLTABLE, JSON_TABLE and whatever comes: everything that goes in may come out of any column.
      scope.rels.push(anyTable(node, walk, scope));
  }
}

function rangeVar(node: Tree, walk: Walk, scope: Scope): Rel {
  const name = text(node.relname) ?? "";
  const alias = aliasOf(node) ?? name;
  walk.seen.add(node);
  if (node.schemaname === undefined) {
    const outputs = findCte(walk, scope.ctes, name);
    if (outputs !== undefined) return derivedRel(alias, outputs, aliasColumns(node));
  }
  walk.relation(relationOf(node, "read"));
  const columns = aliasColumns(node);
  if (columns.length === 0) return tableRel(alias);
  // `customers c(a, b, c)` renames by position: any of these names may be any column.
  const table = tableRel(alias);
  return { ...table, other: "all", outputs: columns.map((column) => outputOf(column, table.all)) };
}

export function aliasColumns(node: Tree): readonly string[] {
  const alias = node.alias;
  return isTree(alias) ? strings(alias.colnames) : [];
}

function subSelect(node: Tree, walk: Walk, scope: Scope): Rel {
  const outputs = query(walk, node.subquery, scope, scope.ctes, "output");
  return derivedRel(aliasOf(node) ?? "", outputs, aliasColumns(node));
}

/** A function's arguments decide the number of rows, so they are expressions as well as the source of its columns. */
function rangeFunction(node: Tree, walk: Walk, scope: Scope): Rel {
  const all = new ColumnSet();
  const names: string[] = [];
  let known = true;
  let called: string | undefined;
  for (const entry of list(node.functions)) {
    const [call, definitions] = list(as("List", entry)?.items);
    all.merge(argumentsOf(call, walk, scope));
    const name = functionName(call);
    called ??= qualifiedName(as("FuncCall", call)?.funcname).name;
    if (name === undefined || !ARGUMENT_SETS.has(name)) known = false;
    else names.push(name);
    names.push(...definedNames(list(as("List", definitions)?.items)));
  }
  const alias = aliasOf(node);
  const label = alias ?? called ?? "";
  if (!known) all.add({ name: "*", qualifier: label });
  const defined = definedNames(list(node.coldeflist));
  names.push(label, ...aliasColumns(node), ...defined);
  const outputs: Output[] = [...new Set(names)].map((name) => outputOf(name, all, { rows: guesses(node) }));
  // `AS x(a integer)` names every column that there is
  if (known && defined.length > 0)
    return {
      alias: label,
      open: false,
      outputs: outputs.filter(({ name }) => defined.includes(name)),
      other: "all",
      all,
      dictionary: true,
    };
  return { alias: label, open: true, outputs: known ? outputs : [], other: "all", all, dictionary: true };
}

/** A set-returning function is no function of `pg_proc`'s value kind: whether it is known is told by ARGUMENT_SETS. */
function argumentsOf(call: unknown, walk: Walk, scope: Scope): ColumnSet {
  const node = as("FuncCall", call);
  const place = { walk, scope, use: "expression" } as const;
  const name = functionName(call);
  if (node === undefined || name === undefined || !ARGUMENT_SETS.has(name)) return expression(call, place);
  return expression(node.args, place);
}

function functionName(call: unknown): string | undefined {
  const node = as("FuncCall", call);
  if (node === undefined) return undefined;
  const { schema, name } = qualifiedName(node.funcname);
  return schema === undefined || schema === "pg_catalog" ? name : undefined;
}

function definedNames(definitions: readonly unknown[]): string[] {
  return definitions.flatMap((item) => text(as("ColumnDef", item)?.colname) ?? []);
}

/** How many values a call such as `unnest('{a,b}'::text[])` may hold: its constants, each by its commas; at least two. */
function guesses(node: Tree): number {
  let found = 0;
  everyNode(node.functions, (type, fields) => {
    if (type === "A_Const") found += (constantText(fields) ?? "").split(",").length;
    return true;
  });
  return Math.max(2, found);
}

function anyTable(node: Tree, walk: Walk, scope: Scope): Rel {
  const all = expression(withoutAlias(node), { walk, scope, use: "expression" });
  const names = [...columnNames(list(node.columns)), ...aliasColumns(node)];
  const outputs = names.map((name) => outputOf(name, all, { rows: 2 }));
  return { alias: aliasOf(node) ?? "", open: true, outputs, other: "all", all, dictionary: true };
}

function withoutAlias(node: Tree): Tree {
  const { alias: _, ...rest } = node;
  return rest;
}

function columnNames(columns: readonly unknown[]): string[] {
  return columns.flatMap((item) => {
    const node = unwrap(item)?.[1] ?? {};
    const name = text(node.colname) ?? text(node.name);
    return [...(name === undefined ? [] : [name]), ...columnNames(list(node.columns))];
  });
}

function join(node: Tree, walk: Walk, scope: Scope): void {
  const first = scope.rels.length;
  addFrom(node.larg, walk, scope);
  addFrom(node.rarg, walk, scope);
  if (node.isNatural === true) {
    scope.merged = true;
    walk.record({ name: "*", qualifier: undefined }, "join", undefined, ["*"]);
    for (const rel of scope.rels.slice(first)) {
      for (const output of rel.outputs) walk.recordAll(output.columns, joinUse(output));
    }
  }
  if (Array.isArray(node.usingClause)) {
    scope.merged = true;
    for (const name of strings(node.usingClause)) usingColumn(name, walk, scope, first);
  }
  if (node.quals !== undefined) predicate(node.quals, walk, scope);
  for (const alias of [aliasOf(node), usingAlias(node)]) {
    if (alias !== undefined) scope.rels.push(joinRel(alias, scope.rels.slice(first)));
  }
}

function usingAlias(node: Tree): string | undefined {
  const alias = node.join_using_alias;
  return isTree(alias) ? text(alias.aliasname) : undefined;
}

function usingColumn(name: string, walk: Walk, scope: Scope, first: number): void {
  const sides: Scope = { ...scope, rels: scope.rels.slice(first), outer: undefined };
  const found = resolve({ fields: [{ String: { sval: name } }] }, sides);
  const dictionary = sides.rels.some((rel) => rel.dictionary);
  const partners = [...found.columns].map((column) => column.name);
  for (const column of found.columns) walk.record(column, dictionary ? "expression" : "join", undefined, partners);
  const computed = sides.rels.flatMap((rel) => rel.outputs.filter((output) => output.name === name && !output.plain));
  for (const output of computed) walk.recordAll(output.columns, "expression");
}

function joinUse(output: Output): "join" | "expression" {
  return output.plain ? "join" : "expression";
}

function joinRel(alias: string, members: readonly Rel[]): Rel {
  const all = new ColumnSet().add({ name: "*", qualifier: alias });
  for (const member of members) all.merge(member.all);
  const dictionary = members.some((member) => member.dictionary);
  return { alias, open: true, outputs: [], other: "table", all, members, dictionary };
}
