import type { SqlName, StatementFacts } from "@tidewaiter/core/sql-facts";
import { ColumnSet, type Output, starOutput, tableRel } from "./column-set.ts";
import { expression } from "./expressions.ts";
import { createdFrom } from "./modifications.ts";
import { predicate } from "./predicates.ts";
import { literalLimit, query } from "./queries.ts";
import { newScope } from "./scope.ts";
import { isTree, list, stringOf, strings, type Tree, text, unwrap } from "./tree.ts";
import { relationOf, type Walk } from "./walk.ts";

/** What the scoped walk tells about the top of a statement. */
export type StatementWalk = {
  readonly outputs: readonly Output[];
  readonly returnsRows: boolean;
  readonly into?: SqlName;
  readonly limit?: number;
};

const QUERIES: ReadonlySet<string> = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);
const NO_OUTPUTS: StatementWalk = { outputs: [], returnsRows: false };

export function walkStatement(walk: Walk, node: unknown): StatementWalk {
  const found = unwrap(node);
  if (found === undefined) return NO_OUTPUTS;
  const [type, value] = found;
  if (QUERIES.has(type)) return topQuery(walk, type, value);
  switch (type) {
    case "CreateTableAsStmt":
      return createTableAs(walk, value);
    case "ViewStmt":
      view(walk, value);
      return NO_OUTPUTS;
    case "DeclareCursorStmt":
    case "PrepareStmt":
      return { ...walkStatement(walk, value.query), returnsRows: false };
    case "ExplainStmt":
      walkStatement(walk, value.query);
      return { outputs: [], returnsRows: true };
    case "CopyStmt":
      return copy(walk, value);
    case "TruncateStmt":
      truncate(walk, value);
      return NO_OUTPUTS;
    case "DropStmt":
      dropped(walk, value);
      return NO_OUTPUTS;
    case "VariableShowStmt":
    case "ExecuteStmt":
    case "CallStmt":
      nestedQueries(walk, value);
      return { outputs: [], returnsRows: true };
    case "FetchStmt":
      return { outputs: [], returnsRows: value.ismove !== true };
    default:
      nestedQueries(walk, value);
      return NO_OUTPUTS;
  }
}

function topQuery(walk: Walk, type: string, value: Tree): StatementWalk {
  const target = intoTarget(value);
  const outputs = query(
    walk,
    { [type]: value },
    undefined,
    undefined,
    target === undefined ? "output" : "write-source",
  );
  if (target !== undefined) {
    const into = created(walk, target, outputs);
    return { outputs: [], returnsRows: false, into };
  }
  const limit = literalLimit(value);
  const returnsRows = type === "SelectStmt" || isTree(value.returningClause);
  return { outputs, returnsRows, ...(limit === undefined ? {} : { limit }) };
}

/** SELECT INTO of a set operation stands in its leftmost arm. */
function intoTarget(select: Tree): Tree | undefined {
  let at: unknown = select;
  while (isTree(at)) {
    if (isTree(at.intoClause)) return at.intoClause;
    at = at.larg;
  }
  return undefined;
}

function created(walk: Walk, clause: Tree, outputs: readonly Output[]): SqlName {
  const range = isTree(clause.rel) ? clause.rel : {};
  const relation = relationOf(range, "write");
  walk.seen.add(range);
  walk.relation(relation);
  const name =
    relation.schema === undefined ? { name: relation.name } : { schema: relation.schema, name: relation.name };
  createdFrom(walk, name, outputs, strings(clause.colNames));
  return name;
}

function createTableAs(walk: Walk, value: Tree): StatementWalk {
  const inner = unwrap(value.query);
  const outputs =
    inner !== undefined && QUERIES.has(inner[0])
      ? query(walk, value.query, undefined, undefined, "write-source")
      : // CREATE TABLE AS EXECUTE: whatever was prepared.
        [starOutput(new ColumnSet().add({ name: "*", qualifier: undefined }), false)];
  if (inner?.[0] === "ExecuteStmt") walk.record({ name: "*", qualifier: undefined }, "write-source");
  const into = isTree(value.into) ? created(walk, value.into, outputs) : undefined;
  return into === undefined ? NO_OUTPUTS : { ...NO_OUTPUTS, into };
}

function view(walk: Walk, value: Tree): void {
  query(walk, value.query, undefined, undefined, "write-source");
}

function copy(walk: Walk, value: Tree): StatementWalk {
  if (value.query !== undefined) {
    const inner = walkStatement(walk, value.query);
    return { ...inner, returnsRows: false };
  }
  const range = value.relation;
  if (!isTree(range)) return NO_OUTPUTS;
  const from = value.is_from === true;
  const relation = relationOf(range, from ? "write" : "read");
  walk.seen.add(range);
  walk.relation(relation);
  const columns = strings(value.attlist);
  if (from) {
    const scope = newScope(undefined, undefined);
    scope.rels.push(tableRel(relation.name));
    predicate(value.whereClause, walk, scope);
    const { name, schema } = relation;
    const target = schema === undefined ? { name } : { schema, name };
    walk.writes.push({ relation: target, kind: "COPY", columns, carriesColumns: false, values: [] });
  } else {
    for (const name of columns.length > 0 ? columns : ["*"]) walk.record({ name, qualifier: relation.name }, "output");
  }
  return NO_OUTPUTS;
}

function truncate(walk: Walk, value: Tree): void {
  for (const item of list(value.relations)) {
    const range = unwrap(item)?.[1];
    if (range === undefined) continue;
    const relation = relationOf(range, "write");
    walk.seen.add(range);
    walk.relation(relation);
    const { name, schema } = relation;
    const target = schema === undefined ? { name } : { schema, name };
    walk.writes.push({ relation: target, kind: "TRUNCATE", columns: [], carriesColumns: false, values: [] });
  }
}

const ON_A_TABLE: ReadonlySet<string> = new Set(["OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"]);
const RELATIONS: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_SEQUENCE",
  "OBJECT_INDEX",
]);

/** DROP names its objects as lists of strings; of a trigger, policy or rule the last is its own name. */
function dropped(walk: Walk, value: Tree): void {
  const type = text(value.removeType) ?? "OBJECT_TABLE";
  if (!RELATIONS.has(type) && !ON_A_TABLE.has(type)) return;
  for (const object of list(value.objects)) {
    const items = list(unwrap(object)?.[1].items).flatMap((item) => stringOf(item) ?? []);
    if (ON_A_TABLE.has(type)) items.pop();
    const name = items.at(-1);
    const schema = items.at(-2);
    if (name !== undefined) walk.relation({ ...(schema === undefined ? {} : { schema }), name, access: "write" });
  }
}

/** Queries inside a utility statement (rules, SQL bodies, policies, EXECUTE arguments): walked on their own. */
function nestedQueries(walk: Walk, root: unknown): void {
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (Array.isArray(value)) stack.push(...value);
    else if (isTree(value)) {
      const node = unwrap(value);
      if (node !== undefined && QUERIES.has(node[0])) query(walk, value, undefined, undefined, "write-source");
      else if (node?.[0] === "FuncCall" || node?.[0] === "A_Expr") {
        expression(value, { walk, scope: newScope(undefined, undefined), use: "expression" });
      } else stack.push(...Object.values(value));
    }
  }
}

export function outputFacts(outputs: readonly Output[]): StatementFacts["outputs"] {
  return outputs.map(({ name, plain, columns, star }) => ({
    name,
    plain,
    columns: star ? "unknown" : columns.names(),
  }));
}
