import type { Answer, Ask, BudgetAmounts, BudgetReservation, BudgetValues, BudgetWishes } from "@tidewaiter/core";

/** One lease of the control plane, drawn on by several sessions. */
export interface Lease {
  readonly id: string;
  readonly expiresAt: number;
  readonly left: Record<string, number>;
  /** Draws that are not settled. */
  out: number;
  /** Nothing more is drawn; what comes back is returned. */
  retired: boolean;
}

interface Taken {
  /** Absent where only values were asked for. */
  readonly lease: Lease | undefined;
  readonly amounts: BudgetAmounts;
  readonly expiresAt: number;
}

type Wanted = Pick<Extract<Ask, { type: "budget" }>, "want" | "values">;
type Refused = Extract<Answer, { type: "budget"; granted: false }>;

/** What one account has at hand in this gateway: at most one lease to draw on, and the values that were paid for. */
export class BudgetPool {
  /** The last of those who wait, one behind the other. */
  waiting: Promise<void> | undefined;
  usedAt = 0;
  #lease: Lease | undefined;
  /** By counter and token: until when it is paid for. */
  readonly #values = new Map<string, Map<string, number>>();
  #refused: { readonly answer: Refused; readonly least: number | undefined; readonly until: number } | undefined;

  /** All that is needed and up to half of what is at hand, or undefined and nothing is taken. */
  take({ want, values }: Wanted, now: number): Taken | undefined {
    const paidUntil = this.#paidUntil(values, now);
    if (paidUntil === undefined) return undefined;
    const wishes = Object.entries(want);
    if (wishes.length === 0) return { lease: undefined, amounts: {}, expiresAt: paidUntil };
    const lease = this.#lease;
    if (lease === undefined || lease.expiresAt <= now) return undefined;
    if (wishes.some(([counter, { least }]) => (lease.left[counter] ?? 0) < least)) return undefined;
    const amounts: Record<string, number> = {};
    for (const [counter, { least, most }] of wishes) {
      const left = lease.left[counter] ?? 0;
      const amount = Math.max(least, Math.min(most, Math.floor(left / 2)));
      lease.left[counter] = left - amount;
      amounts[counter] = amount;
    }
    return { lease, amounts, expiresAt: Math.min(lease.expiresAt, paidUntil) };
  }

  fill(
    { leaseId, amounts }: Extract<BudgetReservation, { granted: true }>,
    values: BudgetValues,
    expiresAt: number,
  ): void {
    if (Object.keys(amounts).length > 0)
      this.#lease = { id: leaseId, expiresAt, left: { ...amounts }, out: 0, retired: false };
    for (const [counter, tokens] of Object.entries(values)) {
      let paid = this.#values.get(counter);
      if (paid === undefined) {
        paid = new Map();
        this.#values.set(counter, paid);
      }
      for (const token of tokens) paid.set(token, expiresAt);
    }
    this.#refused = undefined;
  }

  /** Takes the lease out of use. */
  retire(): Lease | undefined {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease !== undefined) lease.retired = true;
    return lease;
  }

  remember(answer: Refused, { least, until }: { readonly least: number | undefined; readonly until: number }): void {
    this.#refused = { answer, least, until };
  }

  forgetRefusal(): void {
    this.#refused = undefined;
  }

  /** The same question was refused a moment ago. */
  refusal(want: BudgetWishes, now: number): Refused | undefined {
    const refused = this.#refused;
    if (refused === undefined || refused.until <= now || refused.least === undefined) return undefined;
    const least = want[refused.answer.counter ?? ""]?.least ?? 0;
    return least >= refused.least ? refused.answer : undefined;
  }

  /** Is there anything that the next session would miss? */
  remembers(now: number): boolean {
    for (const paid of this.#values.values()) for (const [token, until] of paid) if (until <= now) paid.delete(token);
    return [...this.#values.values()].some(({ size }) => size > 0);
  }

  #paidUntil(values: BudgetValues, now: number): number | undefined {
    let until = Number.MAX_SAFE_INTEGER;
    for (const [counter, tokens] of Object.entries(values)) {
      const paid = this.#values.get(counter);
      for (const token of tokens) until = Math.min(until, paid?.get(token) ?? 0);
    }
    return until > now ? until : undefined;
  }
}
