import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { kubernetesMissing } from "@tidewaiter/testkit";
import { type BenchSite, type RouteName, startBenchSite } from "./kubernetes/site.ts";
import { kubectlGet, lists, logs, oneByOne, parallel, type Row, watchLatency } from "./kubernetes/workloads.ts";
import { residentBytes } from "./processes.ts";

const USAGE = `Usage: pnpm bench:kubernetes [--pods N] [--rounds N] [--mib N] [--only NAME]... [--json]

kubectl and plain HTTPS to a real API server, directly, through Tidewaiter without a policy, and through Tidewaiter with one
that looks inside of every object, in turns. Prints medians and ratios, and judges nothing: compare ratios, not machines.

  --pods N    default 2000
  --rounds N  default 5
  --mib N     size of the log (default 64)
  --only NAME one, parallel, watch, kubectl, lists or logs (may be repeated)

Exit codes: 0 measured, 64 wrong usage, 69 a program is missing.`;
const say = (line: string): void => void process.stderr.write(`${line} ...\n`);
const NAMES = ["one", "parallel", "watch", "kubectl", "lists", "logs"];
const ROUTES: readonly RouteName[] = ["direct", "tidewaiter", "masked"];

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      pods: { type: "string", default: "2000" },
      rounds: { type: "string", default: "5" },
      mib: { type: "string", default: "64" },
      only: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  const { pods = 0, rounds = 0, mib = 0 } = { pods: +values.pods, rounds: +values.rounds, mib: +values.mib };
  const only = values.only ?? NAMES;
  if (values.help || !(pods > 0 && rounds > 0 && mib > 0) || only.some((name) => !NAMES.includes(name))) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 64;
  }
  const missing = kubernetesMissing();
  if (missing !== undefined) {
    process.stderr.write(`The bench needs ${missing}.\n`);
    return 69;
  }
  await using site = await startBenchSite(pods, say);
  const rows = await measure(site, { pods, rounds, mib, only });
  process.stdout.write(values.json ? `${JSON.stringify({ load: loadavg(), rows })}\n` : `${table(rows)}\n`);
  return 0;
}

interface Effort {
  readonly pods: number;
  readonly rounds: number;
  readonly mib: number;
  readonly only: readonly string[];
}

async function measure(site: BenchSite, { pods, rounds, mib, only }: Effort): Promise<Row[]> {
  const workloads: readonly (readonly [name: string, about: string, run: () => Promise<Row[]>])[] = [
    ["one", "one request after the other", () => oneByOne(site, rounds)],
    ["parallel", "50 requests at once", () => parallel(site, rounds, 50)],
    ["watch", "watch events", () => watchLatency(site, 300)],
    ["kubectl", `kubectl get of ${pods} pods`, () => kubectlGet(site, rounds)],
    ["lists", `lists of ${pods} pods`, () => lists(site, rounds)],
    ["logs", `${mib} MiB of logs`, () => logs(site, rounds, mib)],
  ];
  const rows: Row[] = [memory(site, "gateway's memory before")];
  for (const [name, what, run] of workloads) {
    if (!only.includes(name)) continue;
    say(`${what} (load ${loadavg()[0]?.toFixed(1)})`);
    rows.push(...(await run()));
  }
  return [...rows, memory(site, "gateway's memory after")];
}

/** Of the server's process: gateway and control plane. */
function memory({ routes }: BenchSite, workload: string): Row {
  const each = routes.flatMap(({ name, pids: [server] }) =>
    server === undefined ? [] : [[name, (residentBytes([server]) ?? Number.NaN) / 1e6]],
  );
  return { workload, unit: "MB", found: Object.fromEntries(each) };
}

function table(rows: readonly Row[]): string {
  const number = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? "-" : value.toFixed(value < 10 ? 2 : 0);
  const lines = rows.map(({ workload, unit, found }) => {
    const { direct } = found;
    const ratios = [found.tidewaiter, found.masked].map((value) =>
      direct === undefined || value === undefined ? "-" : (value / direct).toFixed(2),
    );
    return [workload, unit, ...ROUTES.map((name) => number(found[name])), ...ratios];
  });
  const head = ["workload", "", ...ROUTES, "tidewaiter / direct", "masked / direct"];
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const aligned = (line: readonly string[]): string =>
    line
      .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [head, ...lines].map(aligned).join("\n");
}

process.exitCode = await main();
