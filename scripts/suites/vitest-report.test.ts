import { expect, it } from "vitest";
import { readReport } from "./vitest-report.ts";

const test = (fullName: string, status: string) => ({ fullName, status, failureMessages: [] });
const file = (status: string, ...assertionResults: ReturnType<typeof test>[]) => {
  return { name: "a.test.ts", status, message: "cannot find module", assertionResults };
};

it("adds up and says what skipped tests lack", () => {
  const tests = [test("a", "passed"), test("b", "failed"), test("c [needs psql]", "skipped"), test("d", "todo")];
  expect(readReport({ testResults: [file("failed", ...tests)] }, 1, "")).toMatchObject({
    passed: 1,
    failed: 1,
    skipped: 2,
    missing: ["psql", "(no reason given) d"],
  });
});

it("counts a file that cannot be loaded", () => {
  const outcome = readReport({ testResults: [file("failed"), file("passed", test("a", "passed"))] }, 1, "");
  expect(outcome).toMatchObject({ passed: 1, failed: 1, failures: ["a.test.ts\ncannot find module"] });
});

it("counts an error outside of every test", () => {
  const report = { testResults: [file("passed", test("a", "passed"))] };
  expect(readReport(report, 1, "Unhandled rejection")).toMatchObject({ passed: 1, failed: 1 });
  expect(readReport(report, 0, "")).toMatchObject({ passed: 1, failed: 0 });
});
