import type { Measurement, RouteName, Workload } from "./route.ts";
import { median, medianRatio, spread } from "./statistics.ts";

/** Rounds of one workload by route; the same index is the same round. */
export type Rounds = ReadonlyMap<RouteName, readonly Measurement[]>;

export interface ResultRow {
  readonly workload: string;
  readonly route: RouteName;
  readonly value: number;
  readonly unit: string;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
  readonly toDirect: number | undefined;
  readonly toPgbouncer: number | undefined;
  /** What lineage leaves of the throughput without it. */
  readonly toTidewaiter: number | undefined;
  readonly cost: number | undefined;
  readonly costUnit: string;
  /** Medians of what else was measured. */
  readonly details: Readonly<Record<string, number>>;
}

export function summarise(workload: Workload, rounds: Rounds): ResultRow[] {
  return [...rounds].map(([route, measurements]) => {
    const values = measurements.map((one) => one.value);
    const ratioTo = (base: RouteName) => {
      const others = rounds.get(base)?.map((one) => one.value);
      if (route === base || others === undefined || workload.comparable === false) return undefined;
      return medianRatio(values, others);
    };
    const costs = measurements.flatMap((one) => (one.cost === undefined ? [] : [one.cost]));
    return {
      workload: workload.name,
      route,
      value: median(values),
      unit: workload.unit,
      spread: spread(values),
      toDirect: ratioTo("direct"),
      toPgbouncer: ratioTo("pgbouncer"),
      toTidewaiter: route === "lineage" ? ratioTo("tidewaiter") : undefined,
      cost: costs.length > 0 ? median(costs) : undefined,
      costUnit: workload.costUnit,
      details: medianDetails(measurements),
    };
  });
}

function medianDetails(measurements: readonly Measurement[]): Record<string, number> {
  const names = new Set(measurements.flatMap((one) => Object.keys(one.details ?? {})));
  return Object.fromEntries(
    [...names].map((name) => [name, median(measurements.map((one) => one.details?.[name] ?? Number.NaN))]),
  );
}

/** What performance.md of the design aims at, printed beside the numbers of Tidewaiter; nothing fails by it. */
export const targets: Readonly<Record<string, string>> = {
  "select-1": ">= .33, .65",
  "select-8": ">= .60, .75",
  "select-32": ">= .65, .85, <= 70 us",
  "prepared-8": ">= .42, .70, <= 80 us",
  bulk: ">= 1.10, 1.30, <= 3.5 ms",
  "bulk-masked": ">= 1.05, 1.25, <= 4.0 ms",
  connect: ">= .85 cold",
  idle: "<= 14 KB + sockets",
  "slow-reader": "<= 1.5, <= 9 MB",
};

const headings = ["workload", "route", "median", "+-", "vs direct", "vs pgbouncer", "CPU or memory", "target"];

/** Rows under aligned headings, as plain text. */
export function renderTable(rows: readonly ResultRow[]): string {
  const lines = [headings, ...rows.map(cells)];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const isText = (column: number) => column < 2 || column === headings.length - 1;
  const align = (text: string, column: number) =>
    isText(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(align).join("  ").trimEnd()).join("\n");
}

function cells(row: ResultRow): string[] {
  const ratio = (value: number | undefined) => (value === undefined ? "" : value.toFixed(2));
  return [
    row.workload,
    row.route,
    `${short(row.value)} ${row.unit}`,
    `${Math.round(row.spread * 100)}%`,
    ratio(row.toDirect),
    ratio(row.toPgbouncer),
    row.cost === undefined ? "" : `${short(row.cost)} ${row.costUnit}`,
    aim(row),
  ];
}

/** Lineage: at most a quarter more latency for statements that are new to the server, and nothing for prepared ones. */
function aim({ route, workload, toTidewaiter }: ResultRow): string {
  if (route === "tidewaiter") return targets[workload] ?? "";
  if (toTidewaiter === undefined) return "";
  const least = workload.startsWith("select") ? ">= .80" : ">= 1.00";
  return `${toTidewaiter.toFixed(2)} of tidewaiter, ${least}`;
}

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
