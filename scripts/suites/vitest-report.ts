import type { Outcome } from "./outcome.ts";

/** The part of vitest's JSON report that is read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** Adds up a report. A file that could not even be loaded is one failure; `exitCode` catches what no test owns. */
export function readReport(report: VitestReport, exitCode: number, output: string): Outcome {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const failures = [
    ...tests
      .filter((test) => test.status === "failed")
      .map((test) => `${test.fullName}\n${test.failureMessages?.join("\n") ?? ""}`),
    ...broken.map((file) => `${file.name}\n${file.message ?? "could not be loaded"}`),
  ];
  if (exitCode !== 0 && failures.length === 0) failures.push(`vitest ended with exit code ${exitCode}\n${output}`);
  const left = tests.filter((test) => test.status !== "passed" && test.status !== "failed");
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    failed: failures.length,
    skipped: left.length,
    failures,
    missing: left.map((test) => /\[needs ([^\]]+)\]/.exec(test.fullName)?.[1] ?? `(no reason given) ${test.fullName}`),
  };
}
