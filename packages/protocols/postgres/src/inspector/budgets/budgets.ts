import type { Answer, BudgetAmounts, BudgetLimit, BudgetValues, Instant } from "@tidewaiter/core";
import { budgetKey } from "@tidewaiter/core";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { distinctValues, shownCounters, usesToCount } from "./budget-uses.ts";

/** Asked for at a time beyond what is needed, so that nothing is awaited per row. */
const LEASE = { rows: 1_000, bytes: 1024 * 1024, cells: 500 } as const;

/** Of what is owed to a budget without any lease on it. */
const NEVER = Number.MAX_SAFE_INTEGER;

export type BudgetAnswer = Extract<Answer, { type: "budget" }>;

/** What this session may still spend of one budget; below zero it has spent more than it was granted, and pays that first. */
export interface SessionLease {
  readonly left: Record<string, number>;
  expiresAt: Instant;
}

/** What one budget must still grant before something may happen. */
export interface Bill {
  readonly budget: BudgetLimit;
  readonly want: BudgetAmounts;
  readonly values: BudgetValues;
}

/** The first budget that what a statement costs before it runs cannot be taken from; undefined: it may run. */
export function unpaid(machine: Machine, judged: Judged): Bill | undefined {
  const { budgets } = judged.verdict;
  // who has spent everything may still end a transaction
  if (budgets.length === 0 || endsTransaction(judged)) return undefined;
  return firstShort(machine, judged, (budget) => ({
    want: admission(machine, judged, budget),
    values: judged.admitted.has(budgetKey(budget)) ? {} : distinctValues(machine, judged, budget.limits),
  }));
}

/** The first budget of the verdict that some rows cannot be taken from. */
export function unpaidRows(machine: Machine, judged: Judged, cost: BudgetAmounts): Bill | undefined {
  return firstShort(machine, judged, (budget) => ({
    want: {
      ...Object.fromEntries(Object.entries(cost).filter(([counter]) => Object.hasOwn(budget.limits, counter))),
      ...usesNotCharged(judged, budget),
    },
    values: {},
  }));
}

function firstShort(
  machine: Machine,
  judged: Judged,
  cost: (budget: BudgetLimit) => Omit<Bill, "budget">,
): Bill | undefined {
  for (const budget of judged.verdict.budgets) {
    if (judged.excused.has(budget.ruleId)) continue;
    const bill = { budget, ...cost(budget) };
    const left = leaseOf(machine, budget)?.left;
    const short = Object.entries(bill.want).some(([counter, amount]) => (left?.[counter] ?? 0) < amount);
    if (short || Object.keys(bill.values).length > 0) return bill;
  }
  return undefined;
}

/** At least one of everything that it may use up, and all of what is certain before it runs. */
function admission(machine: Machine, judged: Judged, budget: BudgetLimit): BudgetAmounts {
  const { limits } = budget;
  const want: Record<string, number> = {};
  if (mayReturnRows(judged)) {
    if (limits.rows !== undefined) want.rows = 1;
    if (limits.bytes !== undefined) want.bytes = 1;
    for (const counter of shownCounters(judged, limits)) want[counter] = 1;
  }
  // each of those that run now, or wait at the server, may yet fail
  if (limits.errors !== undefined) want.errors = 1 + othersUnderWay(machine);
  return { ...want, ...usesNotCharged(judged, budget) };
}

/** All of them before it runs; later those that only the server's query trees told of. */
function usesNotCharged(judged: Judged, budget: BudgetLimit): BudgetAmounts {
  const charged = judged.charged.get(budgetKey(budget)) ?? {};
  const uses = Object.entries(usesToCount(judged, budget.limits));
  return Object.fromEntries(
    uses.flatMap(([counter, amount]) => {
      const more = amount - (charged[counter] ?? 0);
      return more > 0 ? [[counter, more]] : [];
    }),
  );
}

function endsTransaction({ facts }: Judged): boolean {
  return facts.length > 0 && facts.every((one) => one.class === "transaction");
}

/** Where nobody could read the statement it may. */
function mayReturnRows({ facts }: Judged): boolean {
  if (facts.length === 0) return true;
  return facts.some(
    (one) =>
      one.returnsRows ||
      one.opaque ||
      one.copy?.direction === "to" ||
      one.prepared !== undefined ||
      one.cursor !== undefined,
  );
}

/** Messages whose answers may hold one error each: simple queries, and runs of extended messages that end with Sync. */
export function othersUnderWay({ owed }: Machine): number {
  return owed.reduce((count, { type }) => (type === "query" || type === "sync" ? count + 1 : count), 0);
}

