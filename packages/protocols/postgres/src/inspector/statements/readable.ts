import type { SqlClassification, StatementFacts } from "@tidewaiter/core";
import { NO_LABELS } from "@tidewaiter/core";
import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { refusedPlainly, syntaxError, transactionText } from "../texts.ts";
import { recordOperation } from "./record-operation.ts";
import { judgeUnread, type Unread } from "./unread.ts";

export type Read =
  | { readonly facts: readonly StatementFacts[] }
  /** It passes although nobody read it. */
  | { readonly unread: Judged }
  | { readonly refusal: ErrorFields }
  /** Not in our grammar: where the server can be asked, it says what is wrong itself. */
  | { readonly refusal: ErrorFields; readonly unparsed: Unread };

type Failure = Exclude<SqlClassification, { ok: true }>;
const NO_ANSWER: Failure = { ok: false, reason: "analyser", message: "the analyser did not answer" };

/**
 * Text that reads alike only under settings which something sent before may change waits until the server has answered, and
 * with that has reported them. Within a batch that has not ended no answer may come: then it is judged as it stands.
 */
export function readLater(machine: Machine, sql: string, again: () => void): boolean {
  const last = machine.owed.at(-1);
  if (!machine.reading.atRisk || machine.reading.readsAlike(sql)) return false;
  if (last?.type !== "sync" && last?.type !== "query") return false;
  machine.waitForAnswers(() => machine.quiet, again);
  return true;
}

/**
 * What the classifier could not read passes only where policy has nothing to say; the server then tells what it makes of it.
 * Else it is refused here.
 */
export function readable(
  machine: Machine,
  sql: string,
  exact: boolean,
  classification: SqlClassification | undefined,
): Read {
  if (!exact || !machine.reading.readsAlike(sql)) {
    const message = "the statement may mean something else to the server than to the gateway";
    const hint =
      "Use client_encoding = 'UTF8' and standard_conforming_strings = on, and wait for the answer to statements that change them.";
    const unread: Unread = { sql, reason: "analyser", message };
    const judged = judgeUnread(machine, unread);
    return judged === undefined ? { refusal: { ...unknownStatement(machine, unread), hint } } : { unread: judged };
  }
  if (classification?.ok) return { facts: classification.statements };
  const { reason, message, position }: Failure = classification ?? NO_ANSWER;
  const unread: Unread = { sql, reason, message };
  const judged = judgeUnread(machine, unread);
  if (judged !== undefined) return { unread: judged };
  if (reason === "syntax") return { refusal: syntaxError(message, position), unparsed: unread };
  return { refusal: unknownStatement(machine, unread) };
}

/** The refusal of an operation of no known kind: where it does not pass its bytes are not understood, so nobody is asked about it. */
export function unknownStatement(machine: Machine, { sql, reason, message }: Unread): ErrorFields {
  const verdict = machine.context.evaluate({ type: "unknown", reason, message });
  const ruleId = verdict.ruleId ?? "unknown-statement";
  const code = reason === "too_large" || reason === "too_deep" ? "54001" : "42501";
  const recorded = {
    operation: machine.nextOperation(),
    kind: `UNKNOWN (${reason})`,
    sql: sql.slice(0, 2000),
    verdict: { ...verdict, outcome: "deny" as const, ruleId, reason: message },
    labels: { ...NO_LABELS, opaque: sql !== "" },
    facts: [],
  };
  recordOperation(machine, recorded);
  machine.record({
    at: machine.now,
    type: "operation_finished",
    operation: recorded.operation,
    result: "refused",
    tag: code,
    rows: 0,
    bytes: 0,
    durationMs: 0,
  });
  return refusedPlainly(
    code,
    `stopped before ${machine.context.resource.name}: ${message} [${ruleId}]`,
    `Not executed. ${transactionText(machine.status)}`,
  );
}
