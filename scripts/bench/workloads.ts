import { eventually } from "@tidewaiter/testkit/eventually";
import { measurePgbench, runPgbench } from "./pgbench.ts";
import { cpuSeconds, residentBytes } from "./processes.ts";
import { RawSession } from "./raw-session.ts";
import type { Effort, Measurement, Route, Workload } from "./route.ts";

const perQuery = { unit: "queries/s", costUnit: "us/query" };
const perMegabyte = { unit: "MB/s", costUnit: "ms/MB" };

/** In the order in which they run. */
export const workloads: readonly Workload[] = [
  selectOnly(1),
  selectOnly(8),
  selectOnly(32),
  {
    name: "prepared-8",
    about: "pgbench -S -M prepared, 8 clients",
    withLineage: true,
    ...perQuery,
    run: (route, effort) => measurePgbench(route, ["-S", "-M", "prepared", ...load(8, effort)]),
  },
  { name: "bulk", about: "SELECT of 1M rows without a labelled column", ...perMegabyte, run: bulk("events") },
  {
    name: "bulk-masked",
    about: "the same rows with one column masked",
    ...perMegabyte,
    withLineage: true,
    run: bulk("customers"),
  },
  {
    name: "connect",
    about: "pgbench -C: a new connection for every query, 4 clients",
    unit: "connections/s",
    costUnit: "us/connection",
    run: (route, effort) => measurePgbench(route, ["-S", "-C", ...load(4, effort)]),
  },
  {
    name: "idle",
    about: "memory of an idle session in what stands between",
    unit: "KB/session",
    costUnit: "",
    lowerIsBetter: true,
    comparable: false,
    run: idleSessions,
  },
  {
    name: "slow-reader",
    about: "latency of 8 others while one client does not read its 1M rows, against the same without it",
    unit: "x latency",
    costUnit: "MB grown",
    lowerIsBetter: true,
    run: slowReader,
  },
];

function selectOnly(clients: number): Workload {
  const run = (route: Route, effort: Effort) => measurePgbench(route, ["-S", ...load(clients, effort)]);
  return { name: `select-${clients}`, about: `pgbench -S, ${clients} clients`, ...perQuery, withLineage: true, run };
}

function load(clients: number, effort: Effort): string[] {
  return ["-c", String(clients), "-j", String(Math.min(clients, 2)), "-T", String(effort.seconds)];
}

function bulk(table: string) {
  return async (route: Route): Promise<Measurement> => {
    const session = await RawSession.open(route);
    try {
      const cpu = cpuSeconds(route.pids);
      const memory = residentBytes(route.pids);
      const started = performance.now();
      const { bytes } = await session.query(`select * from ${table}`);
      const seconds = (performance.now() - started) / 1000;
      const used = difference(cpuSeconds(route.pids), cpu);
      const grown = difference(residentBytes(route.pids), memory) ?? 0;
      const megabytes = bytes / 1e6;
      const cost = used === undefined || route.pids.length === 0 ? undefined : (used * 1000) / megabytes;
      return { value: megabytes / seconds, cost, details: { megabytes, grownMegabytes: grown / 1e6 } };
    } finally {
      session.close();
    }
  };
}

async function idleSessions(route: Route, effort: Effort): Promise<Measurement> {
  const sessions: RawSession[] = [];
  const before = residentBytes(route.pids) ?? Number.NaN;
  try {
    while (sessions.length < effort.idleSessions) {
      sessions.push(...(await Promise.all(Array.from({ length: 10 }, () => RawSession.open(route)))));
    }
    const after = await settledBytes(route.pids);
    return { value: (after - before) / 1024 / sessions.length, details: { sessions: sessions.length } };
  } finally {
    for (const session of sessions) session.close();
  }
}

/** Memory once it no longer moves by more than 1 % between two looks. */
async function settledBytes(pids: readonly number[]): Promise<number> {
  let last = 0;
  return eventually(
    () => {
      const now = residentBytes(pids) ?? Number.NaN;
      const steady = !(Math.abs(now - last) > now / 100);
      last = now;
      return steady ? { now } : undefined;
    },
    { within: 10_000, every: 500 },
  ).then(({ now }) => now);
}

async function slowReader(route: Route, effort: Effort): Promise<Measurement> {
  const args = ["-S", ...load(8, effort)];
  const alone = await runPgbench(route, args);
  const memory = residentBytes(route.pids);
  const session = await RawSession.open(route);
  try {
    session.sendWithoutReading("select * from events");
    const beside = await runPgbench(route, args);
    const grown = difference(residentBytes(route.pids), memory) ?? 0;
    const details = { aloneMs: alone.latencyMs, besideMs: beside.latencyMs };
    return { value: beside.latencyMs / alone.latencyMs, cost: route.pids.length ? grown / 1e6 : undefined, details };
  } finally {
    session.close();
  }
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}
