import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPostgres, hasCommand } from "@tidewaiter/testkit";
import { directRoute, startTarget } from "./database.ts";
import { type BenchOptions, readOptions } from "./options.ts";
import { startPgbouncer } from "./pgbouncer.ts";
import { type ResultRow, renderTable, summarise } from "./results.ts";
import type { Measurement, Route, RouteName, Workload } from "./route.ts";
import { startTidewaiterRoute } from "./tidewaiter.ts";
import { workloads } from "./workloads.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const say = (line: string) => process.stderr.write(`${line}\n`);

const options = readOptions(process.argv.slice(2), workloads);
if ("text" in options) {
  say(options.text);
  process.exitCode = options.code;
} else {
  const missing = await missingPrograms(options);
  if (missing.length > 0) {
    say(`The bench needs ${missing.join(" and ")}.`);
    process.exitCode = 69;
  } else {
    await bench(options);
  }
}

async function missingPrograms(wanted: BenchOptions): Promise<string[]> {
  const server = await findPostgres(wanted.version);
  const client = hasCommand("pgbench") ? [] : ["pgbench (Debian package postgresql-15)"];
  return server.available ? client : [...client, server.reason];
}

async function bench(wanted: BenchOptions): Promise<void> {
  say(`Starting PostgreSQL ${wanted.version} and filling it (about 15 s) ...`);
  await using target = await startTarget(wanted.version, wanted.scale);
  const routes: Route[] = [directRoute(target)];
  // Ctrl-C: the servers are told to end when this process does.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  try {
    if (wanted.pgbouncer) add(routes, await startPgbouncer(target), "pgbouncer (Debian package pgbouncer)");
    for (const name of wanted.tidewaiter ? (["tidewaiter", "lineage"] as const) : [])
      add(routes, await startTidewaiterRoute(target.port, name), "the Tidewaiter fixture of the testkit");
    const rows: ResultRow[] = [];
    for (const workload of wanted.workloads) rows.push(...(await measure(workload, routes, wanted)));
    process.stdout.write(`${renderTable(rows)}\n`);
    say(`\nWritten: ${save(wanted, rows)}`);
  } finally {
    for (const route of routes) await route.stop();
  }
}

function add(routes: Route[], route: Route | undefined, what: string): void {
  if (route === undefined) say(`Left out, because it is not here: ${what}`);
  else routes.push(route);
}

/** Round by round, each round in another order, so that neither place nor time favours a route. */
async function measure(workload: Workload, routes: readonly Route[], wanted: BenchOptions): Promise<ResultRow[]> {
  say(`${workload.name}: ${workload.about} ...`);
  const taking = routes
    .filter((route) => workload.comparable !== false || route.pids.length > 0)
    .filter((route) => route.name !== "lineage" || workload.withLineage === true);
  const rounds = new Map<RouteName, Measurement[]>(taking.map((route) => [route.name, []]));
  for (const route of taking) await workload.run(route, { ...wanted.effort, seconds: 1 });
  for (let round = 0; round < wanted.rounds; round++) {
    for (let turn = 0; turn < taking.length; turn++) {
      const route = taking[(round + turn) % taking.length];
      if (route === undefined) continue;
      rounds.get(route.name)?.push(await workload.run(route, wanted.effort));
    }
  }
  return summarise(workload, rounds);
}

function save(wanted: BenchOptions, rows: readonly ResultRow[]): string {
  const date = new Date().toISOString();
  const folder = join(root, "bench-results");
  const path = join(folder, `${date.replaceAll(":", "-").slice(0, 19)}.json`);
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg(), node: process.versions.node };
  const { rounds, effort, scale, version } = wanted;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ date, commit, machine, rounds, effort, scale, version, rows }, null, 2)}\n`);
  return path;
}
