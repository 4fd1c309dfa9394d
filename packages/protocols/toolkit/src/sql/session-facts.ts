import type { SqlSetting, SqlTransactionKind } from "@tidewaiter/core/sql-facts";
import { as, constantText, list, type Tree, text } from "./tree.ts";

/**
 * Settings that change how the server reads SQL or encodes bytes. Classification assumes `standard_conforming_strings`
 * on and UTF-8; while one of these differs the facts are about other text than the server executes.
 */
export const PARSER_SETTINGS: ReadonlySet<string> = new Set([
  "standard_conforming_strings",
  "client_encoding",
  "names",
  "transform_null_equals",
  "backslash_quote",
]);

/** SET, RESET, SHOW, DISCARD; undefined for other statements. */
export function settingFacts(type: string, node: Tree): SqlSetting | undefined {
  if (type === "VariableShowStmt") {
    const name = (text(node.name) ?? "").toLowerCase();
    return name === "all" ? { name: "*", scope: "show", all: true } : { name, scope: "show" };
  }
  if (type === "DiscardStmt") {
    const all = node.target === "DISCARD_ALL" || node.target === undefined;
    return all ? { name: "*", scope: "reset", all: true } : undefined;
  }
  if (type !== "VariableSetStmt") return undefined;
  return variableSet(node);
}

function variableSet(node: Tree): SqlSetting {
  const kind = text(node.kind);
  if (kind === "VAR_RESET_ALL") return { name: "*", scope: "reset", all: true };
  const name = (text(node.name) ?? "").toLowerCase();
  // SET ... TO DEFAULT is another way to write RESET
  if (kind === "VAR_RESET" || kind === "VAR_SET_DEFAULT") return { name, scope: "reset" };
  const scope = node.is_local === true || name === "transaction" ? "local" : "session";
  const values = list(node.args).flatMap((arg) => settingValue(arg) ?? []);
  return values.length === 0 ? { name, scope } : { name, scope, value: values.join(", ") };
}

function settingValue(arg: unknown): string | undefined {
  const constant = as("A_Const", arg);
  if (constant !== undefined) return constantText(constant);
  const cast = as("TypeCast", arg);
  if (cast !== undefined) return settingValue(cast.arg);
  const element = as("DefElem", arg);
  return element === undefined ? undefined : `${text(element.defname) ?? ""}=${settingValue(element.arg) ?? ""}`;
}

const TRANSACTIONS: Readonly<Record<string, SqlTransactionKind>> = {
  TRANS_STMT_BEGIN: "begin",
  TRANS_STMT_START: "begin",
  TRANS_STMT_COMMIT: "commit",
  TRANS_STMT_ROLLBACK: "rollback",
  TRANS_STMT_SAVEPOINT: "savepoint",
  TRANS_STMT_RELEASE: "release",
  TRANS_STMT_ROLLBACK_TO: "rollback-to",
  TRANS_STMT_PREPARE: "prepare",
  TRANS_STMT_COMMIT_PREPARED: "commit-prepared",
  TRANS_STMT_ROLLBACK_PREPARED: "rollback-prepared",
};

export function transactionFacts(node: Tree): SqlTransactionKind | undefined {
  return TRANSACTIONS[text(node.kind) ?? ""];
}

/** EXPLAIN executes its statement only with ANALYZE; the last mention wins, as in the server. */
export function explainFacts(node: Tree): { analyze: boolean } {
  let analyze = false;
  for (const item of list(node.options)) {
    const option = as("DefElem", item);
    if (text(option?.defname) !== "analyze") continue;
    const arg = option?.arg;
    const value = as("String", arg)?.sval ?? as("Integer", arg)?.ival ?? (arg === undefined ? "true" : "0");
    // Anything that is not plainly off counts as on.
    analyze = !["false", "off", "0"].includes(String(value).toLowerCase());
  }
  return { analyze };
}
