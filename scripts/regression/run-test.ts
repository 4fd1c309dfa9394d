import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DATABASE, type Side } from "./side.ts";
import type { Workspace } from "./workspace.ts";

export interface TestRun {
  /** Everything that psql printed, both streams in their order. */
  readonly output: Buffer;
  readonly milliseconds: number;
  /** psql was ended because it took too long. */
  readonly hung: boolean;
}

/** The slowest test takes some ten seconds on a busy machine. */
const LIMIT_MS = 120_000;

/** One test script by the real psql, called as `pg_regress` calls it (src/test/regress/pg_regress_main.c). */
export async function runTest(test: string, side: Side, workspace: Workspace): Promise<TestRun> {
  const started = performance.now();
  const input = openSync(workspace.sql(test), "r");
  const outputFile = join(workspace.directory, "results", `${test}-${side.port}.out`);
  const output = openSync(outputFile, "w");
  const args = ["-X", "-a", "-q", "-d", DATABASE, "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"];
  try {
    const hung = await new Promise<boolean>((resolve, reject) => {
      const psql = spawn("psql", args, { env: environment(test, side, workspace), stdio: [input, output, output] });
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        psql.kill("SIGKILL");
      }, LIMIT_MS);
      psql.once("error", reject);
      psql.once("close", () => {
        clearTimeout(timer);
        resolve(late);
      });
    });
    return { output: readFileSync(outputFile), milliseconds: performance.now() - started, hung };
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

function environment(test: string, side: Side, { directory, libraries }: Workspace): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: directory,
    PGHOST: "127.0.0.1",
    PGPORT: String(side.port),
    PGUSER: side.user,
    PGPASSWORD: side.password,
    PGSSLMODE: "disable",
    PGAPPNAME: `pg_regress/${test}`,
    PGTZ: "America/Los_Angeles",
    PGDATESTYLE: "Postgres, MDY",
    PGOPTIONS: "-c intervalstyle=postgres_verbose",
    LC_MESSAGES: "C",
    PG_ABS_SRCDIR: directory,
    PG_ABS_BUILDDIR: directory,
    PG_LIBDIR: libraries,
    PG_DLSUFFIX: ".so",
  };
}
