import { setTimeout as sleep } from "node:timers/promises";

export interface Pace {
  /** Undefined: as fast as it goes. */
  readonly speed: number | undefined;
  /** A longer pause counts as so many milliseconds. */
  readonly idleMs: number;
  /** What came up to so many milliseconds from the start is shown at once. */
  readonly fromMs: number;
}

/** Milliseconds between what was at `before` and what is at `at`, both counted from the start. */
export function pauseOf(before: number, at: number, { speed, idleMs, fromMs }: Pace): number {
  if (speed === undefined || at <= fromMs) return 0;
  return Math.min(Math.max(0, at - Math.max(before, fromMs)), idleMs) / speed;
}

/** Keeps the pauses of then: each call returns when what was so many milliseconds from the start is to be shown. */
export function keepPace(pace: Pace, signal?: AbortSignal): (at: number) => Promise<void> {
  let before = 0;
  return async (at) => {
    const pause = pauseOf(before, at, pace);
    before = at;
    if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => {});
  };
}