/** Takes what the uses of labels in a statement cost, as far as that was not taken before. */
export function charge(machine: Machine, judged: Judged): void {
  for (const budget of judged.verdict.budgets) {
    if (judged.excused.has(budget.ruleId)) continue;
    const uses = usesNotCharged(judged, budget);
    if (Object.keys(uses).length === 0) continue;
    judged.charged.set(budgetKey(budget), usesToCount(judged, budget.limits));
    take(machine, budget, uses);
  }
}

export function spend(machine: Machine, judged: Judged, cost: BudgetAmounts): void {
  charge(machine, judged);
  for (const budget of judged.verdict.budgets) if (!judged.excused.has(budget.ruleId)) take(machine, budget, cost);
}

/** An error of the target reached the client. One that no lease was left for is paid for all the same. */
export function spendError(machine: Machine, judged: Judged | undefined): void {
  for (const budget of judged?.verdict.budgets ?? []) {
    if (budget.limits.errors === undefined || judged?.excused.has(budget.ruleId) === true) continue;
    take(machine, budget, { errors: 1 });
    if ((leaseOf(machine, budget)?.left.errors ?? 0) < 0)
      askForLease(machine, { budget, want: { errors: 0 }, values: {} });
  }
}

function take(machine: Machine, budget: BudgetLimit, cost: BudgetAmounts): void {
  const key = budgetKey(budget);
  for (const [counter, amount] of Object.entries(cost)) {
    if (!Object.hasOwn(budget.limits, counter) || amount === 0) continue;
    const lease = leaseOf(machine, budget) ?? { left: {}, expiresAt: NEVER };
    lease.left[counter] = (lease.left[counter] ?? 0) - amount;
    machine.leases.set(key, lease);
  }
}

/** One that has run out is given back: nothing of it was spent since. */
function leaseOf(machine: Machine, budget: BudgetLimit): SessionLease | undefined {
  const key = budgetKey(budget);
  const lease = machine.leases.get(key);
  if (lease === undefined || lease.expiresAt > machine.now) return lease;
  returnLease(machine, key, lease);
  return machine.leases.get(key);
}

/** Asks for what is missing; the answer comes back by the returned id. */
export function askForLease(machine: Machine, { budget, want, values }: Bill): number {
  const askId = machine.nextAsk();
  const key = budgetKey(budget);
  const left = machine.leases.get(key)?.left ?? {};
  machine.leaseAsks.set(askId, key);
  const wishes = Object.entries(want).map(([counter, amount]) => {
    // what was overdrawn is paid first
    const least = Math.max(0, amount - (left[counter] ?? 0));
    const more = LEASE[counter.split(":")[0] as keyof typeof LEASE] ?? 0;
    return [counter, { least, most: least + more }] as const;
  });
  machine.emit({
    type: "ask",
    askId,
    ask: { type: "budget", budget, want: Object.fromEntries(wishes), values },
  });
  return askId;
}

/** Takes the answer; also a late one, since what was drawn must be used or given back. */
export function grantLease(machine: Machine, askId: number, answer: BudgetAnswer): void {
  const key = machine.leaseAsks.get(askId);
  machine.leaseAsks.delete(askId);
  if (key === undefined || !answer.granted) return;
  const lease = machine.leases.get(key) ?? { left: {}, expiresAt: answer.expiresAt };
  for (const [counter, amount] of Object.entries(answer.amounts))
    lease.left[counter] = (lease.left[counter] ?? 0) + amount;
  lease.expiresAt = Math.min(lease.expiresAt, answer.expiresAt);
  machine.leases.set(key, lease);
}

/** While nothing runs other sessions may have what this one does not use. */
export function returnIdleLeases(machine: Machine): void {
  const asked = machine.waiting?.for === "budget" || machine.waiting?.for === "probe";
  if (machine.leases.size > 0 && machine.quiet && !asked && machine.targetWaiting === undefined) returnLeases(machine);
}

export function returnLeases(machine: Machine): void {
  for (const [key, lease] of [...machine.leases]) if (lease.expiresAt !== NEVER) returnLease(machine, key, lease);
}

/** Debts stay. */
function returnLease(machine: Machine, key: string, { left }: SessionLease): void {
  const unused = Object.fromEntries(Object.entries(left).map(([counter, amount]) => [counter, Math.max(0, amount)]));
  const debts = Object.entries(left).filter(([, amount]) => amount < 0);
  machine.emit({ type: "return_budget", budget: key, unused });
  if (debts.length === 0) machine.leases.delete(key);
  else machine.leases.set(key, { left: Object.fromEntries(debts), expiresAt: NEVER });
}
