import { expect, it } from "vitest";
import { mergeLongRecord } from "./long-record.ts";

const outcome = (passed: number, failed: number) => ({ passed, failed, skipped: 0, failures: [], missing: ["x", "x"] });

it("keeps what did not run again, and says at which commit each suite ran", () => {
  const one = { commit: "a", modified: false, date: "2026-01-01" };
  const first = mergeLongRecord(
    {},
    new Map([
      ["fuzz", outcome(5, 1)],
      ["corpus", outcome(7, 0)],
    ]),
    one,
  );
  const second = mergeLongRecord(first.suites, new Map([["fuzz", outcome(6, 0)]]), { ...one, commit: "b" });
  expect(second).toMatchObject({ passed: 13, failed: 0 });
  expect(second.suites.fuzz).toMatchObject({ commit: "b", passed: 6, missing: ["x"] });
  expect(second.suites.corpus).toMatchObject({ commit: "a", passed: 7 });
});
