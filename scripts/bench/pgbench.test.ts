import { expect, it } from "vitest";
import { readPgbench } from "./pgbench.ts";

it("reads the summary of pgbench", () => {
  const summary = `pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: <builtin: select only>
number of transactions actually processed: 61234
number of failed transactions: 0 (0.000%)
latency average = 0.391 ms
initial connection time = 17.345 ms
tps = 20466.123456 (without initial connection time)
`;
  expect(readPgbench(summary)).toEqual({ transactions: 61234, perSecond: 20466.123456, latencyMs: 0.391 });
});

it("does not take silence for a result", () => {
  expect(() => readPgbench("")).toThrow("pgbench wrote no");
});
