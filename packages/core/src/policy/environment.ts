import type { KubeOperation, Operation, SshOperation } from "../operation.ts";
import { SSH_CHANNELS } from "../operation.ts";
import type { AccessLevel } from "../resource.ts";
import type { StatementFacts } from "../sql-facts.ts";
import type { EvaluationContext } from "./context.ts";

/** Who is judged: the principal itself or, for a delegated AI agent, also the person it acts for. */
export interface Judged {
  readonly name: string;
  readonly kind: string;
  readonly groups: readonly string[];
  readonly onBehalfOf?: { readonly name: string; readonly groups: readonly string[] };
}

/** What the fields below are read from. */
export interface EnvironmentSource {
  readonly principal: Judged;
  readonly resource: EvaluationContext["resource"];
  readonly level: AccessLevel;
  readonly session: EvaluationContext["session"];
  /** Absent while only the standing facts of a session are known. */
  readonly operation?: Operation;
}

export interface EnvironmentField {
  /** A CEL type; names that begin with a capital are in ELEMENT_TYPES. */
  readonly type: string;
  readonly description: string;
  /** undefined = unknown: the expression fails there, and a failed expression never loosens a verdict. */
  readonly read?: (source: EnvironmentSource) => unknown;
}

export interface EnvironmentRoot {
  readonly description: string;
  /** True: speaks of one operation of that protocol; a rule that uses it applies to no other protocol. */
  readonly operation: boolean;
  readonly fields: Readonly<Record<string, EnvironmentField>>;
}

/** Longer lists count as unknown, so that no statement makes an expression expensive. */
export const MAX_LIST = 10_000;
/** CEL's largest int: what `sql.limit` says when there is no limit. */
const NO_LIMIT = 2n ** 63n - 1n;

/** Types of list elements and nested values. */
export const ELEMENT_TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Person: { name: "string", groups: "list<string>" },
  Predicate: { label: "string", use: "string", literals: "int" },
  Relation: { schema: "string", name: "string", access: "string" },
};

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

function tag(name: string): EnvironmentField {
  return {
    type: "string",
    description: `short for \`resource.tags["${name}"]\`; unknown when the tag is missing`,
    read: ({ resource }) => (Object.hasOwn(resource.tags, name) ? resource.tags[name] : undefined),
  };
}

function sshField(type: string, description: string, read: (operation: SshOperation) => unknown): EnvironmentField {
  return { type, description, read: ({ operation }) => (operation?.type === "ssh" ? read(operation) : undefined) };
}

function kubeField(type: string, description: string, read: (operation: KubeOperation) => unknown): EnvironmentField {
  return { type, description, read: ({ operation }) => (operation?.type === "kube" ? read(operation) : undefined) };
}

function declared(type: string, description: string): EnvironmentField {
  return { type, description };
}

/** Uses that choose rows; a join alone does not. */
const FILTERING_USES: ReadonlySet<string> = new Set(["equality", "pattern", "expression"]);

