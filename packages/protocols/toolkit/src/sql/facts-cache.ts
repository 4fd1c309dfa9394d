/** Least-recently-used map from SQL text to facts, bounded by the caller's estimate of the bytes each entry holds. */
export class FactsCache<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly cost: number }>();
  readonly #limit: number;
  #bytes = 0;

  /** `limit` in bytes; 0 keeps nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(sql: string): V | undefined {
    const entry = this.#entries.get(sql);
    if (entry === undefined) return undefined;
    this.#entries.delete(sql);
    this.#entries.set(sql, entry);
    return entry.value;
  }

  set(sql: string, value: V, cost: number): void {
    // One long statement must not push out everything else.
    if (cost > this.#limit / 16 || this.#entries.has(sql)) return;
    this.#entries.set(sql, { value, cost });
    this.#bytes += cost;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limit) return;
      this.#entries.delete(oldest);
      this.#bytes -= entry.cost;
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}
