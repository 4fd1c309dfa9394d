/**
 * What the SQL classifier tells about a string of SQL: plain, serialisable data without catalog knowledge.
 *
 * Names are as PostgreSQL's parser left them (folded to lower case unless quoted). Every span is in UTF-16 code
 * units of the source string, so that `sql.slice(span.start, span.end)` is exact; only `position` of a refusal is in
 * characters counted from 1, as the ErrorResponse field `P` (PostgreSQL protocol, 55.8).
 *
 * The rule of every field: when the walker is not sure, it reports more (a use, a column, `"unknown"`), never less.
 */

/** Half-open span `[start, end)` in UTF-16 code units of the source text. */
export type SourceSpan = { readonly start: number; readonly end: number };

/** Every statement kind of PostgreSQL's grammar has one; `unknown` is a node our table does not list. Never read. */
export type SqlClass =
  | "read"
  | "write"
  | "schema"
  | "maintenance"
  | "privilege"
  | "session"
  | "transaction"
  | "bulk"
  | "server"
  | "code"
  | "unknown";

/** Strictest WHERE of all UPDATE and DELETE in the tree: `none` < `constant` (a tautology, no real column test) < `real`. */
export type SqlWhere = "none" | "constant" | "real";

export type SqlRelation = {
  readonly schema?: string;
  readonly name: string;
  /** A relation both read and written is listed twice. Relations of DDL and of LOCK, VACUUM, ANALYZE are listed too. */
  readonly access: "read" | "write";
  readonly alias?: string;
};

export type SqlName = { readonly schema?: string; readonly name: string };

/** `shown`, of functions that did not come with the server: values of all its calls are outputs and decide nothing. */
export type SqlCall = SqlName & { readonly shown?: boolean };

/**
 * - `output`        value reaches a row of the statement
 * - `equality`      compared with a literal or parameter by `=`, `IN (list)` or `= ANY (array)`; see `literals`
 * - `join`          column = column, also USING
 * - `order` `group` ORDER BY, DISTINCT, window clauses / GROUP BY
 * - `pattern`       LIKE, ranges, `<>`, regular expressions, IS NULL
 * - `expression`    anything else that decides something (HAVING, LIMIT, a function in WHERE, a sub-select that feeds a
 *                   predicate or a row count)
 * - `asking`        the value is shown, but in a way that answers a question about it: a comparison, a CASE condition, or
 *                   something that may fail, be NULL or give several rows by the value; restricts no rows
 * - `write-source`  value flows into SET, INSERT source, MERGE, CREATE TABLE AS, or a function with a side effect
 */
export type SqlColumnUseKind =
  | "output"
  | "equality"
  | "join"
  | "order"
  | "group"
  | "pattern"
  | "expression"
  | "asking"
  | "write-source";

/** What a column is compared with: a literal by its place in `StatementFacts.literals`, or a parameter by its number. */
export type SqlComparedValue =
  | { readonly literal: number }
  /** `list`: the parameter is an array, `= ANY ($1)`. */
  | { readonly param: number; readonly list?: true };

export type SqlColumnUse = {
  /** Last field of the reference; `*` for a star, `t.*` or a whole-row reference. */
  readonly name: string;
  /** The field before it (alias or table name), absent when unqualified. For `*` of a whole row: the alias. */
  readonly qualifier?: string;
  readonly use: SqlColumnUseKind;
  /** Only for `equality`: how many literals or parameters it is compared with (a list counts once per element). */
  readonly literals?: number;
  /** Only for `equality`: those of the literals and parameters that stand there by themselves. */
  readonly values?: readonly SqlComparedValue[];
  /** Only for `join`: last names of the columns it is compared with, to tell a join within one label from another. */
  readonly partners?: readonly string[];
};

/** One column of the top-level row-returning statement. */
export type SqlOutput = {
  /** Name as PostgreSQL would give it, where the grammar tells; `*` for a star, which stands for many columns. */
  readonly name: string;
  /** A plain column reference, possibly through aliases and sub-selects. */
  readonly plain: boolean;
  /** Last names of every column that the value may depend on; `"unknown"` when it cannot be told (stars, whole rows). */
  readonly columns: readonly string[] | "unknown";
};

