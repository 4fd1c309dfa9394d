import type { Answer, BudgetLimit } from "@tidewaiter/core";
import type { ErrorFields } from "../messages.ts";
import type { Machine } from "./machine.ts";
import type { Judged } from "./state.ts";
import { refusedPlainly, transactionText } from "./texts.ts";

/** Rows and bytes asked for at a time, so that nothing is awaited per row. */
const LEASE_ROWS = 1_000;
const LEASE_BYTES = 1024 * 1024;

type BudgetAnswer = Extract<Answer, { type: "budget" }>;

/** The first budget of the verdict that has no lease left, or undefined. */
export function exhausted(machine: Machine, judged: Judged): BudgetLimit | undefined {
  return judged.verdict.budgets.find((budget) => {
    if (judged.excused.has(budget.ruleId)) return false;
    const lease = machine.leases.get(budget.ruleId);
    return (
      lease === undefined ||
      (budget.rows !== undefined && lease.rows <= 0) ||
      (budget.bytes !== undefined && lease.bytes <= 0)
    );
  });
}

export function spend(machine: Machine, judged: Judged, rows: number, bytes: number): void {
  for (const budget of judged.verdict.budgets) {
    const lease = machine.leases.get(budget.ruleId);
    if (lease === undefined) continue;
    lease.rows -= rows;
    lease.bytes -= bytes;
  }
}

/** Asks for the next lease of one budget; the answer comes back by the returned id. */
export function askForLease(machine: Machine, budget: BudgetLimit): number {
  const askId = machine.nextAsk();
  const lease = machine.leases.get(budget.ruleId);
  machine.leaseAsks.set(askId, budget.ruleId);
  machine.emit({
    type: "ask",
    askId,
    ask: {
      type: "budget",
      ruleId: budget.ruleId,
      windowSeconds: budget.windowSeconds,
      // what was overdrawn by the last batch is paid first
      rows: budget.rows === undefined ? 0 : LEASE_ROWS - Math.min(0, lease?.rows ?? 0),
      bytes: budget.bytes === undefined ? 0 : LEASE_BYTES - Math.min(0, lease?.bytes ?? 0),
      limit: {
        ...(budget.rows !== undefined && { rows: budget.rows }),
        ...(budget.bytes !== undefined && { bytes: budget.bytes }),
      },
    },
  });
  return askId;
}

/** Takes the answer; also a late one, since what was drawn must be used or given back. */
export function grantLease(machine: Machine, askId: number, { granted, rows, bytes }: BudgetAnswer): void {
  const ruleId = machine.leaseAsks.get(askId);
  machine.leaseAsks.delete(askId);
  if (ruleId === undefined || !granted) return;
  const lease = machine.leases.get(ruleId) ?? { rows: 0, bytes: 0 };
  machine.leases.set(ruleId, { rows: lease.rows + rows, bytes: lease.bytes + bytes });
}

export function returnLeases(machine: Machine): void {
  for (const [ruleId, { rows, bytes }] of machine.leases) {
    machine.emit({ type: "return_budget", ruleId, rows: Math.max(0, rows), bytes: Math.max(0, bytes) });
  }
  machine.leases.clear();
}

export function budgetSpent(machine: Machine, { ruleId, onExceed }: BudgetLimit): ErrorFields {
  return refusedPlainly(
    "53400",
    `the budget of rows or bytes for this time is spent [${ruleId}]`,
    transactionText(machine.status),
    onExceed === "review"
      ? "Send a statement again to ask a person, or wait: it grows again as its window moves on."
      : "It grows again as its window moves on.",
  );
}

export function budgetFatal(machine: Machine, budget: BudgetLimit): ErrorFields {
  return {
    ...budgetSpent(machine, budget),
    severity: "FATAL",
    severityLocalized: "FATAL",
    detail: "The policy ends a session that spends it.",
  };
}
