/** Least-recently-used map from SQL text to facts, bounded by an estimate of the bytes it holds. */
export class FactsCache<V> {
  readonly #entries = new Map<string, V>();
  readonly #limit: number;
  #bytes = 0;

  /** `limit` in bytes; 0 keeps nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(sql: string): V | undefined {
    const value = this.#entries.get(sql);
    if (value !== undefined) {
      this.#entries.delete(sql);
      this.#entries.set(sql, value);
    }
    return value;
  }

  set(sql: string, value: V): void {
    const cost = costOf(sql);
    // One long statement must not push out everything else.
    if (cost > this.#limit / 16 || this.#entries.has(sql)) return;
    this.#entries.set(sql, value);
    this.#bytes += cost;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limit) return;
      this.#entries.delete(oldest);
      this.#bytes -= costOf(oldest);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}

/** Facts were measured at 10 to 20 times the text plus a constant. */
function costOf(sql: string): number {
  return 4096 + sql.length * 24;
}
