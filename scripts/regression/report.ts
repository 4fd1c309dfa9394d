import type { TestResult } from "./compare.ts";

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
  readonly missing: readonly string[];
}

/** Of a difference the beginning is enough to see its cause. */
const SHOWN_LINES = 40;

export function resultLine({ test, passesDirectly, sameThrough, cause, directMs, throughMs }: TestResult): string {
  if (cause !== undefined) return `differs ${test.padEnd(24)} by itself: ${cause}`;
  const direct = passesDirectly ? "passes" : "fails directly too";
  const times = `${seconds(directMs)} s, through the gateway ${seconds(throughMs)} s`;
  return `${sameThrough ? "same   " : "DIFFERS"} ${test.padEnd(24)} ${direct.padEnd(18)} ${times}`;
}

/**
 * A test passes here when psql printed the same through the gateway, whether or not it is what PostgreSQL's authors expect. One
 * that differs by itself tells nothing, and counts as skipped.
 */
export function totalsOf(results: readonly TestResult[]): Totals {
  const unsteady = results.filter(({ cause }) => cause !== undefined);
  const different = results.filter(({ sameThrough, cause }) => !sameThrough && cause === undefined);
  return {
    passed: results.length - different.length - unsteady.length,
    failed: different.length,
    skipped: unsteady.length,
    failures: different.map(
      ({ test, difference }) => `${test} differs through the gateway\n${firstLines(difference, SHOWN_LINES)}`,
    ),
    missing: unsteady.map(({ test, cause }) => `the same output twice of ${test} (${cause})`),
  };
}

export function nothingRun(missing: string): Totals {
  return { passed: 0, failed: 0, skipped: 1, failures: [], missing: [missing] };
}

export function summary(results: readonly TestResult[]): string {
  const { passed, failed, skipped } = totalsOf(results);
  const directly = results.filter(({ passesDirectly }) => passesDirectly).length;
  const time = (pick: (result: TestResult) => number) => seconds(results.reduce((sum, one) => sum + pick(one), 0));
  return [
    `${results.length} tests: ${directly} pass directly, ${results.length - directly} fail directly too;`,
    `through the gateway ${passed} the same, ${failed} differ${skipped > 0 ? `, ${skipped} differ by themselves` : ""}`,
    `(${time((one) => one.directMs)} s directly, ${time((one) => one.throughMs)} s through the gateway)`,
  ].join(" ");
}

function firstLines(text: string, count: number): string {
  const lines = text.trimEnd().split("\n");
  return lines.length <= count
    ? lines.join("\n")
    : [...lines.slice(0, count), `... ${lines.length - count} more`].join("\n");
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
