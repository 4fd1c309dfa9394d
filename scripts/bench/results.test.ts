import { expect, it } from "vitest";
import { renderTable, summarise } from "./results.ts";
import type { Measurement, RouteName, Workload } from "./route.ts";

const workload = { name: "select-8", about: "", unit: "q/s", costUnit: "us" } as Workload;
const rounds = new Map<RouteName, Measurement[]>([
  ["direct", [{ value: 100 }, { value: 50 }, { value: 100 }]],
  [
    "pgbouncer",
    [
      { value: 80, cost: 30 },
      { value: 40, cost: 32 },
      { value: 80, cost: 31 },
    ],
  ],
  [
    "tidewaiter",
    [
      { value: 60, cost: 70 },
      { value: 30, cost: 72 },
      { value: 60, cost: 71 },
    ],
  ],
]);

it("compares routes round by round", () => {
  const rows = summarise(workload, rounds);
  expect(rows.map(({ route, toDirect, toPgbouncer, cost }) => [route, toDirect, toPgbouncer, cost])).toEqual([
    ["direct", undefined, 1.25, undefined],
    ["pgbouncer", 0.8, undefined, 31],
    ["tidewaiter", 0.6, 0.75, 71],
  ]);
});

it("leaves ratios out where direct has nothing to compare", () => {
  const rows = summarise({ ...workload, comparable: false }, rounds);
  expect(rows.every((row) => row.toDirect === undefined && row.toPgbouncer === undefined)).toBe(true);
});

it("prints a table", () => {
  const lines = renderTable(summarise(workload, rounds)).split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[3]).toMatch(/select-8 +tidewaiter +60\.0 q\/s +\d+% +0\.60 +0\.75 +71\.0 us +>= \.60, \.75/);
});
