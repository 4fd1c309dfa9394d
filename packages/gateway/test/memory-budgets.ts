import type { BudgetRequest, BudgetReservation, BudgetReturn, ControlPlane } from "@tidewaiter/core";

/** Budgets in memory whose window never ends: each account counts what was granted and not returned. */
export function memoryBudgets(): Pick<ControlPlane, "reserveBudget" | "returnBudget"> & {
  /** What is spent of a rule's counter, leases included. */
  spent(ruleId: string, counter: string): number;
} {
  const spends = new Map<string, number>();
  const values = new Map<string, Set<string>>();
  const leases = new Map<string, { readonly ruleId: string; readonly left: Record<string, number> }>();
  const keyOf = (ruleId: string, counter: string): string => `${ruleId} ${counter}`;
  const spent = (ruleId: string, counter: string): number => spends.get(keyOf(ruleId, counter)) ?? 0;
  const takeBack = (returns: readonly BudgetReturn[]): void => {
    for (const { leaseId, unused } of returns) {
      const lease = leases.get(leaseId);
      if (lease === undefined) throw new Error("an unknown lease is returned");
      for (const [counter, amount] of Object.entries(unused)) {
        const left = (lease.left[counter] ?? 0) - amount;
        if (left < 0) throw new Error("more is returned than was granted");
        lease.left[counter] = left;
        spends.set(keyOf(lease.ruleId, counter), spent(lease.ruleId, counter) - amount);
      }
    }
  };
  const reserve = ({ ruleId, limits, want, values: asked, returns }: BudgetRequest): BudgetReservation => {
    takeBack(returns);
    const amounts: Record<string, number> = {};
    for (const [counter, { least, most }] of Object.entries(want)) {
      const left = (limits[counter] ?? 0) - spent(ruleId, counter);
      if (least > left) return { granted: false, counter, freesAt: "2030-01-02T14:31:30.000Z" };
      amounts[counter] = Math.max(least, Math.min(most, Math.floor(left / 4)));
    }
    for (const [counter, tokens] of Object.entries(asked)) {
      const all = new Set([...(values.get(keyOf(ruleId, counter)) ?? []), ...tokens]);
      if (all.size > (limits[counter] ?? 0)) return { granted: false, counter };
      values.set(keyOf(ruleId, counter), all);
    }
    const leaseId = `bls_${leases.size + 1}`;
    for (const [counter, amount] of Object.entries(amounts))
      spends.set(keyOf(ruleId, counter), spent(ruleId, counter) + amount);
    leases.set(leaseId, { ruleId, left: { ...amounts } });
    return { granted: true, leaseId, amounts, validForMs: 30_000 };
  };
  return {
    spent,
    reserveBudget: async (request) => reserve(request),
    returnBudget: async (returns) => takeBack(returns),
  };
}
