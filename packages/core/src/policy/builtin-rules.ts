import type { SqlDangerCategory } from "../sql-facts.ts";

/** Kinds of statements that can carry labelled values past every mask; `statistics` are the planner's samples. */
export type BuiltinCategory =
  | Extract<SqlDangerCategory, "sql_in_string" | "file" | "replication" | "egress" | "server" | "large_object">
  | "statistics";
