import { runCommand } from "@tidewaiter/testkit/command";
import { cpuSeconds } from "./processes.ts";
import type { Measurement, Route } from "./route.ts";

export interface PgbenchResult {
  readonly transactions: number;
  readonly perSecond: number;
  readonly latencyMs: number;
}

export function clientEnvironment(route: Route): Record<string, string> {
  return { PGPASSWORD: route.password, PGSSLMODE: "disable", PGGSSENCMODE: "disable" };
}

export function pgbenchTarget(route: Route): string[] {
  return ["-h", route.host, "-p", String(route.port), "-U", route.user, route.database];
}

/** Runs pgbench and gives its rate, with the CPU microseconds per transaction of what stands in between. */
export async function measurePgbench(route: Route, args: readonly string[]): Promise<Measurement> {
  const before = cpuSeconds(route.pids);
  const result = await runPgbench(route, args);
  const after = cpuSeconds(route.pids);
  const used = before === undefined || after === undefined || route.pids.length === 0 ? undefined : after - before;
  return {
    value: result.perSecond,
    cost: used === undefined ? undefined : (used * 1e6) / result.transactions,
    details: { latencyMs: result.latencyMs },
  };
}

export async function runPgbench(route: Route, args: readonly string[]): Promise<PgbenchResult> {
  const answer = await runCommand("pgbench", ["-n", ...args, ...pgbenchTarget(route)], {
    env: clientEnvironment(route),
  });
  if (answer.code !== 0) throw new Error(`pgbench ${args.join(" ")} by ${route.name} failed: ${answer.stderr.trim()}`);
  return readPgbench(answer.stdout);
}

/** Reads the summary of pgbench 15 and newer. */
export function readPgbench(stdout: string): PgbenchResult {
  const number = (pattern: RegExp) => {
    const text = pattern.exec(stdout)?.[1];
    if (text === undefined) throw new Error(`pgbench wrote no ${pattern}:\n${stdout}`);
    return Number(text);
  };
  return {
    transactions: number(/^number of transactions actually processed: (\d+)/m),
    perSecond: number(/^tps = ([\d.]+)/m),
    latencyMs: number(/^latency average = ([\d.]+) ms/m),
  };
}
