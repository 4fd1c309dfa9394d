import type { SqlCall, SqlClass, SqlDangerousCall, SqlName } from "@tidewaiter/core/sql-facts";
import { BUILTIN_FUNCTIONS } from "./builtin-functions.ts";
import { BUILTIN_OPERATORS, BUILTIN_TYPES } from "./builtin-names.ts";
import { dangerOf } from "./dangerous-functions.ts";
import { RAW_NODE_TYPES } from "./node-types.ts";
import { INNER_STATEMENT_NODES, STATEMENT_KINDS } from "./statement-kinds.ts";
import { statementClasses, statementKind } from "./statement-verb.ts";
import { as, constantText, isRowFree, isTree, list, qualifiedName, strings, type Tree, text } from "./tree.ts";

/**
 * Everything in one statement's tree that needs no scope, found by a flat pass over every node. It is the safety net
 * of the scoped walk: a relation or column that the walk did not visit is known here, and an unknown node is seen.
 */
export type Inventory = {
  readonly kinds: Set<string>;
  readonly classes: Set<SqlClass>;
  readonly functions: Map<string, SqlCall>;
  /** Calls whose values are outputs and decide nothing. */
  readonly shown: ReadonlySet<Tree>;
  readonly operators: Map<string, SqlName>;
  readonly types: Map<string, SqlName>;
  readonly attributes: Set<string>;
  readonly dangerous: Map<string, SqlDangerousCall>;
  readonly columns: Tree[];
  readonly ranges: { readonly node: Tree; readonly field: string }[];
  /** Byte offsets of numbers that are places in the target list (`ORDER BY 2`), not values. */
  readonly ordinals: Set<number>;
  params: number;
  opaque: boolean;
};

export function takeInventory(root: unknown, shown: ReadonlySet<Tree> = new Set()): Inventory {
  const found: Inventory = {
    kinds: new Set(),
    classes: new Set(),
    functions: new Map(),
    shown,
    operators: new Map(),
    types: new Map(),
    attributes: new Set(),
    dangerous: new Map(),
    columns: [],
    ranges: [],
    ordinals: new Set(),
    params: 0,
    opaque: false,
  };
  const values: unknown[] = [root];
  const fields: string[] = [""];
  while (values.length > 0) {
    const value = values.pop();
    const field = fields.pop() ?? "";
    if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index--) {
        values.push(value[index]);
        fields.push(field);
      }
    } else if (isTree(value)) {
      if (field === "funccall") functionCall(value, found);
      struct(value, field, found);
      const keys = Object.keys(value);
      for (let index = keys.length - 1; index >= 0; index--) {
        const key = keys[index] ?? "";
        const child = value[key];
        if (typeof child !== "object" || child === null) continue;
        if (isTypeKey(key) && isTree(child)) node(key, child, field, found);
        values.push(child);
        fields.push(isTypeKey(key) ? field : key);
      }
    }
  }
  return found;
}

function isTypeKey(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 65 && first <= 90;
}

function node(type: string, fields: Tree, field: string, found: Inventory): void {
  switch (type) {
    case "ColumnRef":
      found.columns.push(fields);
      attributeNames(list(fields.fields).slice(1), found);
      return;
    case "A_Indirection":
      attributeNames(list(fields.indirection), found);
      return;
    case "FuncCall":
      functionCall(fields, found);
      return;
    case "A_Expr":
      operatorName(fields.name, found);
      return;
    case "SubLink":
      if (fields.operName !== undefined) operatorName(fields.operName, found);
      return;
    case "SortBy":
      if (list(fields.useOp).length > 0) operatorName(fields.useOp, found);
      ordinal(fields.node, found);
      return;
    case "A_Const":
      if (field === "groupClause" || field === "content" || field === "distinctClause")
        ordinal({ A_Const: fields }, found);
      return;
    case "ParamRef":
      found.params = Math.max(found.params, Number(fields.number ?? 0));
      return;
    case "MergeWhenClause":
      mergeVerb(fields, found);
      return;
  }
  // The VALUES of an INSERT is a SelectStmt in the grammar and a read to nobody.
  if (type === "SelectStmt" && field === "selectStmt" && fields.valuesLists !== undefined) return;
  if (STATEMENT_KINDS[type] !== undefined) {
    found.kinds.add(statementKind(type, fields));
    for (const cls of statementClasses(type, fields)) found.classes.add(cls);
  } else if (type.endsWith("Stmt") && !INNER_STATEMENT_NODES.has(type)) {
    found.kinds.add(type);
    found.classes.add("unknown");
    found.opaque = true;
  } else if (!RAW_NODE_TYPES.has(type)) {
    found.opaque = true;
  }
}

