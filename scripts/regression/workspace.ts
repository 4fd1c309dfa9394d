import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findCommand } from "@tidewaiter/testkit";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { runAs } from "@tidewaiter/testkit/unprivileged";
import { run } from "./run-program.ts";
import type { RegressionSource } from "./source.ts";

/** A copy of the suite that the server's user may read, with a folder for files that the tests write. */
export interface Workspace extends AsyncDisposable {
  readonly directory: string;
  /** Folder of `regress.so`, `autoinc.so` and `refint.so`. */
  readonly libraries: string;
  /** Why the suite's own module is not there; the tests that need it then fail on both sides. */
  readonly missing: string | undefined;
  /** SQL of a test. */
  sql(test: string): string;
  /** Outputs that count as right: `x.out`, `x_1.out` and so on. */
  expected(test: string): readonly Buffer[];
}

/** Modules of contrib/spi that the suite loads beside its own. */
const FROM_CONTRIB = ["autoinc.so", "refint.so"] as const;

export function makeWorkspace(source: RegressionSource, pkglibdir: string): Workspace {
  const home = tempDir("regress");
  const directory = home.path;
  chmodSync(directory, 0o755);
  for (const part of ["sql", "data", "expected"])
    cpSync(join(source.directory, part), join(directory, part), { recursive: true });
  const libraries = join(directory, "lib");
  mkdirSync(libraries, { mode: 0o755 });
  for (const name of FROM_CONTRIB)
    if (existsSync(join(pkglibdir, name))) copyFileSync(join(pkglibdir, name), join(libraries, name));
  const missing = buildModule(source, libraries);
  mkdirSync(join(directory, "results"));
  // written by the server (COPY TO a file) and by psql (\copy, \lo_export)
  chownSync(join(directory, "results"), runAs().uid, runAs().gid);
  chmodSync(join(directory, "results"), 0o777);
  const outputs = readdirSync(join(directory, "expected"));
  return {
    directory,
    libraries,
    missing,
    sql: (test) => join(directory, "sql", `${test}.sql`),
    expected: (test) =>
      outputs
        .filter(
          (name) =>
            name === `${test}.out` || (name.startsWith(`${test}_`) && /^\d\.out$/.test(name.slice(test.length + 1))),
        )
        .map((name) => readFileSync(join(directory, "expected", name))),
    [Symbol.asyncDispose]: () => home.remove(),
  };
}

/** Builds `regress.so`; returns what is missing for that. */
function buildModule({ directory, headers }: RegressionSource, libraries: string): string | undefined {
  if (headers === undefined) return "the server's headers";
  if (findCommand("gcc") === undefined) return "gcc";
  const output = join(libraries, "regress.so");
  const flags = ["-O1", "-fPIC", "-shared", "-w", `-I${headers}`];
  if (run("gcc", [...flags, "-o", output, join(directory, "regress.c")], { cwd: libraries }) === undefined)
    return "a module that compiles (regress.c)";
  chmodSync(output, 0o755);
  return undefined;
}
