import type { Answer, Ask, BudgetLimit, ByteMeter } from "@tidewaiter/core";
import { budgetKey } from "@tidewaiter/core";

/** Asked for at a time: a stream then waits once for so many bytes. */
const CHUNK = 1024 * 1024;
/** Counters that mean something for bytes alone. */
const COUNTER = "bytes";

interface Account {
  readonly budget: BudgetLimit;
  left: number;
}

type Question = Extract<Ask, { type: "budget" }>;

/**
 * Lets the bytes of one operation pass as long as every budget that limits bytes grants them. Other counters of those
 * budgets are about rows and values, of which a stream has none.
 */
export class BudgetedBytes implements ByteMeter {
  readonly #accounts: readonly Account[];
  readonly #ask: (ask: Question) => Promise<Answer>;
  readonly #giveBack: (budget: string, unused: number) => void;
  #queue: Promise<boolean> = Promise.resolve(true);
  #waiting = 0;
  exceeded: { readonly ruleId: string; readonly onExceed: BudgetLimit["onExceed"] } | undefined;

  constructor(
    budgets: readonly BudgetLimit[],
    on: {
      readonly ask: (ask: Question) => Promise<Answer>;
      readonly giveBack: (budget: string, unused: number) => void;
    },
  ) {
    this.#accounts = budgets.filter(({ limits }) => COUNTER in limits).map((budget) => ({ budget, left: 0 }));
    this.#ask = on.ask;
    this.#giveBack = on.giveBack;
  }

  take(bytes: number): true | Promise<boolean> {
    if (this.exceeded !== undefined) return Promise.resolve(false);
    if (this.#waiting === 0 && this.#accounts.every(({ left }) => left >= bytes)) {
      for (const account of this.#accounts) account.left -= bytes;
      return true;
    }
    this.#waiting++;
    this.#queue = this.#queue.then(() => this.#draw(bytes)).finally(() => this.#waiting--);
    return this.#queue;
  }

  end(): void {
    for (const { budget, left } of this.#accounts) this.#giveBack(budgetKey(budget), left);
  }

  async #draw(bytes: number): Promise<boolean> {
    for (const account of this.#accounts) {
      const { budget } = account;
      if (account.left >= bytes) continue;
      const least = bytes - account.left;
      const want = { [COUNTER]: { least, most: Math.max(least, CHUNK) } };
      const answer = await this.#ask({ type: "budget", budget, want, values: {} });
      if (answer.type !== "budget" || !answer.granted) {
        this.exceeded = { ruleId: budget.ruleId, onExceed: budget.onExceed };
        return false;
      }
      account.left += answer.amounts[COUNTER] ?? 0;
    }
    for (const account of this.#accounts) account.left -= bytes;
    return true;
  }
}
