/** Credit of a new stream, bytes. */
export const INITIAL_CREDIT = 256 * 1024;
/** What a fast bulk stream may grow to, bytes. */
export const MAX_CREDIT = 2 * 1024 * 1024;
/** What all streams of one tunnel together may grow by, bytes: bounds the memory that stalled readers cost. */
export const GROWTH_BUDGET = 32 * 1024 * 1024;
/** A window drained within this time, milliseconds, was the bottleneck, so it is doubled. */
const QUICK_DRAIN_MS = 500;

/** Shared by all streams of a tunnel; what a stream borrowed it gives back when it ends. */
export interface GrowthBudget {
  left: number;
}

/**
 * Receiving side of flow control for one stream. The peer may have `size` bytes outstanding that the consumer has not
 * taken yet; credit goes back when half of it was taken, so a stalled consumer stops only its own stream.
 */
export class ReceiveWindow {
  #size: number;
  readonly #initial: number;
  #available: number;
  #taken = 0;
  #since: number;
  readonly #budget: GrowthBudget;

  constructor(initial: number, budget: GrowthBudget, now: number) {
    this.#initial = initial;
    this.#size = initial;
    this.#available = initial;
    this.#budget = budget;
    this.#since = now;
  }

  get size(): number {
    return this.#size;
  }

  /** Counts `bytes` received; false when the peer had no credit for them. */
  receive(bytes: number): boolean {
    this.#available -= bytes;
    return this.#available >= 0;
  }

  /** Counts `bytes` taken by the consumer; the result is the credit to send now, 0 for none yet. */
  take(bytes: number, now: number): number {
    this.#taken += bytes;
    if (this.#taken * 2 < this.#size) return 0;
    const increment = this.#taken + this.#grow(now);
    this.#available += increment;
    this.#taken = 0;
    this.#since = now;
    return increment;
  }

  /** Gives the borrowed growth back. */
  release(): void {
    this.#budget.left += this.#size - this.#initial;
    this.#size = this.#initial;
  }

  #grow(now: number): number {
    const drainTime = ((now - this.#since) * this.#size) / this.#taken;
    if (drainTime > QUICK_DRAIN_MS) return 0;
    const growth = Math.min(this.#size, MAX_CREDIT - this.#size, this.#budget.left);
    if (growth <= 0) return 0;
    this.#budget.left -= growth;
    this.#size += growth;
    return growth;
  }
}
