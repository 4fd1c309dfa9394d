import type { ErrorFields } from "../../messages.ts";
import type { TextSource } from "./withheld.ts";

/** Parameters the server reports by itself (GUC_REPORT); any other name would be a way out of the row path. */
const REPORTED_PARAMETERS: ReadonlySet<string> = new Set([
  "application_name",
  "client_encoding",
  "DateStyle",
  "default_transaction_read_only",
  "in_hot_standby",
  "integer_datetimes",
  "IntervalStyle",
  "is_superuser",
  "scram_iterations",
  "search_path",
  "server_encoding",
  "server_version",
  "session_authorization",
  "standard_conforming_strings",
  "TimeZone",
]);

export function mayReportParameter(name: string): boolean {
  return REPORTED_PARAMETERS.has(name);
}

/** Error classes whose text comes from the analyser and holds only names and what the client itself wrote. */
const NAMES_ONLY_CLASSES = ["42", "0A", "25", "26", "34", "3D", "3F", "53", "54", "55", "57", "58"];

/**
 * The same codes also come at run time, from a cast of a value to a name (`email::regclass`: relation "ana@..." does not
 * exist). Those have no position in the statement; of the errors without one only these quote what the client wrote.
 */
const WITHOUT_POSITION = /^(?:42501|42P0[4-7]|42710|0A000|25...|26...|34...|53...|54...|55...|57...)$/;

function quotesNamesOnly(code: string, { position }: ErrorFields): boolean {
  return NAMES_ONLY_CLASSES.includes(code.slice(0, 2)) && (position !== undefined || WITHOUT_POSITION.test(code));
}

/** What the server itself says of statements in the middle of code, and programs act on: no code can choose when. */
const NOT_CODE = /^(?:40001|40P01|57014|57P0.|53...)$/;

/**
 * An error out of code that nobody has read. Which one it is, is up to the code as well, so that all are one: only that it
 * failed is told, which is what was asked for when it was let run.
 */
function unreadError(fields: ErrorFields): ErrorFields {
  const code = fields.code ?? "";
  const told = NOT_CODE.test(code) && fields.routine !== RAISE ? code : "XX000";
  const message = VALUE_FREE_TEXT[told] ?? "the statement failed inside code that nobody has read";
  return kept(fields, told, told === "57014" ? "canceling statement" : message, undefined);
}

/** Where PL/pgSQL raises what its body says. */
const RAISE = "exec_stmt_raise";

/** What may be said about errors whose own text quotes values. */
const VALUE_FREE_TEXT: Readonly<Record<string, string>> = {
  "22P02": "invalid input syntax (the value is withheld)",
  "22001": "value too long (the value is withheld)",
  "22003": "value out of range (the value is withheld)",
  "22007": "invalid date or time (the value is withheld)",
  "22008": "date or time out of range (the value is withheld)",
  "22012": "division by zero",
  // programs try again on these two
  "40001": "could not serialize access",
  "40P01": "deadlock detected",
  "23502": "null value violates a not-null constraint",
  "23503": "a foreign key constraint is violated",
  "23505": "duplicate key value violates a unique constraint",
  "23514": "a check constraint is violated",
  "23P01": "an exclusion constraint is violated",
};

/**
 * An error of a statement that touches labels, without anything that may quote a value. The SQLSTATE stays, so that
 * programs can react. `code` can put a value into any text, and into an SQLSTATE as well.
 */
export function scrubbedError(fields: ErrorFields, source: Exclude<TextSource, "known">): ErrorFields {
  const code = fields.code ?? "XX000";
  if (source === "unread") return unreadError(fields);
  const opaque = source === "code";
  if (!opaque && quotesNamesOnly(code, fields)) {
    return kept(fields, code, fields.message ?? "", fields.hint);
  }
  const known = VALUE_FREE_TEXT[code];
  const shown = opaque && known === undefined && !NAMES_ONLY_CLASSES.includes(code.slice(0, 2)) ? "XX000" : code;
  return kept(
    fields,
    shown,
    known ?? "the statement failed; the server's text is withheld because it may quote masked values",
    undefined,
  );
}

export function scrubbedNotice(fields: ErrorFields): ErrorFields {
  return kept(fields, "01000", "a notice of the server is withheld because it may quote masked values", undefined);
}

function kept(fields: ErrorFields, code: string, message: string, hint: string | undefined): ErrorFields {
  return {
    ...(fields.severityLocalized !== undefined && { severityLocalized: fields.severityLocalized }),
    ...(fields.severity !== undefined && { severity: fields.severity }),
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...(fields.position !== undefined && { position: fields.position }),
  };
}
