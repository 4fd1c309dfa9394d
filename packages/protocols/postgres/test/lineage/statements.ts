import { readFileSync } from "node:fs";

export interface Statement {
  readonly sql: string;
  /** As `TreeServer.describe` writes it. */
  readonly expected: string;
  readonly versions: readonly ("15" | "18")[];
}

/** `statements.txt`: each statement, and below it what its lineage is; reviewed by hand, the same for every release. */
export const STATEMENTS: readonly Statement[] = readFileSync(new URL("statements.txt", import.meta.url), "utf8")
  .trim()
  .split("\n\n")
  .map((block) => {
    const lines = block.split("\n");
    const only18 = lines[0] === "-- PostgreSQL 18";
    const [sql = "", expected = ""] = only18 ? lines.slice(1) : lines;
    return { sql, expected: expected.trim(), versions: only18 ? ["18"] : ["15", "18"] };
  });
