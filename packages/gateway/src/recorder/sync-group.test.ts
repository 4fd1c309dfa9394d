import { expect, it } from "vitest";
import type { Clock } from "./clock.ts";
import { createSyncGroup } from "./sync-group.ts";

/** Ticks when told to. */
function manualClock() {
  let waiting: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    after: (_milliseconds, action) => {
      waiting.push(action);
      return () => {};
    },
  };
  const tick = async () => {
    const actions = waiting;
    waiting = [];
    for (const action of actions) action();
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  };
  return { clock, tick };
}

it("syncs a journal that is written to all the time once per interval", async () => {
  const { clock, tick } = manualClock();
  const group = createSyncGroup(clock);
  const counts = [0, 0, 0];
  const syncs = counts.map((_, index) => async () => {
    counts[index] = (counts[index] ?? 0) + 1;
    // as if the next statement had been recorded while this one reached the disk
    await Promise.resolve();
    for (const sync of syncs) group.soon(sync);
  });
  for (const sync of syncs) group.soon(sync);
  await tick();
  expect(counts).toEqual([1, 1, 1]);
  await tick();
  expect(counts).toEqual([2, 2, 2]);
});

it("lets what came later through behind a sync that takes long", async () => {
  const { clock, tick } = manualClock();
  const group = createSyncGroup(clock);
  const slow = Promise.withResolvers<void>();
  const done: string[] = [];
  const named = (name: string, wait?: Promise<void>) => async () => {
    await wait;
    done.push(name);
  };
  group.soon(named("a", slow.promise));
  group.soon(named("b", slow.promise));
  await tick();
  group.soon(named("c"));
  await tick();
  expect(done).toEqual([]);
  slow.resolve();
  await tick();
  expect(done.toSorted()).toEqual(["a", "b", "c"]);
});
