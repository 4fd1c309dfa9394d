import { parseArgs } from "node:util";
import type { Suite } from "./outcome.ts";

export interface TestOptions {
  readonly long: boolean;
  readonly suites: readonly Suite[];
}

/** What to run, or the text to print instead with the exit code to end with. */
export function readOptions(
  args: readonly string[],
  all: readonly Suite[],
): TestOptions | { text: string; code: number } {
  let values: { long?: boolean; help?: boolean; suite?: string[] };
  try {
    const options = {
      long: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      suite: { type: "string", multiple: true },
    } as const;
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return { text: `${(error as Error).message}\n\n${usage(all)}`, code: 64 };
  }
  if (values.help) return { text: usage(all), code: 0 };
  const wanted = values.suite?.flatMap((names) => names.split(","));
  const unknown = wanted?.filter((name) => !all.some((suite) => isCalled(suite, name))) ?? [];
  if (unknown.length > 0) return { text: `there is no suite ${unknown.join(", ")}\n\n${usage(all)}`, code: 64 };
  const suites = all.filter((suite) => wanted === undefined || wanted.some((name) => isCalled(suite, name)));
  return { long: values.long ?? false, suites };
}

function isCalled(suite: Suite, name: string): boolean {
  return suite.name === name || suite.group === name;
}

function usage(all: readonly Suite[]): string {
  return `Usage: ./scripts/test [--suite NAME]... [--long]

Runs everything that must pass and ends with the line "N passed, N failed, N skipped".

  --suite NAME   only this suite (may be repeated, or a list with commas); "unit" is every package
  --long         more cases and longer runs; writes test-results/long.json, which is committed
  --help         this text

Suites: ${all.map((suite) => `\n  ${suite.name.padEnd(14)} ${suite.about}`).join("")}

Exit codes: 0 all passed, 1 something failed, 64 wrong usage, 69 nothing could be installed, 130 interrupted.`;
}
