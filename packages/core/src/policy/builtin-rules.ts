import type { SqlDangerCategory } from "../sql-facts.ts";

/** Ways past every mask, and what lends the client's own machine; each is refused unless `defaults.builtins` allows it. */
export const BUILTIN_CATEGORIES = [
  "sql_in_string",
  "file",
  "replication",
  "egress",
  "server",
  "large_object",
  "statistics",
  "code",
  "ssh_forward",
  "ssh_agent",
  "ssh_x11",
  "kube_proxy",
] as const;

export type BuiltinCategory = (typeof BUILTIN_CATEGORIES)[number];

/** Rule ids are part of messages, records and tests: they never change. */
export const BUILTIN_RULES = {
  unknownStatement: "unknown-statement",
  unknownLineage: "unknown-lineage",
  laundering: "no-laundering",
  predicates: "no-probing",
  unreadCode: "no-unread-code",
  reviewers: "no-common-reviewer",
  readLevel: "read-level",
  maskWriteBack: "no-mask-write-back",
} as const;

export const CATEGORY_RULES: Readonly<Record<BuiltinCategory, { readonly id: string; readonly reason: string }>> = {
  sql_in_string: {
    id: "no-sql-in-string",
    reason: "runs SQL from a string, which cannot be checked for labelled data",
  },
  file: { id: "no-server-files", reason: "reads or writes files of the server, past every mask" },
  replication: { id: "no-replication", reason: "replication carries rows without masks" },
  egress: { id: "no-egress", reason: "opens a connection from the server, by which labelled data could leave" },
  server: { id: "no-server-control", reason: "acts on the server itself" },
  large_object: { id: "no-large-objects", reason: "large objects carry no labels" },
  statistics: { id: "no-planner-statistics", reason: "the planner's statistics hold samples of labelled values" },
  code: { id: "no-unseen-code", reason: "holds code that runs unseen, which could move labelled data" },
  ssh_forward: { id: "no-port-forwarding", reason: "what goes through a forward is neither read nor recorded" },
  ssh_agent: {
    id: "no-agent-forwarding",
    reason: "whoever controls the host could sign with the keys of your agent",
  },
  ssh_x11: { id: "no-x11-forwarding", reason: "whoever controls the host could read your screen and type" },
  kube_proxy: {
    id: "no-kube-proxy",
    reason: "what goes through the API server's proxy is neither masked nor judged",
  },
};

export const BUILTIN_RULE_IDS: ReadonlySet<string> = new Set([
  ...Object.values(BUILTIN_RULES),
  ...Object.values(CATEGORY_RULES).map((rule) => rule.id),
]);

/** Catalog relations that hold samples of column values (PostgreSQL, chapter 53: pg_statistic, pg_stats, ...). */
export const STATISTICS_RELATIONS: ReadonlySet<string> = new Set([
  "pg_statistic",
  "pg_statistic_ext_data",
  "pg_stats",
  "pg_stats_ext",
  "pg_stats_ext_exprs",
]);

const CATEGORIES: ReadonlySet<string> = new Set(BUILTIN_CATEGORIES);

export function isBuiltinCategory(
  category: SqlDangerCategory,
): category is Extract<SqlDangerCategory, BuiltinCategory> {
  return CATEGORIES.has(category);
}
