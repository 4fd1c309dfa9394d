/** So many at once, and then so many a second. */
export class Allowance {
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  constructor(limits: { readonly most: number; readonly perSecond: number }, now = performance.now()) {
    this.#most = limits.most;
    this.#perSecond = limits.perSecond;
    this.#left = limits.most;
    this.#at = now;
  }

  take(now = performance.now()): boolean {
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
