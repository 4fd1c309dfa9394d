import { parseArgs } from "node:util";
import { type PostgresVersion, postgresVersions } from "@tidewaiter/testkit";

export interface RegressionOptions {
  /** Undefined: all of the schedule. */
  readonly tests: readonly string[] | undefined;
  readonly version: PostgresVersion;
  readonly json: boolean;
  /** Writes the page about the result; only of a whole run. */
  readonly write: boolean;
  /** Two servers directly, no gateway: tells what differs by itself. */
  readonly control: boolean;
  /** Folder for one file per difference. */
  readonly differences: string | undefined;
}

/**
 * For the everyday run, some 15 seconds: tests that need no table but those of `test_setup`, chosen so that every difference that
 * the whole suite ever found is in it, with COPY, reconnects, notices, transactions and psql's own commands.
 */
export const SAMPLE = [
  "strings",
  "copy",
  "create_table",
  "errors",
  "infinite_recurse",
  "transactions",
  "privileges",
  "rowsecurity",
  "async",
  "foreign_key",
  "plpgsql",
  "prepare",
  "largeobject",
] as const;

export const USAGE = `Usage: node scripts/regression/main.ts [--tests NAME,...] [--sample] [--postgres 15|18] [--json] [--write]

Runs PostgreSQL's own regression suite with the real psql, directly and through the real gateway, agent and control plane
without a policy, on fresh servers, and compares byte for byte what psql printed. The suite comes from Debian's source package
postgresql-15, which apt-get fetches once (25 MB, kept in .toolchain/regression).

  --tests        only these, behind test_setup
  --sample       only a few, for the everyday test run
  --postgres     release of the servers; default 15, whose suite it is
  --control      both directly, without the gateway: tells which tests differ by themselves
  --differences  folder into which each difference is written
  --json         counts as one line of JSON at the end
  --write        writes the result to packages/docs/regression-suite.md (-18.md for 18)

Exit code 1: a test differs through the gateway. What is missing here (psql, the servers, the suite) is counted as skipped.
`;

/** @throws TypeError of `parseArgs`, or RangeError, with a text for the user */
export function readOptions(args: readonly string[]): RegressionOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tests: { type: "string" },
      sample: { type: "boolean", default: false },
      postgres: { type: "string", default: "15" },
      differences: { type: "string" },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      control: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const version = postgresVersions.find((one) => one === values.postgres);
  if (version === undefined) throw new RangeError(`--postgres is one of ${postgresVersions.join(", ")}`);
  const tests = values.tests?.split(",") ?? (values.sample ? SAMPLE : undefined);
  const { json, write, control, differences } = values;
  if (write && (tests !== undefined || control)) throw new RangeError("--write is for the result of a whole run");
  return { tests, version, json, write, control, differences };
}
