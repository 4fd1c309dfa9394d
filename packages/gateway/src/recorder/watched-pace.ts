import type { Clock } from "./clock.ts";

/** What was written waits so long for more. */
const GATHER_MS = 100;
/** A segment costs files and syncs on both sides: no more of them than one in this time, whatever the session does. */
const EVERY_MS = 1_000;
/** Each renewal of the lease says it again; when none comes it is over. */
const HOLDS_MS = 5_000;
/** A recording may have 999,999 segments. What watching may use of them leaves the session enough for years. */
const LAST_SEGMENT = 900_000;

export interface PacedSegments {
  /** In the open segment. */
  readonly frames: number;
  readonly closed: { readonly segments: number };
  /** Resolves when every closed segment was acknowledged; false: that will not happen in this process. */
  acknowledged(): Promise<boolean>;
}

/**
 * While somebody watches a session its segments are closed within about a second, so that they can be read. A store that
 * is slower than that sets the pace: the next segment waits for the one before.
 */
export class WatchedPace {
  readonly #segments: PacedSegments;
  readonly #clock: Clock;
  readonly #roll: () => void;
  #until = 0;
  #last = 0;
  #cancel: (() => void) | undefined;
  #waiting = false;

  constructor(segments: PacedSegments, clock: Clock, roll: () => void) {
    this.#segments = segments;
    this.#clock = clock;
    this.#roll = roll;
  }

  watched(yes: boolean): void {
    this.#until = yes ? this.#clock.now() + HOLDS_MS : 0;
    if (yes) this.written();
    else this.stop();
  }

  /** Something stands in the open segment, or may stand there. */
  written(): void {
    if (this.#cancel !== undefined || this.#waiting || !this.#due()) return;
    const wait = Math.max(GATHER_MS, this.#last + EVERY_MS - this.#clock.now());
    this.#cancel = this.#clock.after(wait, () => {
      this.#cancel = undefined;
      void this.#close();
    });
  }

  stop(): void {
    this.#until = 0;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #close(): Promise<void> {
    this.#waiting = true;
    const stored = await this.#segments.acknowledged();
    this.#waiting = false;
    if (!stored || !this.#due()) return;
    this.#last = this.#clock.now();
    this.#roll();
  }

  #due(): boolean {
    const { frames, closed } = this.#segments;
    return this.#clock.now() < this.#until && frames > 0 && closed.segments < LAST_SEGMENT;
  }
}
