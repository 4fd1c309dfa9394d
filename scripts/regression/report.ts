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

export function resultLine({ test, passesDirectly, sameThrough, directMs, throughMs }: TestResult): string {
  const direct = passesDirectly ? "passes" : "fails directly too";
  const times = `${seconds(directMs)} s, through the gateway ${seconds(throughMs)} s`;
  return `${sameThrough ? "same   " : "DIFFERS"} ${test.padEnd(24)} ${direct.padEnd(18)} ${times}`;
}

/** A test passes here when psql printed the same through the gateway, whether or not it is what PostgreSQL's authors expect. */
export function totalsOf(results: readonly TestResult[]): Totals {
  const different = results.filter((result) => !result.sameThrough);
  return {
    passed: results.length - different.length,
    failed: different.length,
    skipped: 0,
    failures: different.map(
      ({ test, difference }) => `${test} differs through the gateway\n${firstLines(difference, SHOWN_LINES)}`,
    ),
    missing: [],
  };
}

export function nothingRun(missing: string): Totals {
  return { passed: 0, failed: 0, skipped: 1, failures: [], missing: [missing] };
}

export function summary(results: readonly TestResult[]): string {
  const { passed, failed } = totalsOf(results);
  const directly = results.filter(({ passesDirectly }) => passesDirectly).length;
  const time = (pick: (result: TestResult) => number) => seconds(results.reduce((sum, one) => sum + pick(one), 0));
  return [
    `${results.length} tests: ${directly} pass directly, ${results.length - directly} fail directly too;`,
    `through the gateway ${passed} the same, ${failed} differ`,
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