const SQL_FIELDS: Readonly<Record<string, EnvironmentField>> = {
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

/** A number that is no whole one is unknown: it came from outside, and BigInt() would throw. */
function toInt(value: number): bigint | undefined {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
}

/** The whole environment of `when` and `unless`. JSON Schema descriptions and documentation are made from this table. */
export const ENVIRONMENT: Readonly<Record<string, EnvironmentRoot>> = {
  principal: {
    description: "who acts",
    operation: false,
    fields: {
      name: { type: "string", description: "its name", read: ({ principal }) => principal.name },
      kind: { type: "string", description: "user, service, ai_agent", read: ({ principal }) => principal.kind },
      groups: {
        type: "list<string>",
        description: "names of its own groups",
        read: ({ principal }) => principal.groups,
      },
      on_behalf_of: {
        type: "Person",
        description: "the person an AI agent acts for; unknown otherwise",
        read: ({ principal }) => principal.onBehalfOf,
      },
    },
  },
  resource: {
    description: "what is reached",
    operation: false,
    fields: {
      name: { type: "string", description: "its name", read: ({ resource }) => resource.name },
      protocol: { type: "string", description: "such as `postgres`", read: ({ resource }) => resource.protocol },
      tags: { type: "map<string, string>", description: "its tags", read: ({ resource }) => resource.tags },
      env: tag("env"),
      team: tag("team"),
      region: tag("region"),
      level: {
        type: "string",
        description: "access level of the session: read, write, admin",
        read: ({ level }) => level,
      },
    },
  },
  session: {
    description: "how it is reached",
    operation: false,
    fields: {
      client: { type: "string", description: "address of the client", read: ({ session }) => session.client },
      application: {
        type: "string",
        description: "what the client calls itself; not to be trusted; unknown when it says nothing",
        read: ({ session }) => session.application,
      },
    },
  },
  sql: { description: "one SQL statement", operation: true, fields: SQL_FIELDS },
  ssh: {
    description: "one SSH channel, command or transfer",
    operation: true,
    fields: {
      channel: sshField("string", SSH_CHANNELS.join(", "), (o) => o.channel),
      command: sshField("string", "the command line, or the typed line; empty when there is none", (o) => o.command),
      programs: sshField(
        "list<string>",
        "programs that the line starts, without folder; unknown when it cannot be read",
        (o) => o.programs,
      ),
      direction: sshField("string", "upload or download; empty otherwise", (o) => o.transfer?.direction ?? ""),
      path: sshField("string", "file that is transferred; empty otherwise", (o) => o.transfer?.path ?? ""),
      bytes: sshField("int", "its size; unknown when it is not known beforehand, 0 without a transfer", (o) =>
        o.transfer === undefined ? 0n : o.transfer.bytes === undefined ? undefined : toInt(o.transfer.bytes),
      ),
      host: sshField("string", "host or socket of a forward; empty otherwise", (o) => o.forward?.host ?? ""),
      port: sshField("int", "port of a forward; 0 otherwise", (o) => toInt(o.forward?.port ?? 0)),
      user: sshField("string", "login at the target; unknown in a test that names none", (o) => o.user),
    },
  },
  kube: {
    description: "one Kubernetes request",
    operation: true,
    fields: {
      verb: kubeField(
        "string",
        "get, list, watch, create, update, patch, delete, deletecollection; exec, attach and portforward are `create`; of a path that is no resource the method in lower case",
        (o) => o.verb,
      ),
      group: kubeField("string", "API group, such as `apps`; empty: the core group", (o) => o.group),
      version: kubeField("string", "such as `v1`", (o) => o.version),
      resource: kubeField("string", "plural, such as `pods`; empty: a path that is no resource", (o) => o.resource),
      subresource: kubeField(
        "string",
        "such as `exec`; `typed`: a line typed in a terminal of exec or attach; empty otherwise",
        (o) => o.subresource,
      ),
      namespace: kubeField("string", "its namespace; of a namespace its name; empty: all, or none", (o) => o.namespace),
      // any object may be among them
      name: kubeField(
        "string",
        "name of the object; empty: all, or one that the server makes; unknown in `deletecollection`",
        (o) => (o.verb === "deletecollection" && o.name === "" ? undefined : o.name),
      ),
      path: kubeField("string", "path of the URL, without query", (o) => o.path),
      labels: kubeField(
        "map<string, string>",
        "labels of the object, as stored and as written; of a list empty: each of its objects is judged by itself",
        (o) => o.labels,
      ),
      dry_run: kubeField("bool", "nothing is stored", (o) => o.dryRun),
      container: kubeField("string", "of exec and attach; empty: the default one", (o) => o.container),
      command: kubeField("list<string>", "arguments of exec, the program first; empty otherwise", (o) => o.command),
      programs: kubeField(
        "list<string>",
        "programs that exec starts, without folder; unknown when it cannot be read",
        (o) => o.programs,
      ),
    },
  },
  http: {
    description: "one HTTP request",
    operation: true,
    fields: {
      method: declared("string", "upper case"),
      host: declared("string", "lower case"),
      path: declared("string", "path without query"),
    },
  },
};

/** Every name an expression may use, as Markdown. */
export function describeEnvironment(): string {
  const lines: string[] = [];
  for (const [root, { description, fields }] of Object.entries(ENVIRONMENT)) {
    lines.push(
      `### ${root}`,
      "",
      `${description[0]?.toUpperCase()}${description.slice(1)}.`,
      "",
      "| name | type | meaning |",
      "| --- | --- | --- |",
    );
    for (const [name, field] of Object.entries(fields))
      lines.push(`| \`${root}.${name}\` | ${field.type} | ${field.description} |`);
    lines.push("");
  }
  for (const [type, fields] of Object.entries(ELEMENT_TYPES)) {
    lines.push(
      `${type}: ${Object.entries(fields)
        .map(([name, of]) => `\`${name}\` (${of})`)
        .join(", ")}`,
      "",
    );
  }
  return lines.join("\n");
}
