import type { Clock } from "./clock.ts";

/** Syncs the journals of many sessions together, so that a busy gateway does not queue one fdatasync per statement. */
export interface SyncGroup {
  /** Runs `sync` once within the group's interval; calls before then join it. */
  soon(sync: () => Promise<void>): void;
}

/** A sync of a file begins this long after what it covers was written (security.md, 1). */
const INTERVAL_MS = 20;
/** Of node's four file threads, two stay free for name lookups and uploads. */
const AT_ONCE = 2;

/** One for a gateway. `sync` functions handle their own failures: they never reject. */
export function createSyncGroup(clock: Clock): SyncGroup {
  /** Asked for since the last tick, and what ticks have let through: a busy session comes up once per interval. */
  const due = new Set<() => Promise<void>>();
  const ready = new Set<() => Promise<void>>();
  let scheduled = false;
  let workers = 0;

  async function work() {
    for (const sync of ready) {
      ready.delete(sync);
      await sync();
    }
    workers -= 1;
  }
  return {
    soon(sync) {
      due.add(sync);
      if (scheduled) return;
      scheduled = true;
      clock.after(INTERVAL_MS, () => {
        scheduled = false;
        for (const sync of due) ready.add(sync);
        due.clear();
        for (; workers < Math.min(AT_ONCE, ready.size); ) {
          workers += 1;
          void work();
        }
      });
    },
  };
}
