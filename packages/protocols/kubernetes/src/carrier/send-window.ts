const FIRST = 32 * 1024;
/** For a peer that is near; one further away may have as much more under way as its answers take longer, up to the most. */
const NEAR = 128 * 1024;
const NEAR_MS = 5;
const MOST = 2 * 1024 * 1024;
/** A peer that answers nothing by then never will. */
const ANSWER_MS = 10_000;

/**
 * Lets no more bytes be under way than the peer reads. A command that ends without reading its input has the API server close
 * while input is still coming; the reset that follows would take its last output and its exit code along, if we were writing
 * just then. So input waits until the peer has read what came before: that is what an answered ping says.
 */
export class SendWindow {
  readonly #ask: (mark: number) => void;
  #size = FIRST;
  #sent = 0;
  #asked = 0;
  /** When the pings that are not answered yet were sent, by mark. */
  readonly #askedAt = new Map<number, number>();
  #quickest = Number.POSITIVE_INFINITY;
  #read = 0;
  #waiting: (() => void)[] = [];
  #late: NodeJS.Timeout | undefined;
  #open = false;

  /** @param ask sends a ping; its answer is told to `read` with the same mark */
  constructor(ask: (mark: number) => void) {
    this.#ask = ask;
  }

  /** So many bytes were written. Calls back when more may be. */
  add(bytes: number, done: () => void): void {
    if (this.#open) return done();
    this.#sent += bytes;
    if (this.#sent - this.#asked >= this.#size / 4) {
      this.#asked = this.#sent;
      if (this.#read === 0) this.#late ??= setTimeout(() => this.open(), ANSWER_MS).unref();
      this.#askedAt.set(this.#sent, performance.now());
      this.#ask(this.#sent);
    }
    if (this.#sent - this.#read <= this.#size) done();
    else this.#waiting.push(done);
  }

  read(mark: number): void {
    if (!(mark > this.#read && mark <= this.#sent)) return;
    clearTimeout(this.#late);
    this.#read = mark;
    this.#quickest = Math.min(this.#quickest, performance.now() - (this.#askedAt.get(mark) ?? 0));
    for (const asked of this.#askedAt.keys()) if (asked <= mark) this.#askedAt.delete(asked);
    const most = Math.min(MOST, NEAR * Math.max(1, this.#quickest / NEAR_MS));
    this.#size = Math.min(most, this.#size * 2);
    if (this.#sent - mark <= this.#size) this.#release();
  }

  /** From now on nothing waits: the connection is over, or its peer does not answer pings. */
  open(): void {
    clearTimeout(this.#late);
    this.#open = true;
    this.#release();
  }

  #release(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
