import type { RowWatch } from "./row-watch.ts";
import type { BoundParameters } from "./state.ts";

/** What budgets and canaries know of one operation. */
export interface Spending {
  /** Budget rules whose excess a person has excused for this operation. */
  excused: ReadonlySet<string>;
  /** Budgets that its uses of labels were taken from, and those that its values were admitted by. */
  readonly charged: Set<string>;
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
    charged: new Set(),
    admitted: new Set(),
    bound,
    watch: undefined,
    canaries: new Set(),
  };
}
