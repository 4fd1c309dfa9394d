import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "./outcome.ts";

/** Keeps the result of a long run beside the sources: which commit, when, what. */
export function writeLongRecord(root: string, suites: ReadonlyMap<string, Outcome>, all: Outcome): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const numbers = ({ passed, failed, skipped }: Outcome) => ({ passed, failed, skipped });
  const record = {
    commit: git("rev-parse", "HEAD"),
    modified: git("status", "--porcelain", "--untracked-files=no") !== "",
    date: new Date().toISOString(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    ...numbers(all),
    missing: [...new Set(all.missing)],
    suites: Object.fromEntries([...suites].map(([name, outcome]) => [name, numbers(outcome)])),
  };
  const path = join(root, "test-results/long.json");
  mkdirSync(join(root, "test-results"), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}
