import { readFileSync } from "node:fs";
import type { PostgresVersion } from "@tidewaiter/testkit";

export interface Statement {
  readonly sql: string;
  /** As `TreeServer.describe` writes it. */
  readonly expected: string;
  readonly versions: readonly PostgresVersion[];
}

const VERSIONS: readonly PostgresVersion[] = ["14", "15", "16", "17", "18"];

/** `statements.txt`: each statement, and below it what its lineage is; reviewed by hand, the same for every release, or since one. */
export const STATEMENTS: readonly Statement[] = readFileSync(new URL("statements.txt", import.meta.url), "utf8")
  .trim()
  .split("\n\n")
  .map((block) => {
    const lines = block.split("\n");
    const since = /^-- PostgreSQL (\d+)$/.exec(lines[0] ?? "")?.[1];
    const [sql = "", expected = ""] = since === undefined ? lines : lines.slice(1);
    const versions = VERSIONS.filter((version) => Number(version) >= Number(since ?? 0));
    return { sql, expected: expected.trim(), versions };
  });
