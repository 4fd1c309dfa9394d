/** Hands on values no more often than every so many milliseconds: the first at once, then the last that came. */
export class Latest<T> {
  readonly #use: (value: T) => void;
  readonly #apartMs: number;
  #timer: NodeJS.Timeout | undefined;
  #next: { readonly value: T } | undefined;

  constructor(apartMs: number, use: (value: T) => void) {
    this.#apartMs = apartMs;
    this.#use = use;
  }

  set(value: T): void {
    if (this.#timer === undefined) this.#pass(value);
    else this.#next = { value };
  }

  /** What waits is dropped. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#next = undefined;
  }

  #pass(value: T): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const next = this.#next;
      this.#next = undefined;
      if (next !== undefined) this.#pass(next.value);
    }, this.#apartMs);
    this.#timer.unref();
    this.#use(value);
  }
}
