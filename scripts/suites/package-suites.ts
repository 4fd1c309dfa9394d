import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { failed, type Outcome, type Suite, type SuiteOptions } from "./outcome.ts";
import { lastLines, runCommand } from "./run-command.ts";
import { readReport, type VitestReport } from "./vitest-report.ts";

/** Unit and integration tests: one suite per package, and one for scripts/ and deploy/. */
export function packageSuites(root: string): Suite[] {
  const folders = ["packages", "packages/protocols"].flatMap((parent) =>
    readdirSync(join(root, parent))
      .map((name) => `${parent}/${name}`)
      .filter((folder) => existsSync(join(root, folder, "package.json"))),
  );
  return ["scripts", ...folders].map((folder) => ({
    name: folder.split("/").at(-1) ?? folder,
    about: `tests of ${folder}`,
    group: "unit",
    run: (options) => runVitest(options, folder),
  }));
}

/** Its files break off, flood and stall on purpose, in the process that also serves: what is left of one must not meet the next. */
const OWN_PROCESS: ReadonlySet<string> = new Set(["packages/gateway"]);

async function runVitest(options: SuiteOptions, folder: string): Promise<Outcome> {
  const file = join(options.root, ".cache/test", `${folder.replaceAll("/", "-")}.json`);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const vitest = [
    join(options.root, "node_modules/.bin/vitest"),
    "run",
    "--root",
    folder,
    "--config",
    join(options.root, "scripts/suites/vitest.config.ts"),
    ...(OWN_PROCESS.has(folder) ? ["--isolate"] : []),
  ];
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const env = options.long ? { TIDEWAITER_LONG: "1" } : {};
  const { code, output } = await runCommand(options, [...vitest, ...report], env);
  if (!existsSync(file)) return failed(`vitest wrote no report (exit code ${code})\n${lastLines(output, 60)}`);
  return readReport(JSON.parse(readFileSync(file, "utf8")) as VitestReport, code, lastLines(output, 60));
}
