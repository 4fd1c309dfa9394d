import { compare, type TestResult } from "./compare.ts";
import { runTest, type TestRun } from "./run-test.ts";
import type { Side } from "./side.ts";
import type { Workspace } from "./workspace.ts";

export interface SuiteRun {
  readonly tests: readonly string[];
  readonly direct: Side;
  readonly through: Side;
  readonly workspace: Workspace;
  readonly onResult: (result: TestResult) => void;
}

/**
 * Every test on both sides, one after the other as a client of a single server would. The gateway's side follows the direct
 * one, at least a test behind it: both use the same files under the same names, never at the same time.
 */
export async function runSuite({ tests, direct, through, workspace, onResult }: SuiteRun): Promise<void> {
  const ahead = new Map(tests.map((test) => [test, Promise.withResolvers<TestRun>()]));
  const lead = async (): Promise<void> => {
    for (const [test, done] of ahead) done.resolve(await runTest(test, direct, workspace));
  };
  const follow = async (): Promise<void> => {
    for (const [test, { promise }] of ahead) {
      const before = await promise;
      onResult(compare(test, before, await runTest(test, through, workspace), workspace.expected(test)));
    }
  };
  await Promise.all([follow(), lead()]);
}
