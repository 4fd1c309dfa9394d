/** Recorded one by one within a minute. */
const MAX_RECORDED = 60;
const WINDOW_MS = 60_000;

/**
 * Whoever sends what cannot be read fills no storage by it: so many a minute are recorded one by one, the rest are counted and
 * told when the minute is over.
 */
export class UnreadLimit {
  readonly #tell: (more: number) => void;
  #until = 0;
  #recorded = 0;
  #more = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (more: number) => void) {
    this.#tell = tell;
  }

  /** Whether this one is recorded by itself. */
  take(): boolean {
    const now = Date.now();
    if (now >= this.#until) {
      this.end();
      this.#until = now + WINDOW_MS;
      this.#recorded = 0;
    }
    if (this.#recorded < MAX_RECORDED) {
      this.#recorded++;
      return true;
    }
    this.#more++;
    this.#timer ??= setTimeout(() => this.end(), this.#until - now).unref();
    return false;
  }

  /** Tells of those that were only counted. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const more = this.#more;
    this.#more = 0;
    if (more > 0) this.#tell(more);
  }
}
