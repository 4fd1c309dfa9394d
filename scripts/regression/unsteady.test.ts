import { expect, it } from "vitest";
import { causeOf } from "./unsteady.ts";

const diff = (...lines: readonly string[]) =>
  ["--- t (direct)", "+++ t (gateway)", "@@ -1 +1 @@", ...lines, ""].join("\n");

it("knows lines that differ by themselves on a release that the suite was not written for, and only those", () => {
  const buffers = ["-   Buffers: shared hit=67 read=2", "+   Buffers: shared hit=65 read=2"];
  expect(causeOf(diff(...buffers), "18")).toContain("buffers");
  expect(causeOf(diff(...buffers), "15")).toBeUndefined();
  expect(causeOf(diff(...buffers, "+ERROR:  stopped"), "18")).toBeUndefined();
  expect(causeOf(diff("- b | 2", " a | 1", "+ b | 2"), "18")).toContain("order");
  expect(causeOf(diff("- b | 2", " a | 1", "+ b | 3"), "18")).toBeUndefined();
  expect(causeOf("", "18")).toBeUndefined();
});
