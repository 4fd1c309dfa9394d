import type { SqlClass } from "@tidewaiter/core/sql-facts";

/** Verb and class of a statement node whose verb does not depend on its fields. */
export type StatementKind = readonly [kind: string, cls: SqlClass];

/**
 * Every statement node of PostgreSQL 18's grammar. `object` in a verb is replaced by the object type (`DROP object`).
 * A node that is not here is `unknown`: refused by default, never treated as a read.
 */
export const STATEMENT_KINDS: Readonly<Record<string, StatementKind>> = {
  SelectStmt: ["SELECT", "read"],
  InsertStmt: ["INSERT", "write"],
  UpdateStmt: ["UPDATE", "write"],
  DeleteStmt: ["DELETE", "write"],
  MergeStmt: ["MERGE", "write"],
  ReturnStmt: ["RETURN", "code"],
  PLAssignStmt: ["ASSIGN", "code"],
  CopyStmt: ["COPY", "bulk"],

  TransactionStmt: ["TRANSACTION", "transaction"],
  ConstraintsSetStmt: ["SET CONSTRAINTS", "transaction"],

  VariableSetStmt: ["SET", "session"],
  VariableShowStmt: ["SHOW", "session"],
  DiscardStmt: ["DISCARD", "session"],
  PrepareStmt: ["PREPARE", "session"],
  ExecuteStmt: ["EXECUTE", "session"],
  DeallocateStmt: ["DEALLOCATE", "session"],
  DeclareCursorStmt: ["DECLARE CURSOR", "session"],
  FetchStmt: ["FETCH", "session"],
  ClosePortalStmt: ["CLOSE", "session"],
  ListenStmt: ["LISTEN", "session"],
  UnlistenStmt: ["UNLISTEN", "session"],
  NotifyStmt: ["NOTIFY", "session"],
  ExplainStmt: ["EXPLAIN", "session"],

  LockStmt: ["LOCK", "maintenance"],
  VacuumStmt: ["VACUUM", "maintenance"],
  ClusterStmt: ["CLUSTER", "maintenance"],
  ReindexStmt: ["REINDEX", "maintenance"],
  RefreshMatViewStmt: ["REFRESH MATERIALIZED VIEW", "maintenance"],
  AlterDatabaseRefreshCollStmt: ["ALTER DATABASE", "maintenance"],

  GrantStmt: ["GRANT", "privilege"],
  GrantRoleStmt: ["GRANT ROLE", "privilege"],
  AlterDefaultPrivilegesStmt: ["ALTER DEFAULT PRIVILEGES", "privilege"],
  CreateRoleStmt: ["CREATE ROLE", "privilege"],
  AlterRoleStmt: ["ALTER ROLE", "privilege"],
  AlterRoleSetStmt: ["ALTER ROLE", "privilege"],
  DropRoleStmt: ["DROP ROLE", "privilege"],
  AlterOwnerStmt: ["ALTER object", "privilege"],
  DropOwnedStmt: ["DROP OWNED", "privilege"],
  ReassignOwnedStmt: ["REASSIGN OWNED", "privilege"],
  CreatePolicyStmt: ["CREATE POLICY", "privilege"],
  AlterPolicyStmt: ["ALTER POLICY", "privilege"],
  SecLabelStmt: ["SECURITY LABEL", "privilege"],
  CreateUserMappingStmt: ["CREATE USER MAPPING", "privilege"],
  AlterUserMappingStmt: ["ALTER USER MAPPING", "privilege"],
  DropUserMappingStmt: ["DROP USER MAPPING", "privilege"],

  LoadStmt: ["LOAD", "server"],
  CheckPointStmt: ["CHECKPOINT", "server"],
  AlterSystemStmt: ["ALTER SYSTEM", "server"],
  CreatedbStmt: ["CREATE DATABASE", "server"],
  AlterDatabaseStmt: ["ALTER DATABASE", "server"],
  AlterDatabaseSetStmt: ["ALTER DATABASE", "server"],
  DropdbStmt: ["DROP DATABASE", "server"],
  CreateTableSpaceStmt: ["CREATE TABLESPACE", "server"],
  DropTableSpaceStmt: ["DROP TABLESPACE", "server"],
  AlterTableSpaceOptionsStmt: ["ALTER TABLESPACE", "server"],
  AlterTableMoveAllStmt: ["ALTER TABLE ALL", "server"],
  CreateExtensionStmt: ["CREATE EXTENSION", "server"],
  AlterExtensionStmt: ["ALTER EXTENSION", "server"],
  AlterExtensionContentsStmt: ["ALTER EXTENSION", "server"],
  CreateFdwStmt: ["CREATE FOREIGN DATA WRAPPER", "server"],
  AlterFdwStmt: ["ALTER FOREIGN DATA WRAPPER", "server"],
  CreateForeignServerStmt: ["CREATE SERVER", "server"],
  AlterForeignServerStmt: ["ALTER SERVER", "server"],
  ImportForeignSchemaStmt: ["IMPORT FOREIGN SCHEMA", "server"],
  CreatePublicationStmt: ["CREATE PUBLICATION", "server"],
  AlterPublicationStmt: ["ALTER PUBLICATION", "server"],
  CreateSubscriptionStmt: ["CREATE SUBSCRIPTION", "server"],
  AlterSubscriptionStmt: ["ALTER SUBSCRIPTION", "server"],
  DropSubscriptionStmt: ["DROP SUBSCRIPTION", "server"],
  CreateAmStmt: ["CREATE ACCESS METHOD", "server"],
  CreatePLangStmt: ["CREATE LANGUAGE", "server"],

  DoStmt: ["DO", "code"],
  CallStmt: ["CALL", "code"],
  CreateFunctionStmt: ["CREATE FUNCTION", "code"],
  AlterFunctionStmt: ["ALTER FUNCTION", "code"],
  CreateTrigStmt: ["CREATE TRIGGER", "code"],
  CreateEventTrigStmt: ["CREATE EVENT TRIGGER", "code"],
  AlterEventTrigStmt: ["ALTER EVENT TRIGGER", "code"],
  RuleStmt: ["CREATE RULE", "code"],
  CreateCastStmt: ["CREATE CAST", "code"],
  CreateTransformStmt: ["CREATE TRANSFORM", "code"],
  CreateConversionStmt: ["CREATE CONVERSION", "code"],
  CreateOpClassStmt: ["CREATE OPERATOR CLASS", "code"],
  CreateOpFamilyStmt: ["CREATE OPERATOR FAMILY", "code"],
  AlterOpFamilyStmt: ["ALTER OPERATOR FAMILY", "code"],
  AlterOperatorStmt: ["ALTER OPERATOR", "code"],

  CreateStmt: ["CREATE TABLE", "schema"],
  CreateTableAsStmt: ["CREATE TABLE AS", "schema"],
  ViewStmt: ["CREATE VIEW", "schema"],
  CreateForeignTableStmt: ["CREATE FOREIGN TABLE", "schema"],
  AlterTableStmt: ["ALTER object", "schema"],
  DropStmt: ["DROP object", "schema"],
  TruncateStmt: ["TRUNCATE", "write"],
  RenameStmt: ["ALTER object", "schema"],
  AlterObjectSchemaStmt: ["ALTER object", "schema"],
  AlterObjectDependsStmt: ["ALTER object", "schema"],
  CommentStmt: ["COMMENT", "schema"],
  CreateSchemaStmt: ["CREATE SCHEMA", "schema"],
  CreateSeqStmt: ["CREATE SEQUENCE", "schema"],
  AlterSeqStmt: ["ALTER SEQUENCE", "schema"],
  IndexStmt: ["CREATE INDEX", "schema"],
  CreateStatsStmt: ["CREATE STATISTICS", "schema"],
  AlterStatsStmt: ["ALTER STATISTICS", "schema"],
  CreateDomainStmt: ["CREATE DOMAIN", "schema"],
  AlterDomainStmt: ["ALTER DOMAIN", "schema"],
  DefineStmt: ["CREATE object", "schema"],
  CompositeTypeStmt: ["CREATE TYPE", "schema"],
  CreateEnumStmt: ["CREATE TYPE", "schema"],
  CreateRangeStmt: ["CREATE TYPE", "schema"],
  AlterEnumStmt: ["ALTER TYPE", "schema"],
  AlterTypeStmt: ["ALTER TYPE", "schema"],
  AlterCollationStmt: ["ALTER COLLATION", "schema"],
  AlterTSDictionaryStmt: ["ALTER TEXT SEARCH DICTIONARY", "schema"],
  AlterTSConfigurationStmt: ["ALTER TEXT SEARCH CONFIGURATION", "schema"],
};

