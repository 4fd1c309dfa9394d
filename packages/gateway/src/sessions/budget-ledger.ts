import type {
  Answer,
  Ask,
  BudgetAmounts,
  BudgetLimit,
  BudgetReservation,
  BudgetReturn,
  ControlPlane,
} from "@tidewaiter/core";
import { budgetKey } from "@tidewaiter/core";
import { BudgetPool, type Lease } from "./budget-pool.ts";

export type BudgetAsk = Extract<Ask, { type: "budget" }>;
export type BudgetAnswer = Extract<Answer, { type: "budget" }>;

/** Who asks. The control plane finds principal and resource by the session; here they only say who shares a pool. */
export interface BudgetAsker {
  readonly sessionId: string;
  readonly principalId: string;
  readonly ownerId: string | undefined;
  readonly resourceId: string;
}

/** What is asked of the control plane at a time beyond what is needed, so that few statements wait for it. */
const CHUNKS: Readonly<Record<string, number>> = { rows: 5_000, bytes: 8 * 1024 * 1024, cells: 2_000, predicates: 50 };
const CHUNK = 10;
/** A lease that nobody draws on goes back, so that other gateways find it. */
const IDLE_MS = 2_000;
const LOOK_EVERY_MS = 1_000;
/** Refused for so long without asking again: a program that tries on and on shall not keep the store busy. */
const REFUSED_MS = 500;

interface Draw {
  readonly pool: BudgetPool;
  readonly lease: Lease;
  readonly amounts: BudgetAmounts;
}

/**
 * Leases on budgets that the sessions of this gateway share. A session draws small parts and gives back what it did not
 * use when its statement is over; the ledger asks the control plane, which alone knows what all gateways spend.
 */
export class BudgetLedger {
  readonly #controlPlane: Pick<ControlPlane, "reserveBudget" | "returnBudget">;
  readonly #now: () => number;
  readonly #pools = new Map<string, BudgetPool>();
  /** By session and budget, in the order in which they were drawn. */
  readonly #draws = new Map<string, Map<string, Draw[]>>();
  readonly #timer: NodeJS.Timeout;

  constructor(controlPlane: Pick<ControlPlane, "reserveBudget" | "returnBudget">, now: () => number = Date.now) {
    this.#controlPlane = controlPlane;
    this.#now = now;
    this.#timer = setInterval(() => void this.tidy(), LOOK_EVERY_MS).unref();
  }

