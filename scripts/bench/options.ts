import { parseArgs } from "node:util";
import type { PostgresVersion } from "@tidewaiter/testkit";
import type { Effort, Workload } from "./route.ts";

export interface BenchOptions {
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly effort: Effort;
  /** pgbench's scale: 100 000 accounts each. */
  readonly scale: number;
  readonly version: PostgresVersion;
  readonly tidewaiter: boolean;
  readonly pgbouncer: boolean;
}

const flags = {
  quick: { type: "boolean" },
  only: { type: "string", multiple: true },
  rounds: { type: "string" },
  postgres: { type: "string" },
  "no-tidewaiter": { type: "boolean" },
  "no-pgbouncer": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What to measure, or the text to print instead with the exit code to end with. */
export function readOptions(
  args: readonly string[],
  all: readonly Workload[],
): BenchOptions | { readonly text: string; readonly code: number } {
  try {
    const { values } = parseArgs({ args: [...args], options: flags });
    if (values.help) return { text: usage(all), code: 0 };
    const wanted = values.only?.flatMap((names) => names.split(","));
    const unknown = wanted?.filter((name) => !all.some((workload) => workload.name === name)) ?? [];
    if (unknown.length > 0) throw new Error(`there is no workload ${unknown.join(", ")}`);
    const version = values.postgres ?? "15";
    if (version !== "15" && version !== "18") throw new Error("--postgres is 15 or 18");
    const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds is a whole number from 1");
    return {
      workloads: all.filter((workload) => wanted?.includes(workload.name) ?? true),
      rounds,
      effort: values.quick ? { seconds: 2, idleSessions: 50 } : { seconds: 6, idleSessions: 200 },
      scale: values.quick ? 2 : 10,
      version,
      tidewaiter: !values["no-tidewaiter"],
      pgbouncer: !values["no-pgbouncer"],
    };
  } catch (error) {
    return { text: `${(error as Error).message}\n\n${usage(all)}`, code: 64 };
  }
}

function usage(all: readonly Workload[]): string {
  return `Usage: pnpm bench [--quick] [--only NAME]... [--rounds N]

Measures clients of one PostgreSQL (fsync off) that come directly, by pgbouncer (session mode) and by Tidewaiter, in
turns. Prints medians and ratios, writes them to bench-results/, and judges nothing: compare ratios, not machines.

  --quick           2 rounds of 2 s each and less data: does it work, not how fast
  --only NAME       only this workload (may be repeated, or a list with commas)
  --rounds N        default 5
  --postgres 15|18  default 15
  --no-tidewaiter, --no-pgbouncer   leave a route out

Workloads: ${all.map((workload) => `\n  ${workload.name.padEnd(13)} ${workload.about}`).join("")}

Exit codes: 0 measured, 64 wrong usage, 69 a program is missing.`;
}