export type SqlWrite = {
  readonly relation: SqlName;
  readonly kind: "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" | "TRUNCATE" | "CREATE TABLE AS";
  /** Columns named as targets; empty = all (INSERT without a list) or none (DELETE, TRUNCATE). */
  readonly columns: readonly string[];
  /** The written value may carry columns (of this or another relation), not only literals and parameters. */
  readonly carriesColumns: boolean;
  /** Literals and parameters that land in a named column, for the write-back rule of masks (decision e). */
  readonly values: readonly SqlWrittenValue[];
  /** Per target column, the last names of the columns that flow into it; no entry for a literal or parameter. */
  readonly sources?: readonly SqlWriteSource[];
};

/** `column` is absent when the target column cannot be named (INSERT without a list, CREATE TABLE AS). */
export type SqlWriteSource = {
  readonly column?: string;
  readonly columns: readonly string[] | "unknown";
  /** The value is one column as it is, not an expression over it. */
  readonly plain?: boolean;
};

/** `column` is absent when the INSERT has no column list (then `ordinal` counts from 0). */
export type SqlWrittenValue = {
  readonly column?: string;
  readonly ordinal?: number;
  readonly literal?: string;
  /** Number of the parameter, from 1. */
  readonly param?: number;
};

export type SqlCopyFormat = "text" | "csv" | "binary";

export type SqlCopyOptions = {
  readonly delimiter?: string;
  readonly null?: string;
  readonly default?: string;
  readonly quote?: string;
  readonly escape?: string;
  readonly header?: boolean | "match";
  readonly freeze?: boolean;
  readonly encoding?: string;
  /** FORCE_QUOTE, FORCE_NOT_NULL, FORCE_NULL: column names, or `*`. */
  readonly forceQuote?: readonly string[] | "*";
  readonly forceNotNull?: readonly string[] | "*";
  readonly forceNull?: readonly string[] | "*";
  /** Names of options that this list does not know: the copy must then be treated as opaque. */
  readonly other: readonly string[];
};

export type SqlCopy = {
  readonly direction: "to" | "from";
  readonly source: "table" | "query";
  readonly endpoint: "stdout" | "stdin" | "file" | "program";
  readonly relation?: SqlName;
  /** As written; absent = all columns. */
  readonly columns?: readonly string[];
  readonly format: SqlCopyFormat;
  readonly options: SqlCopyOptions;
  /** Source text of the query inside the parentheses. */
  readonly innerSql?: string;
  /** Source text of everything after the closing parenthesis, the table or the column list: `TO STDOUT WITH (...)`. */
  readonly tail?: string;
};

export type SqlSetting = {
  /** Lower case. `role` and `session_authorization` for those commands; `*` when `all`. */
  readonly name: string;
  /** Text of the value; a list is joined by `, `. Absent for DEFAULT, RESET, SHOW. */
  readonly value?: string;
  readonly scope: "session" | "local" | "reset" | "show";
  /** RESET ALL, SHOW ALL, DISCARD ALL. */
  readonly all?: boolean;
};

export type SqlTransactionKind =
  | "begin"
  | "commit"
  | "rollback"
  | "savepoint"
  | "release"
  | "rollback-to"
  | "prepare"
  | "commit-prepared"
  | "rollback-prepared";

export type SqlDangerCategory =
  | "sql_in_string"
  | "file"
  | "large_object"
  | "egress"
  | "replication"
  | "notify"
  | "setting"
  | "sequence"
  | "lock"
  | "delay"
  | "server";

export type SqlDangerousCall = {
  readonly name: string;
  readonly category: SqlDangerCategory;
  /** An argument is neither a literal nor a parameter: data may leave by this call. */
  readonly dataArguments: boolean;
};

