import { encodeError } from "../../encode-backend.ts";
import { SQLSTATE } from "../../errors.ts";
import type { Framed } from "../../framer.ts";
import type { ErrorFields } from "../../messages.ts";
import { spendError } from "../budgets/budgets.ts";
import { decoded } from "../decoded.ts";
import type { Machine } from "../machine.ts";
import { redactedFields } from "../results/content-layer.ts";
import { settleNames } from "../results/replies.ts";
import type { Owed } from "../state.ts";
import { inFailedTransaction } from "../texts.ts";
import { failsAnyway } from "../verdict/failed-transaction.ts";
import { abandon } from "../verdict/hold.ts";
import { scrubbedError } from "./scrub.ts";
import { textSource } from "./withheld.ts";

/** The substitute's own error: a syntax error at its bare word. Anything else, such as 57P01, passes as it is. */
const SYNTAX_ERROR = "42601";

export function onError(machine: Machine, message: Framed): void {
  const { fields } = decoded(message, "ErrorResponse");
  const owed = machine.owed[0];
  machine.copyingIn = false;
  machine.rowMask = undefined;
  machine.described = false;
  if (fields.severity === "FATAL" || fields.severity === "PANIC") return onFatal(machine, message, fields);
  // a refusal, or a result that was cut: what the client is told is not the target's
  const ours = owed?.refusal !== undefined || machine.cutting !== undefined;
  const shown = shownError(machine, owed, message, fields);
  machine.finish(owed?.judged, outcome(owed, fields), shown?.code ?? fields.code ?? "");
  const settled = settle(machine, owed, shown?.code ?? fields.code ?? "");
  const probe = settled.find((entry) => entry.probe !== undefined)?.probe;
  if (machine.skippingToSync) abandonWaiting(machine);
  if (probe !== undefined && probe === owed?.probe) {
    probe.error = shown ?? fields;
    if (probe.judged !== undefined) probe.judged.probeFailed = probe.error.code;
    // a question that ends with Sync is over when the target is ready again
    if (!machine.skippingToSync) return;
    // within the client's batch the server now skips what was asked about: the error stands for the statement's own
    machine.finish(probe.judged, fields.code === SQLSTATE.queryCanceled ? "canceled" : "error", probe.error.code ?? "");
    spendError(machine, probe.judged);
    return machine.toClient(encodeError(probe.error));
  }
  if (!ours) spendError(machine, owed?.judged);
  if (shown === undefined) machine.forward("client", message);
  else machine.toClient(encodeError(shown));
}

function onFatal(machine: Machine, message: Framed, fields: ErrorFields): void {
  const judged = machine.owed[0]?.judged;
  machine.finish(judged, "error", fields.code ?? "");
  abandon(machine, "the target ended the session");
  const shown =
    judged?.sensitive === true
      ? scrubbedError(fields, judged.labels.opaque ? "code" : "values")
      : redactedFields(machine, judged, message, fields);
  if (shown === undefined) machine.forward("client", message);
  else machine.toClient(encodeError(shown));
  machine.closed = true;
  machine.emit({ type: "close", reason: `the target ended the session (${fields.code ?? "no code"})` });
}

function outcome(owed: Owed | undefined, { code }: ErrorFields): "refused" | "canceled" | "error" {
  if (owed?.refusal !== undefined && code === SYNTAX_ERROR) return "refused";
  return code === SQLSTATE.queryCanceled ? "canceled" : "error";
}

/** Undefined: the error passes byte for byte. */
function shownError(
  machine: Machine,
  owed: Owed | undefined,
  message: Framed,
  fields: ErrorFields,
): ErrorFields | undefined {
  if (machine.cutting !== undefined) {
    const { refusal } = machine.cutting;
    machine.cutting = undefined;
    if (fields.code === SQLSTATE.queryCanceled) return refusal;
  }
  if (owed?.refusal !== undefined && fields.code === SYNTAX_ERROR) return refusalNow(machine, owed, owed.refusal);
  const source = textSource(machine, owed, fields);
  return source === "known"
    ? redactedFields(machine, owed?.judged ?? owed?.probe?.judged, message, fields)
    : scrubbedError(fields, source);
}

/**
 * The substitute does not parse, which the server says in any state; the statement itself would have got past that, to 25P02 in
 * a failed transaction. What ends a transaction would run there, so its refusal stays what it is.
 */
function refusalNow(machine: Machine, { judged }: Owed, refusal: ErrorFields): ErrorFields {
  // what the server itself said to a question of ours is what it would have said to the statement
  const parses = refusal.code !== SYNTAX_ERROR && judged !== undefined && judged.probeFailed !== refusal.code;
  return parses && failsAnyway(machine, judged) ? inFailedTransaction() : refusal;
}

/**
 * After an error everything up to the next Sync is skipped by the server; a simple Query ends by itself, and so does Sync,
 * with ReadyForQuery. Returns what was settled by it.
 */
function settle(machine: Machine, owed: Owed | undefined, code: string): readonly Owed[] {
  if (owed === undefined) return [];
  if (owed.type === "query" || owed.type === "sync") {
    settleNames(owed, () => true, false);
    return [owed];
  }
  const end = machine.owed.findIndex((entry) => entry.type === "sync");
  const skipped = machine.owed.splice(0, end < 0 ? machine.owed.length : end);
  machine.skippingToSync = end < 0;
  for (const entry of skipped.toReversed()) {
    entry.settle?.(false);
    settleNames(entry, () => true, false);
    machine.finish(entry.judged, "error", code);
  }
  return skipped;
}

/** What is waited for belongs to the batch that the server now skips: it will not run, and nobody needs to decide. */
function abandonWaiting(machine: Machine): void {
  const { waiting } = machine;
  // a message that waits for answers is taken up again, and skipped
  if (waiting === undefined || waiting.for === "answers") return;
  abandon(machine, "an earlier statement of the batch failed");
  machine.waiting = undefined;
  if (waiting.for !== "review") machine.finish(waiting.judged, "error", "");
}
