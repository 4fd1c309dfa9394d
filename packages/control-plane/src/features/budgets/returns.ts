import type { BudgetReturn } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq, sql } from "../../storage/drizzle.ts";
import { budgetLeases, budgetSpends } from "../../storage/schema.ts";
import { execute, remove, selectOne, update, type Work } from "../../storage/statement.ts";

/**
 * Takes back what was not spent, never more than was granted and once only. Also after a lease has run out: whoever held
 * it spent nothing of it since.
 */
export function* takeBack(returns: readonly BudgetReturn[]): Work<void> {
  for (const { leaseId, unused, last } of returns) {
    const lease = yield* selectOne(budgetLeases, eq(budgetLeases.id, leaseId));
    if (lease === undefined) continue;
    const kept: Record<string, number> = { ...lease.amounts };
    for (const [counter, amount] of Object.entries(unused)) {
      if (!Number.isSafeInteger(amount) || amount < 0)
        throw new TidewaiterError("bad_request", "a budget is returned in whole numbers");
      const granted = kept[counter] ?? 0;
      const back = Math.min(amount, granted);
      if (back === 0) continue;
      kept[counter] = granted - back;
      yield* execute(
        sql`update ${budgetSpends} set amount = amount - ${back}
          where account = ${lease.account} and counter = ${counter} and ends_at = ${lease.endsAt}`,
      );
    }
    const nothing = Object.values(kept).every((amount) => amount === 0);
    if (nothing || last) yield* remove(budgetLeases, eq(budgetLeases.id, leaseId));
    else yield* update(budgetLeases, { amounts: kept }, eq(budgetLeases.id, leaseId));
  }
}
