/** What a suite found. `failures` and `missing` explain the numbers to a person. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
  /** What the skipped tests lack on this machine, one entry per skipped test or group. */
  readonly missing: readonly string[];
}

export interface SuiteOptions {
  /** Root of the repository. */
  readonly root: string;
  /** More cases and longer runs. */
  readonly long: boolean;
  readonly signal: AbortSignal;
}

export interface Suite {
  readonly name: string;
  /** A few words for `--help` and the progress line. */
  readonly about: string;
  /** Also chosen by this name, e.g. `unit` for every package. */
  readonly group?: string;
  run(options: SuiteOptions): Promise<Outcome>;
}

export const passed = (count = 1): Outcome => ({ passed: count, failed: 0, skipped: 0, failures: [], missing: [] });

export const failed = (why: string): Outcome => ({ passed: 0, failed: 1, skipped: 0, failures: [why], missing: [] });

export const skipped = (needs: string): Outcome => ({
  passed: 0,
  failed: 0,
  skipped: 1,
  failures: [],
  missing: [needs],
});

export function total(outcomes: readonly Outcome[]): Outcome {
  const sum = (pick: (one: Outcome) => number) => outcomes.reduce((all, one) => all + pick(one), 0);
  return {
    passed: sum((one) => one.passed),
    failed: sum((one) => one.failed),
    skipped: sum((one) => one.skipped),
    failures: outcomes.flatMap((one) => one.failures),
    missing: outcomes.flatMap((one) => one.missing),
  };
}
