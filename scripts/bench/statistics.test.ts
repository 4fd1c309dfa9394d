import { expect, it } from "vitest";
import { median, medianRatio, spread } from "./statistics.ts";

it("takes the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

it("compares inside each round", () => {
  // The machine was half as fast in the second round; the ratio does not see it.
  expect(medianRatio([50, 25, 50], [100, 50, 100])).toBe(0.5);
});

it("tells steady numbers from noisy ones", () => {
  expect(spread([100, 100, 100, 100])).toBe(0);
  expect(spread([50, 90, 110, 150])).toBeGreaterThan(0.2);
});
