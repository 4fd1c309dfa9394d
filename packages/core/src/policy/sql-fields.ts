import type { Operation } from "../operation.ts";
import type { StatementFacts } from "../sql-facts.ts";
import { type EnvironmentField, type EnvironmentSource, MAX_LIST, toInt } from "./environment-field.ts";

/** CEL's largest int: what `sql.limit` says when there is no limit. */
const NO_LIMIT = 2n ** 63n - 1n;

function facts(source: EnvironmentSource): StatementFacts | undefined {
  return source.operation?.type === "sql" ? source.operation.facts : undefined;
}

function sqlField<T>(
  type: string,
  description: string,
  read: (facts: StatementFacts) => T | undefined,
): EnvironmentField {
  return {
    type,
    description,
    read: (source) => {
      const known = facts(source);
      if (known === undefined) return undefined;
      const value = read(known);
      return Array.isArray(value) && value.length > MAX_LIST ? undefined : value;
    },
  };
}

/** A list that is unknown when the walker met a node it does not know, for it may then be incomplete. */
function completeList<T>(
  type: string,
  description: string,
  read: (facts: StatementFacts) => readonly T[],
): EnvironmentField {
  return sqlField(type, description, (known) => (known.opaque ? undefined : read(known)));
}

/** Facts from labels: unknown when the statement touches something that neither catalog nor analyser knows. */
function labelField<T>(
  type: string,
  description: string,
  read: (operation: Extract<Operation, { type: "sql" }>) => readonly T[],
): EnvironmentField {
  return {
    type,
    description,
    read: ({ operation }) => {
      if (operation?.type !== "sql" || operation.labels.opaque || operation.facts.opaque) return undefined;
      const value = read(operation);
      return value.length > MAX_LIST ? undefined : value;
    },
  };
}

/** Uses that choose rows; a join alone does not. */
const FILTERING_USES: ReadonlySet<string> = new Set(["equality", "pattern", "expression"]);

export const SQL_FIELDS: Readonly<Record<string, EnvironmentField>> = {
  kind: sqlField("string", "verb, such as `SELECT` or `CREATE TABLE`", (f) => f.kind),
  kinds: sqlField("list<string>", "every verb in the tree, `kind` first", (f) => f.kinds),
  class: sqlField(
    "string",
    "strictest of `classes`: read, write, schema, maintenance, privilege, session, transaction, bulk, server, code, unknown",
    (f) => f.class,
  ),
  classes: sqlField("list<string>", "class of every part of the statement", (f) => f.classes),
  opaque: {
    type: "bool",
    description: "something in it is unknown to the analyser or the catalog",
    read: ({ operation }) =>
      operation?.type === "sql" ? operation.labels.opaque || operation.facts.opaque : undefined,
  },
  where: sqlField(
    "string",
    "weakest WHERE of all UPDATE and DELETE: none, constant, real; empty when there is none of these",
    (f) => f.where ?? "",
  ),
  filtered: sqlField("bool", "a column is tested anywhere (joins do not count)", (f) =>
    f.columns.some((c) => FILTERING_USES.has(c.use)),
  ),
  limited: sqlField("bool", "the top-level query has a literal LIMIT", (f) => f.limit !== undefined),
  limit: sqlField("int", "that LIMIT; the largest int when there is none", (f) =>
    f.limit === undefined ? NO_LIMIT : toInt(f.limit),
  ),
  returns_rows: sqlField("bool", "the statement returns rows", (f) => f.returnsRows),
  explain: sqlField("string", "plan, analyze (which executes), or empty", (f) =>
    f.explain === undefined ? "" : f.explain.analyze ? "analyze" : "plan",
  ),
  reads: labelField("list<string>", "labels of columns read in any place", (o) => o.labels.reads),
  writes: labelField("list<string>", "labels of columns written", (o) => o.labels.writes),
  predicates: labelField("list<Predicate>", "labelled columns that decide which rows, how many or in what order", (o) =>
    o.labels.predicates.map((p) => ({ label: p.label, use: p.use, literals: toInt(p.literals) })),
  ),
  unread: {
    type: "list<string>",
    description: "functions of the database, as `schema.name`, that it runs and nobody has read",
    read: ({ operation }) => (operation?.type === "sql" ? (operation.labels.unread?.names ?? []) : undefined),
  },
  laundering: {
    type: "bool",
    description: "labelled values would flow into a place without a label",
    read: ({ operation }) => (operation?.type === "sql" ? operation.labels.laundering : undefined),
  },
  relations: completeList(
    "list<Relation>",
    "tables and views by name; `access` is read or write, `schema` is empty when not written",
    (f) => f.relations.map((r) => ({ schema: r.schema ?? "", name: r.name, access: r.access })),
  ),
  functions: completeList("list<string>", "names of called functions, without schema", (f) =>
    f.functions.map((n) => n.name),
  ),
  dangerous: completeList(
    "list<string>",
    "categories of dangerous calls: sql_in_string, file, large_object, egress, replication, notify, setting, sequence, lock, delay, server",
    (f) => f.dangerous.map((d) => d.category),
  ),
  literals: sqlField("int", "how many constants it has", (f) => toInt(f.literals.length)),
  params: sqlField("int", "highest parameter number", (f) => toInt(f.params)),
  setting: sqlField(
    "string",
    "what SET, RESET or SHOW names, lower case; `role` for SET ROLE; empty otherwise",
    (f) => f.set?.name ?? "",
  ),
  setting_scope: sqlField("string", "session, local, reset, show; empty otherwise", (f) => f.set?.scope ?? ""),
  setting_value: sqlField("string", "the value; empty when there is none", (f) => f.set?.value ?? ""),
  copy_direction: sqlField("string", "COPY: to or from; empty otherwise", (f) => f.copy?.direction ?? ""),
  copy_endpoint: sqlField(
    "string",
    "COPY: stdout, stdin, file, program; empty otherwise",
    (f) => f.copy?.endpoint ?? "",
  ),
  copy_format: sqlField("string", "COPY: text, csv, binary; empty otherwise", (f) => f.copy?.format ?? ""),
  transaction: sqlField("string", "begin, commit, rollback, ...; empty otherwise", (f) => f.transaction ?? ""),
  has_body: sqlField("bool", "holds code that runs later or unseen: DO, CREATE FUNCTION, a trigger", (f) => f.hasBody),
  fingerprint: sqlField("string", "16 hex digits, equal for statements of one shape", (f) => f.fingerprint),
  estimated_rows: {
    type: "int",
    description: "the planner's estimate; unknown when it cannot be had",
    read: ({ operation }) =>
      operation?.type === "sql" && operation.estimatedRows !== undefined ? toInt(operation.estimatedRows) : undefined,
  },
};
