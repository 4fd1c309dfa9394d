import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, total } from "./outcome.ts";

/** Of one suite: at which commit it ran last, and what it found. */
export interface SuiteRecord {
  readonly commit: string;
  /** With changes that were not committed. */
  readonly modified: boolean;
  readonly date: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly missing: readonly string[];
}

export interface LongRecord {
  readonly node: string;
  readonly platform: string;
  /** Sums over the suites below, whichever commit each of them ran at. */
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly suites: Readonly<Record<string, SuiteRecord>>;
}

/** By a long run itself. */
const WRITTEN = [":(exclude)test-results", ":(exclude)packages/docs/*clients.md"];

/** Keeps the results of a long run beside the sources; suites that did not run keep those of their last one. */
export function writeLongRecord(root: string, outcomes: ReadonlyMap<string, Outcome>): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const at = {
    commit: git("rev-parse", "HEAD"),
    modified: git("status", "--porcelain", "--untracked-files=no", "--", ".", ...WRITTEN) !== "",
    date: new Date().toISOString(),
  };
  const path = join(root, "test-results/long.json");
  mkdirSync(join(root, "test-results"), { recursive: true });
  writeFileSync(path, `${JSON.stringify(mergeLongRecord(readRecord(path), outcomes, at), null, 2)}\n`);
  return path;
}

export function mergeLongRecord(
  before: Readonly<Record<string, SuiteRecord>>,
  outcomes: ReadonlyMap<string, Outcome>,
  at: Pick<SuiteRecord, "commit" | "modified" | "date">,
): LongRecord {
  const ran = [...outcomes].map(([name, { passed, failed, skipped, missing }]) => {
    return [name, { ...at, passed, failed, skipped, missing: [...new Set(missing)] }] as const;
  });
  const suites = { ...before, ...Object.fromEntries(ran) };
  const { passed, failed, skipped } = total(Object.values(suites).map((each) => ({ ...each, failures: [] })));
  const platform = `${process.platform}-${process.arch}`;
  return { node: process.versions.node, platform, passed, failed, skipped, suites };
}

function readRecord(path: string): Readonly<Record<string, SuiteRecord>> {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as LongRecord).suites;
  } catch {
    // the first one, or one that cannot be read: what runs now is all there is
    return {};
  }
}