function attributeNames(names: readonly unknown[], found: Inventory): void {
  for (const name of strings(names)) found.attributes.add(name);
}

function mergeVerb(fields: Tree, found: Inventory): void {
  const verb = String(fields.commandType).replace(/^CMD_/, "");
  if (verb === "INSERT" || verb === "UPDATE" || verb === "DELETE") found.kinds.add(verb);
}

/** Structs that the grammar holds without a wrapper, told by their shape. */
function struct(value: Tree, field: string, found: Inventory): void {
  if (typeof value.relname === "string" && value.relpersistence !== undefined) {
    found.ranges.push({ node: value, field });
  } else if (Array.isArray(value.names) && typeof value.typemod === "number") {
    typeName(value, found);
  }
}

function functionCall(fields: Tree, found: Inventory): void {
  const called = qualifiedName(fields.funcname);
  const before = found.functions.get(key(called));
  const shown = found.shown.has(fields) && before?.shown !== false;
  found.functions.set(key(called), BUILTIN_FUNCTIONS.has(called.name) ? called : { ...called, shown });
  const name = called.name.toLowerCase();
  const category = dangerOf(name);
  if (category === undefined || (name === "set_config" && setsHarmless(fields))) return;
  const dataArguments = !isRowFree(fields.args) || (found.dangerous.get(name)?.dataArguments ?? false);
  found.dangerous.set(name, { name, category, dataArguments });
}

/**
 * Drivers and tools switch such settings by function (asyncpg: `jit`; pgAdmin, before anything else: `bytea_output`): they
 * hold no data and change no value, at most the form of a bytea.
 */
const HARMLESS_SETTINGS: ReadonlySet<string> = new Set([
  "jit",
  "plan_cache_mode",
  "statement_timeout",
  "lock_timeout",
  "bytea_output",
]);

function setsHarmless(call: Tree): boolean {
  const [name, value] = list(call.args);
  const constant = as("A_Const", name);
  const setting = constant === undefined ? undefined : constantText(constant);
  return setting !== undefined && HARMLESS_SETTINGS.has(setting.toLowerCase()) && isRowFree(value);
}

function operatorName(names: unknown, found: Inventory): void {
  const operator = qualifiedName(names);
  const builtin = operator.schema === undefined || operator.schema === "pg_catalog";
  if (builtin && (BUILTIN_OPERATORS.has(operator.name) || /^[A-Z ]+$/.test(operator.name))) {
    if (operator.schema === undefined) return;
  }
  found.operators.set(key(operator), operator);
}

function typeName(value: Tree, found: Inventory): void {
  const type = qualifiedName(value.names);
  const builtin = type.schema === undefined || type.schema === "pg_catalog";
  if (builtin && BUILTIN_TYPES.has(type.name) && value.pct_type !== true) return;
  found.types.set(key(type), type);
}

function ordinal(value: unknown, found: Inventory): void {
  const constant = as("A_Const", value);
  if (isTree(constant?.ival)) found.ordinals.add(Number(constant.location ?? 0));
}

function key(name: SqlName): string {
  return `${text(name.schema) ?? ""}\0${name.name}`;
}