/** Facts about one statement of the string. */
export type StatementFacts = {
  /** The statement without its semicolon and without surrounding white space. */
  readonly span: SourceSpan;
  /** Verb as policy sees it: `SELECT`, `UPDATE`, `CREATE TABLE`, `DECLARE CURSOR`, ... */
  readonly kind: string;
  /** Every verb found in the tree, `kind` first: `WITH d AS (DELETE ...) SELECT` has `SELECT`, `DELETE`. */
  readonly kinds: readonly string[];
  /** Strictest of `classes` for the statement as a whole: a SELECT with a DELETE inside is `write`. */
  readonly class: SqlClass;
  readonly classes: readonly SqlClass[];
  /** A node or option that the walker does not know is in the tree: lists below may be incomplete. */
  readonly opaque: boolean;
  /** Absent when there is no UPDATE or DELETE. */
  readonly where?: SqlWhere;
  readonly relations: readonly SqlRelation[];
  /** Called functions, aggregates, window functions, functions in FROM. */
  readonly functions: readonly SqlCall[];
  /** Operators with an explicit schema, or not among the plain built-in symbols. */
  readonly operators: readonly SqlName[];
  /** Names written behind a dot, `row.name` and `(expression).name`: each may be a function of a row. */
  readonly attributes: readonly string[];
  /** Cast targets and column types that are not built in. */
  readonly types: readonly SqlName[];
  readonly columns: readonly SqlColumnUse[];
  /** Of the top-level statement; empty when it returns no rows, or when they are not described here (EXECUTE, FETCH, SHOW). */
  readonly outputs: readonly SqlOutput[];
  readonly returnsRows: boolean;
  /** Target of SELECT INTO, CREATE TABLE AS, CREATE MATERIALIZED VIEW. */
  readonly into?: SqlName;
  readonly writes: readonly SqlWrite[];
  /** LIMIT of the top-level query when it is a literal number. */
  readonly limit?: number;
  readonly copy?: SqlCopy;
  readonly set?: SqlSetting;
  /** Name of PREPARE, EXECUTE, DEALLOCATE; `*` for DEALLOCATE ALL. */
  readonly prepared?: string;
  /** PREPARE: source text of the statement inside. */
  readonly preparedSql?: string;
  /** Name of DECLARE, FETCH, MOVE, CLOSE; `*` for CLOSE ALL. */
  readonly cursor?: string;
  readonly transaction?: SqlTransactionKind;
  readonly explain?: { readonly analyze: boolean };
  /** LISTEN, UNLISTEN, NOTIFY. */
  readonly channel?: string;
  /** DO, CREATE FUNCTION or PROCEDURE with a body, CREATE TRIGGER, RULE: code that runs later or unseen. */
  readonly hasBody: boolean;
  /** String and numeric constants, in order of appearance; secrets are not repeated here. */
  readonly literals: readonly SourceSpan[];
  /** Passwords, user-mapping options, connection strings: to be cut from every record. */
  readonly secrets: readonly SourceSpan[];
  /** Highest `$n`, 0 when none. */
  readonly params: number;
  /** The statement with literals as `$n`, secrets as `'***'`, comments and white space collapsed. */
  readonly normalised: string;
  /** 32 hex digits of SHA-256 over `normalised`: equal for statements of one shape (identifiers, structure), whatever their literals. */
  readonly fingerprint: string;
  readonly dangerous: readonly SqlDangerousCall[];
};

export type SqlRefusalReason = "syntax" | "too_large" | "nul" | "too_deep" | "analyser";

export type SqlClassification =
  | { readonly ok: true; readonly statements: readonly StatementFacts[] }
  | {
      readonly ok: false;
      readonly reason: SqlRefusalReason;
      /** For `syntax`: PostgreSQL's own words, to be shown as a native 42601. */
      readonly message: string;
      /** Only for `syntax`: characters from 1, as the ErrorResponse field `P`. */
      readonly position?: number;
    };

/** Longest string of SQL that is analysed, in bytes of UTF-8; longer is refused as `too_large`. */
export const MAX_SQL_BYTES = 256 * 1024;
/** From this length on, in bytes, classification happens in a worker with a deadline. */
export const INLINE_SQL_BYTES = 8 * 1024;