  /** Answers at once while the pool has enough; otherwise after the control plane was asked. Those who wait are served in order. */
  draw(asker: BudgetAsker, ask: BudgetAsk, answer: (answer: BudgetAnswer) => void): void {
    const pool = this.#poolOf(asker, ask.budget);
    const now = this.#now();
    const ready = pool.waiting === undefined ? this.#take(pool, asker, ask, now) : undefined;
    if (ready !== undefined) return answer(ready);
    const served = (pool.waiting ?? Promise.resolve()).then(async () => answer(await this.#refill(pool, asker, ask)));
    pool.waiting = served;
    void served.then(() => {
      if (pool.waiting === served) pool.waiting = undefined;
    });
  }

  /** Settles everything that a session drew on one budget. What it spent last counts as drawn first. */
  giveBack(sessionId: string, budget: string, unused: BudgetAmounts): void {
    const draws = this.#draws.get(sessionId)?.get(budget) ?? [];
    this.#draws.get(sessionId)?.delete(budget);
    const rest: Record<string, number> = { ...unused };
    for (const { pool, lease, amounts } of draws.toReversed()) {
      pool.forgetRefusal();
      for (const [counter, amount] of Object.entries(amounts)) {
        const back = Math.min(amount, rest[counter] ?? 0);
        rest[counter] = (rest[counter] ?? 0) - back;
        lease.left[counter] = (lease.left[counter] ?? 0) + back;
      }
      this.#settled(lease);
    }
  }

  /** At the end of a session: what it did not give back counts as spent. */
  forget(sessionId: string): void {
    for (const draws of this.#draws.get(sessionId)?.values() ?? []) for (const { lease } of draws) this.#settled(lease);
    this.#draws.delete(sessionId);
  }

  /** Gives idle leases back and forgets pools that nobody uses. */
  async tidy(idleMs = IDLE_MS): Promise<void> {
    const now = this.#now();
    const idle = [...this.#pools].filter(([, pool]) => pool.waiting === undefined && now - pool.usedAt >= idleMs);
    await Promise.all(
      idle.map(async ([key, pool]) => {
        const lease = pool.retire();
        if (!pool.remembers(now)) this.#pools.delete(key);
        if (lease !== undefined) await this.#return(lease);
      }),
    );
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#pools.values()].map(({ waiting }) => waiting));
    await this.tidy(0);
  }

  #poolOf({ principalId, ownerId, resourceId }: BudgetAsker, budget: BudgetLimit): BudgetPool {
    const owner = budget.account === "person" ? (ownerId ?? principalId) : `${principalId}+${ownerId ?? ""}`;
    const place = budget.per === "resource" ? resourceId : "*";
    // another limit or window after a change of the policy is another pool; the old one is soon idle
    const key = JSON.stringify([budget.ruleId, owner, place, budget.windowSeconds, budget.limits]);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new BudgetPool();
      this.#pools.set(key, pool);
    }
    pool.usedAt = this.#now();
    return pool;
  }

  #take(pool: BudgetPool, asker: BudgetAsker, ask: BudgetAsk, now: number): BudgetAnswer | undefined {
    const taken = pool.take(ask, now);
    if (taken === undefined) return undefined;
    const { lease, amounts, expiresAt } = taken;
    if (lease !== undefined) {
      let budgets = this.#draws.get(asker.sessionId);
      if (budgets === undefined) {
        budgets = new Map();
        this.#draws.set(asker.sessionId, budgets);
      }
      const key = budgetKey(ask.budget);
      budgets.set(key, [...(budgets.get(key) ?? []), { pool, lease, amounts }]);
      lease.out++;
    }
    return { type: "budget", granted: true, amounts, expiresAt };
  }

  async #refill(pool: BudgetPool, asker: BudgetAsker, ask: BudgetAsk): Promise<BudgetAnswer> {
    pool.usedAt = this.#now();
    const ready = this.#take(pool, asker, ask, pool.usedAt);
    if (ready !== undefined) return ready;
    const refused = pool.refusal(ask.want, pool.usedAt);
    if (refused !== undefined) return refused;
    const sentAt = this.#now();
    let reservation: BudgetReservation;
    try {
      reservation = await this.#reserve(pool, asker, ask);
    } catch {
      // nobody knows what is left: nothing is
      return { type: "budget", granted: false, unavailable: true };
    }
    if (!reservation.granted) {
      const { counter, freesAt } = reservation;
      const told = { counter, ...(freesAt !== undefined && { freesAt: Date.parse(freesAt) }) };
      const answer = { type: "budget", granted: false, ...told } as const;
      pool.remember(answer, { least: ask.want[counter]?.least, until: this.#now() + REFUSED_MS });
      return answer;
    }
    pool.fill(reservation, ask.values, sentAt + reservation.validForMs);
    const taken = this.#take(pool, asker, ask, this.#now());
    // granted, but the answer took longer than the lease lasts
    return taken ?? { type: "budget", granted: false, unavailable: true };
  }

  #reserve(pool: BudgetPool, asker: BudgetAsker, ask: BudgetAsk): Promise<BudgetReservation> {
    const { ruleId, account, per, windowSeconds, limits, onExceed } = ask.budget;
    const want = Object.fromEntries(
      Object.entries(ask.want).map(([counter, { least, most }]) => [
        counter,
        { least, most: Math.max(least, most, CHUNKS[counter.split(":")[0] ?? ""] ?? CHUNK) },
      ]),
    );
    const old = pool.retire();
    const returns = old === undefined ? [] : [returnOf(old)];
    const rest = { account, per, windowSeconds, limits, onExceed, want, values: ask.values, returns };
    return this.#controlPlane.reserveBudget({ sessionId: asker.sessionId, ruleId, ...rest });
  }

  #settled(lease: Lease): void {
    lease.out--;
    if (lease.retired) void this.#return(lease);
  }

  /** What cannot be given back counts as spent. */
  async #return(lease: Lease): Promise<void> {
    await this.#controlPlane.returnBudget([returnOf(lease)]).catch(() => {});
  }
}

function returnOf(lease: Lease): BudgetReturn {
  const unused = { ...lease.left };
  for (const counter of Object.keys(lease.left)) lease.left[counter] = 0;
  return { leaseId: lease.id, unused, last: lease.out === 0 };
}
