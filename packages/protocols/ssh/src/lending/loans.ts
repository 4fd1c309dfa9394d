import type { OperationApproval } from "@tidewaiter/core";
import type { Lendable } from "../session/operations.ts";

/** What one channel of the client lends, from its start to its close. */
export interface Loan {
  readonly kind: Lendable;
  /** Of the person who was asked about the lending. */
  readonly approved?: OperationApproval & { readonly ruleId: string };
  /** Shows lines to whoever lends. */
  readonly tell: (lines: readonly string[]) => void;
  /** Aborted when the channel has closed. */
  readonly signal: AbortSignal;
}

/** What a connection lends now. A target cannot say for which channel it asks: the first one that lends stands for all. */
export class Loans {
  readonly #live = new Set<Loan>();

  add(loan: Loan): void {
    if (loan.signal.aborted) return;
    this.#live.add(loan);
    loan.signal.addEventListener("abort", () => this.#live.delete(loan), { once: true });
  }

  of(kind: Lendable): Loan | undefined {
    return [...this.#live].find((loan) => loan.kind === kind);
  }
}
