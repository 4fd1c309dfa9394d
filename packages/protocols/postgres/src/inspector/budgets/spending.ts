import type { BudgetAmounts } from "@tidewaiter/core";
import type { RowWatch } from "../results/row-watch.ts";
import type { BoundParameters } from "../state.ts";

/** What budgets and canaries know of one operation. */
export interface Spending {
  /** Budget rules whose excess a person has excused for this operation. */
  excused: ReadonlySet<string>;
  /** By budget: uses of labels that were taken from it. */
  readonly charged: Map<string, BudgetAmounts>;
  /** Budgets that its values were admitted by. */
  readonly admitted: Set<string>;
  /** Values of its parameters. */
  readonly bound: BoundParameters | undefined;
  /** What is counted and looked for in the result that comes now. */
  watch: RowWatch | undefined;
  /** Canaries that were met and told of. */
  readonly canaries: Set<string>;
}

export function nothingSpent(bound: BoundParameters | undefined): Spending {
  return {
    excused: new Set(),
    charged: new Map(),
    admitted: new Set(),
    bound,
    watch: undefined,
    canaries: new Set(),
  };
}
