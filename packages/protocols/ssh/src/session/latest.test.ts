import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Allowance } from "./allowance.ts";
import { Latest } from "./latest.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("hands on the first at once, and of many the last", () => {
  const seen: number[] = [];
  const latest = new Latest<number>(100, (value) => seen.push(value));
  latest.set(1);
  expect(seen).toEqual([1]);
  for (let n = 2; n < 50; n++) latest.set(n);
  vi.advanceTimersByTime(99);
  expect(seen).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(seen).toEqual([1, 49]);
  latest.set(50);
  vi.advanceTimersByTime(100);
  expect(seen).toEqual([1, 49, 50]);
  vi.advanceTimersByTime(1_000);
  latest.set(51);
  latest.set(52);
  latest.stop();
  vi.advanceTimersByTime(1_000);
  expect(seen).toEqual([1, 49, 50, 51]);
});

it("allows so many at once and then so many a second", () => {
  const allowance = new Allowance({ most: 3, perSecond: 2 }, 0);
  const taken = (now: number) => [1, 2, 3, 4].filter(() => allowance.take(now)).length;
  expect(taken(0)).toBe(3);
  expect(taken(499)).toBe(0);
  expect(taken(1_000)).toBe(2);
  expect(taken(3_600_000)).toBe(3);
});