/** Nodes named `...Stmt` that only stand inside another statement or that the raw parser never makes. */
export const INNER_STATEMENT_NODES: ReadonlySet<string> = new Set([
  "RawStmt",
  "SetOperationStmt",
  "ReplicaIdentityStmt",
]);

const OBJECT_WORDS: Readonly<Record<string, string>> = {
  MATVIEW: "MATERIALIZED VIEW",
  FDW: "FOREIGN DATA WRAPPER",
  FOREIGN_SERVER: "SERVER",
  OPCLASS: "OPERATOR CLASS",
  OPFAMILY: "OPERATOR FAMILY",
  STATISTIC_EXT: "STATISTICS",
  TSCONFIGURATION: "TEXT SEARCH CONFIGURATION",
  TSDICTIONARY: "TEXT SEARCH DICTIONARY",
  TSPARSER: "TEXT SEARCH PARSER",
  TSTEMPLATE: "TEXT SEARCH TEMPLATE",
  TABCONSTRAINT: "TABLE",
  DOMCONSTRAINT: "DOMAIN",
  ATTRIBUTE: "TYPE",
  LARGEOBJECT: "LARGE OBJECT",
};

/** `OBJECT_MATVIEW` -> `MATERIALIZED VIEW`. */
export function objectWords(objectType: string): string {
  const name = objectType.replace(/^OBJECT_/, "");
  return OBJECT_WORDS[name] ?? name.replaceAll("_", " ");
}

/** From harmless to severe; the class of a whole statement is the most severe one found in it. */
export const CLASS_ORDER: readonly SqlClass[] = [
  "transaction",
  "session",
  "read",
  "maintenance",
  "write",
  "bulk",
  "schema",
  "code",
  "privilege",
  "server",
  "unknown",
];

export function severest(classes: Iterable<SqlClass>): SqlClass {
  let found = -1;
  for (const cls of classes) found = Math.max(found, CLASS_ORDER.indexOf(cls));
  return CLASS_ORDER[found] ?? "unknown";
}
