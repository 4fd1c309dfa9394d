import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPostgres, hasCommand } from "@tidewaiter/testkit";
import type { TestResult } from "./compare.ts";
import { type RegressionOptions, readOptions, USAGE } from "./options.ts";
import { page } from "./page.ts";
import { nothingRun, resultLine, summary, type Totals, totalsOf } from "./report.ts";
import { run } from "./run-program.ts";
import { runSuite } from "./run-suite.ts";
import { chosen, readSchedule } from "./schedule.ts";
import { startDirect, startThrough } from "./side.ts";
import { findSource } from "./source.ts";
import { causeOf } from "./unsteady.ts";
import { makeWorkspace } from "./workspace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 64;
  }
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const totals = await regress(options);
  for (const failure of totals.failures) say(`\n${failure}`);
  for (const missing of totals.missing) say(`skipped, because this is missing here: ${missing}`);
  if (options.json) process.stdout.write(`${JSON.stringify(totals)}\n`);
  return totals.failed > 0 ? 1 : 0;
}

async function regress(options: RegressionOptions): Promise<Totals> {
  const postgres = await findPostgres(options.version);
  if (!postgres.available) return nothingRun(postgres.reason);
  if (!hasCommand("psql")) return nothingRun("psql");
  const found = findSource(join(root, ".toolchain/regression"), say);
  if (!found.available) return nothingRun(found.reason);
  const { source } = found;
  const tests = chosen(readSchedule(source.directory), options.tests);
  await using workspace = makeWorkspace(source, join(postgres.installation.binDir, "../lib"));
  if (workspace.missing !== undefined)
    say(`without ${workspace.missing} some tests fail, directly and through the gateway`);
  await using direct = await startDirect(options.version);
  await using through = await (options.control ? startDirect : startThrough)(options.version);
  const results: TestResult[] = [];
  const onResult = (compared: TestResult): void => {
    const cause = compared.passesDirectly ? undefined : causeOf(compared.difference, options.version);
    const result = cause === undefined ? compared : { ...compared, cause };
    results.push(result);
    say(resultLine(result));
    if (options.differences !== undefined) keepDifference(options.differences, result);
  };
  await runSuite({ tests, direct, through, workspace, onResult });
  say(summary(results));
  if (options.write) {
    const psql = /[\d.]+/.exec(run("psql", ["--version"]) ?? "")?.[0] ?? "";
    const circumstances = { suite: source.version, server: direct.server.release, psql, missing: workspace.missing };
    const name = options.version === "15" ? "regression-suite" : `regression-suite-${options.version}`;
    writeFileSync(join(root, `packages/docs/${name}.md`), page(results, circumstances));
  }
  return totalsOf(results);
}

function keepDifference(folder: string, { test, difference }: TestResult): void {
  if (difference === "") return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${test}.diff`), difference);
}

/** Progress for people; what programs read goes to stdout. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

process.exit(await main());
