import type { Operation, SqlClassification, StatementFacts } from "@tidewaiter/core";
import { NO_LABELS } from "@tidewaiter/core";
import type { ErrorFields } from "../messages.ts";
import type { Machine } from "./machine.ts";
import { recordOperation } from "./record-operation.ts";
import { refusedPlainly, syntaxError, transactionText } from "./texts.ts";

type UnknownReason = Extract<Operation, { type: "unknown" }>["reason"];
export type Read = { readonly facts: readonly StatementFacts[] } | { readonly refusal: ErrorFields };

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

/** What the classifier could not read is refused here; a syntax error comes back in PostgreSQL's own words. */
export function readable(
  machine: Machine,
  sql: string,
  exact: boolean,
  classification: SqlClassification | undefined,
): Read {
  if (!exact || !machine.reading.readsAlike(sql)) {
    const message = "the statement may mean something else to the server than to the gateway";
    return {
      refusal: {
        ...unknownStatement(machine, sql, "analyser", message),
        hint: "Use client_encoding = 'UTF8' and standard_conforming_strings = on, and wait for the answer to statements that change them.",
      },
    };
  }
  if (classification === undefined)
    return { refusal: unknownStatement(machine, sql, "analyser", "the analyser did not answer") };
  if (classification.ok) return { facts: classification.statements };
  if (classification.reason === "syntax")
    return { refusal: syntaxError(classification.message, classification.position) };
  return { refusal: unknownStatement(machine, sql, classification.reason, classification.message) };
}

/** A verdict for an operation of no known kind. Its bytes are not understood, so it is refused whatever the policy's default says. */
export function unknownStatement(machine: Machine, sql: string, reason: UnknownReason, message: string): ErrorFields {
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
