import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestRun } from "./run-test.ts";

export interface TestResult {
  readonly test: string;
  /** Its direct output is one of those that PostgreSQL's authors call right. */
  readonly passesDirectly: boolean;
  /** Byte for byte the same through the gateway, or another of the outputs that are right. */
  readonly sameThrough: boolean;
  readonly directMs: number;
  readonly throughMs: number;
  /** A difference with a cause that has nothing to do with the gateway. */
  readonly cause?: string;
  /** Unified diff, direct to gateway; empty when both printed the same. */
  readonly difference: string;
}

export function compare(test: string, direct: TestRun, through: TestRun, expected: readonly Buffer[]): TestResult {
  const isRight = ({ output }: TestRun) => expected.some((one) => one.equals(output));
  const same = direct.output.equals(through.output);
  return {
    test,
    passesDirectly: isRight(direct),
    sameThrough: !through.hung && (same || (isRight(direct) && isRight(through))),
    directMs: Math.round(direct.milliseconds),
    throughMs: Math.round(through.milliseconds),
    difference: same ? "" : difference(test, direct.output, through.output),
  };
}

function difference(test: string, direct: Buffer, through: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), "tidewaiter-diff-"));
  try {
    writeFileSync(join(folder, "direct"), direct);
    writeFileSync(join(folder, "gateway"), through);
    const labels = ["--label", `${test} (direct)`, "--label", `${test} (gateway)`];
    const done = spawnSync("diff", ["-a", "-U3", ...labels, "direct", "gateway"], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return done.stdout ?? "(the outputs differ; diff is not installed)";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
