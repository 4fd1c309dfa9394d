import type { SqlClass } from "@tidewaiter/core/sql-facts";
import { objectWords, STATEMENT_KINDS } from "./statement-kinds.ts";
import { isTree, list, type Tree, text } from "./tree.ts";

/** The verb of a statement node as policy sees it, object type included: `DROP TABLE`, `REVOKE`, `ROLLBACK`. */
export function statementKind(type: string, node: Tree): string {
  const base = STATEMENT_KINDS[type]?.[0] ?? type;
  switch (type) {
    case "TransactionStmt":
      return transactionVerb(text(node.kind) ?? "");
    case "VariableSetStmt":
      return setVerb(node);
    case "GrantStmt":
      return node.is_grant === true ? "GRANT" : "REVOKE";
    case "GrantRoleStmt":
      return node.is_grant === true ? "GRANT ROLE" : "REVOKE ROLE";
    case "VacuumStmt":
      return node.is_vacuumcmd === true ? "VACUUM" : "ANALYZE";
    case "FetchStmt":
      return node.ismove === true ? "MOVE" : "FETCH";
    case "CreateTableAsStmt":
      return node.objtype === "OBJECT_MATVIEW" ? "CREATE MATERIALIZED VIEW" : base;
    case "CreateFunctionStmt":
      return node.is_procedure === true ? "CREATE PROCEDURE" : base;
    case "DiscardStmt":
      return node.target === "DISCARD_ALL" || node.target === undefined ? "DISCARD ALL" : base;
    default:
      return base.replace("object", () => objectWords(objectType(node)));
  }
}

/** Classes of the node itself; what stands inside adds its own. */
export function statementClasses(type: string, node: Tree): readonly SqlClass[] {
  const base = STATEMENT_KINDS[type]?.[1] ?? "unknown";
  if (type === "CopyStmt") return copyClasses(node);
  if (type === "SelectStmt" && isTree(node.intoClause)) return ["read", "write", "schema"];
  if (type === "CreateTableAsStmt") return ["write", "schema"];
  if (type === "VariableSetStmt" && node.name === "TRANSACTION") return ["transaction"];
  return [base];
}

function copyClasses(node: Tree): readonly SqlClass[] {
  const onServer = node.filename !== undefined || node.is_program === true;
  return ["bulk", node.is_from === true ? "write" : "read", ...(onServer ? (["server"] as const) : [])];
}

/** A rename or drop of a column, constraint or trigger belongs to its table. */
function objectType(node: Tree): string {
  const type = text(node.removeType ?? node.renameType ?? node.objtype ?? node.objectType ?? node.kind);
  if (type === "OBJECT_COLUMN" || type === "OBJECT_TABCONSTRAINT") return text(node.relationType) ?? "OBJECT_TABLE";
  return type ?? "OBJECT_TABLE";
}

const TRANSACTION_VERBS: Readonly<Record<string, string>> = {
  START: "BEGIN",
  ROLLBACK_TO: "ROLLBACK TO SAVEPOINT",
  RELEASE: "RELEASE SAVEPOINT",
  PREPARE: "PREPARE TRANSACTION",
};

function transactionVerb(kind: string): string {
  const name = kind.replace(/^TRANS_STMT_/, "");
  return TRANSACTION_VERBS[name] ?? name.replaceAll("_", " ");
}

function setVerb(node: Tree): string {
  const kind = text(node.kind);
  if (kind === "VAR_RESET" || kind === "VAR_RESET_ALL") return "RESET";
  if (kind !== "VAR_SET_MULTI") return "SET";
  const name = text(node.name) ?? "";
  return name === "SESSION CHARACTERISTICS" ? "SET SESSION CHARACTERISTICS" : "SET TRANSACTION";
}

/** Whether the statement has a body that runs later or where nobody looks. */
export function hasBody(type: string, node: Tree): boolean {
  if (type === "DoStmt" || type === "CreateTrigStmt" || type === "RuleStmt" || type === "CreateEventTrigStmt")
    return true;
  return type === "CreateFunctionStmt" && (node.sql_body !== undefined || list(node.options).length > 0);
}
