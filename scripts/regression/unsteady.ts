import type { PostgresVersion } from "@tidewaiter/testkit";

interface Unsteady {
  readonly line: RegExp;
  readonly cause: string;
}

/**
 * What the suite of 15 makes another release print differently every time, with and without a gateway (`--control` shows it).
 * Nothing of the kind is known on 15, whose suite it is.
 */
const UNSTEADY: Partial<Readonly<Record<PostgresVersion, readonly Unsteady[]>>> = {
  "18": [
    { line: /^ +Buffers: shared/, cause: "EXPLAIN ANALYZE counts the buffers that it found, since 18 unasked" },
    { line: /^ +\d{5} \| r +\| +\d+$/, cause: "an OID and the number of a transaction, where 15 has none" },
  ],
};
const UNORDERED = "rows without an order, among those that only 18 has";

/** Why a difference (unified diff) says nothing about the gateway; undefined: it does. */
export function causeOf(difference: string, version: PostgresVersion): string | undefined {
  const known = UNSTEADY[version] ?? [];
  const changed = difference.split("\n").filter((line) => /^[-+](?![-+]{2} )/.test(line));
  if (known.length === 0 || changed.length === 0) return undefined;
  const causes = changed.map((line) => known.find((one) => one.line.test(line.slice(1)))?.cause);
  if (causes.every((cause) => cause !== undefined)) return [...new Set(causes)].join("; ");
  const side = (sign: string) =>
    changed
      .filter((line) => line.startsWith(sign))
      .map((line) => line.slice(1))
      .sort();
  return JSON.stringify(side("-")) === JSON.stringify(side("+")) ? UNORDERED : undefined;
}
