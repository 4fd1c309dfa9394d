import { expect, it } from "vitest";
import { keepPace, pauseOf } from "./replay-pace.ts";

const pace = { speed: 2, idleMs: 3_000, fromMs: 0 };

it.each([
  ["is divided by the speed", [1_000, 2_000, pace], 500],
  ["counts as the longest that is wanted", [1_000, 60_000, pace], 1_500],
  ["is none without a speed", [1_000, 2_000, { ...pace, speed: undefined }], 0],
  ["is none before the place that is sought", [1_000, 2_000, { ...pace, fromMs: 2_000 }], 0],
  ["begins at the place that is sought", [1_000, 2_400, { ...pace, fromMs: 2_000 }], 200],
  ["is none where clocks went back", [2_000, 1_000, pace], 0],
] as const)("a pause %s", (_, [before, at, given], expected) => {
  expect(pauseOf(before, at, given)).toBe(expected);
});

it("keeps the pauses between events, until it is left", async () => {
  const leave = new AbortController();
  const reach = keepPace({ speed: 10, idleMs: 2_000, fromMs: 500 }, leave.signal);
  const began = performance.now();
  for (const at of [0, 400, 1_000, 61_000]) await reach(at);
  const took = performance.now() - began;
  expect(took).toBeGreaterThan(240);
  expect(took).toBeLessThan(2_000);
  const waiting = reach(1_000_000);
  leave.abort();
  await waiting;
  await reach(2_000_000);
  expect(performance.now() - began).toBeLessThan(2_200);
});
