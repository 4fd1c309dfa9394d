import type { ColumnMask } from "../mask/column-mask.ts";
import type { RowMask } from "../mask/mask-rows.ts";
import { maskRows } from "../mask/mask-rows.ts";
import type { ErrorFields } from "../messages.ts";
import { BACKEND } from "../messages.ts";
import { askForLease, budgetSpent, exhausted, spend } from "./budgets.ts";
import type { PostgresMessage } from "./context.ts";
import type { Machine } from "./machine.ts";
import type { Judged } from "./state.ts";
import { planPortal } from "./target-messages.ts";

/** DataRow and CopyData of the target: a run of them is one input. */
export function onRows(machine: Machine, message: PostgresMessage): void {
  if (machine.cutting !== undefined) return;
  const owed = machine.owed[0];
  if (message.type === BACKEND.CopyData) {
    const copy = owed?.type === "query" || owed?.type === "execute" ? owed.copy : undefined;
    if (copy === undefined) return deliver(machine, owed?.judged, message, undefined);
    return deliver(machine, owed?.judged, message, copy.apply(message.buffer, message.start, message.end));
  }
  if (owed?.type === "execute" && machine.context.catalog().hasLabels) {
    if (owed.portal === undefined || owed.portal.fields === undefined || owed.portal.fields === "none")
      return deliver(machine, owed.judged, message, masked(message, everything(message)));
    return planPortal(machine, owed.portal, (mask) => deliver(machine, owed.judged, message, masked(message, mask)));
  }
  deliver(machine, owed?.judged, message, masked(message, machine.rowMask));
}

function masked({ kind, buffer, start, end, ...rest }: PostgresMessage, mask: RowMask | undefined): Buffer | undefined {
  if (mask === undefined) return undefined;
  return maskRows(mask, buffer, start, end, kind === "run" && "count" in rest ? rest.count : 1);
}

/** Rows that nobody described: NULL is valid for every type. */
function everything({ buffer, start }: PostgresMessage): RowMask {
  const nothing: ColumnMask = { constant: Buffer.from([0xff, 0xff, 0xff, 0xff]), growth: 0 };
  return new Array<ColumnMask>(Math.max(0, buffer.readInt16BE(start + 5))).fill(nothing);
}

function deliver(
  machine: Machine,
  judged: Judged | undefined,
  message: PostgresMessage,
  changed: Buffer | undefined,
): void {
  const bytes = changed?.length ?? message.end - message.start;
  if (judged !== undefined) {
    const rows = message.kind === "run" ? message.count : message.kind === "fragment" && !message.last ? 0 : 1;
    judged.rows += rows;
    judged.bytes += bytes;
    if (judged.verdict.budgets.length > 0) {
      spend(machine, judged, rows, bytes);
      const budget = exhausted(machine, judged);
      if (budget !== undefined) askForMore(machine, budget);
    }
  }
  if (changed === undefined) machine.forward("client", message);
  else machine.toClient(changed);
}

/** The next rows wait for the next lease; without one the result is cut at this message boundary (decision 5). */
function askForMore(machine: Machine, budget: NonNullable<ReturnType<typeof exhausted>>): void {
  if (machine.targetWaiting !== undefined) return;
  const go = (granted: boolean): void => {
    if (granted) return;
    if (budget.onExceed === "end") machine.end(budgetFatal(machine, budget.ruleId));
    else cut(machine, budgetSpent(machine, budget.ruleId));
  };
  machine.targetWaiting = { for: "budget", askId: askForLease(machine, budget), ruleId: budget.ruleId, go };
}

function budgetFatal(machine: Machine, ruleId: string): ErrorFields {
  return { ...budgetSpent(machine, ruleId), severity: "FATAL", severityLocalized: "FATAL" };
}

/** Stops a result that already flows: nothing more is forwarded, the target is canceled and drained, its 57014 becomes ours. */
export function cut(machine: Machine, refusal: ErrorFields): void {
  machine.cutting = { refusal };
  machine.emit({ type: "cancel_target" });
}
