import { expect, it } from "vitest";
import { fakeClock } from "./fake-clock.ts";

it("runs timers in order of time, at their own time", async () => {
  const clock = fakeClock(0);
  const seen: [string, number][] = [];
  clock.after(20, () => seen.push(["second", clock.now()]));
  clock.after(10, () => {
    seen.push(["first", clock.now()]);
    clock.after(5, () => seen.push(["nested", clock.now()]));
  });
  clock.after(31, () => seen.push(["later", clock.now()]));
  await clock.advance(30);
  expect(seen).toEqual([
    ["first", 10],
    ["nested", 15],
    ["second", 20],
  ]);
  expect([clock.now(), clock.pending]).toEqual([30, 1]);
});

it("wakes a sleeper only when its time has come, and lets it be aborted", async () => {
  const clock = fakeClock();
  const abort = new AbortController();
  const woken: string[] = [];
  const one = clock.sleep(100).then(() => woken.push("one"));
  const two = clock.sleep(100, abort.signal);
  await clock.advance(99);
  expect(woken).toEqual([]);
  abort.abort(new Error("enough"));
  await expect(two).rejects.toThrow("enough");
  await clock.advance(1);
  await one;
  expect([woken, clock.pending]).toEqual([["one"], 0]);
});
