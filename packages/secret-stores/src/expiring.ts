/** Something that is fetched, used until shortly before its end, and fetched by one at a time: an access token. */
export class Expiring<T> {
  readonly #fetch: (signal: AbortSignal) => Promise<{ readonly value: T; readonly expiresAt: number }>;
  readonly #now: () => number;
  #kept: { readonly value: T; readonly until: number } | undefined;
  #flight: Promise<T> | undefined;

  constructor(
    fetch: (signal: AbortSignal) => Promise<{ readonly value: T; readonly expiresAt: number }>,
    now: () => number,
  ) {
    this.#fetch = fetch;
    this.#now = now;
  }

  async get(signal: AbortSignal): Promise<T> {
    if (this.#kept !== undefined && this.#kept.until > this.#now()) return this.#kept.value;
    this.#flight ??= this.#refresh(signal).finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  /** It was refused where it was shown. */
  drop(value: T): void {
    if (this.#kept?.value === value) this.#kept = undefined;
  }

  async #refresh(signal: AbortSignal): Promise<T> {
    const asked = this.#now();
    const { value, expiresAt } = await this.#fetch(signal);
    this.#kept = { value, until: expiresAt - Math.min(60_000, (expiresAt - asked) / 3) };
    return value;
  }
}
