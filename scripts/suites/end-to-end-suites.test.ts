import { expect, it } from "vitest";
import { readCounts } from "./end-to-end-suites.ts";

it("reads counts from the whole output or from its last line", () => {
  const counts = { passed: 3, failed: 1, skipped: 0, failures: ["a-17 leaks"] };
  const outcome = { ...counts, missing: [] };
  expect(readCounts(JSON.stringify(counts, null, 2))).toEqual(outcome);
  expect(readCounts(`starting ...\n${JSON.stringify(counts)}\n`)).toEqual(outcome);
});

it("takes nothing else for counts", () => {
  for (const text of ["", "3 passed", "null", '{"passed":3}', '{"passed":-1,"failed":0,"skipped":0}']) {
    expect(readCounts(text)).toBeUndefined();
  }
});
