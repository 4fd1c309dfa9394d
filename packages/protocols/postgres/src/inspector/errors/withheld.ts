import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import type { Owed } from "../state.ts";

/**
 * Where the text of an error or notice may come from. `code`: from code that runs inside of the database, which may put a value
 * anywhere. `unread`: from code that the statement calls and nobody has read, which may also choose whether there is one.
 */
export type TextSource = "known" | "values" | "code" | "unread";

/** A JSON literal that is wrong has a context line without any code that ran. */
const JSON_ROUTINES: ReadonlySet<string> = new Set(["json_ereport_error", "json_errsave_error", "report_parse_error"]);

/**
 * What a message of the target may quote. Triggers, row security, checks of domains and functions of other functions do not
 * show in a statement, and a plan that the server has cached prints no query tree, but what they raise has a context. Commit
 * and Sync run what was deferred: its errors quote keys.
 */
export function textSource(machine: Machine, owed: Owed | undefined, fields: ErrorFields): TextSource {
  const judged = owed?.judged ?? owed?.probe?.judged;
  const sensitive = judged?.sensitive === true;
  if (sensitive && judged.labels.unread !== undefined && !quotesStatement(fields)) return "unread";
  if (sensitive && judged.labels.opaque) return "code";
  const catalog = machine.context.catalog();
  const { masks } = (judged ?? machine.ran)?.verdict ?? {};
  const hides = catalog.labels.some((label) => masks?.[label] !== "show");
  if (hides && ranCode(owed, fields)) return "code";
  return sensitive || (hides && fields.severity === "ERROR" && endsTransaction(owed)) ? "values" : "known";
}

/** The server points at what it does not understand before anything runs. */
function quotesStatement({ position, where }: ErrorFields): boolean {
  return position !== undefined && where === undefined;
}

function ranCode(owed: Owed | undefined, { where, routine = "" }: ErrorFields): boolean {
  if (where === undefined) return false;
  if (where.includes("\n") || routine === "exec_stmt_raise") return true;
  // the one line tells which parameter, or which line of the client's own data, was wrong
  const copiesIn = owed?.judged?.facts.some(({ copy }) => copy?.direction === "from") === true;
  return owed?.type !== "bind" && !copiesIn && !JSON_ROUTINES.has(routine);
}

function endsTransaction(owed: Owed | undefined): boolean {
  if (owed?.type === "sync") return owed.probe === undefined;
  return owed?.judged?.facts.some(({ transaction }) => transaction === "commit") === true;
}
