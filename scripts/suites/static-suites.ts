import { existsSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { type Outcome, type Suite, type SuiteOptions, skipped, total } from "./outcome.ts";
import { oneCheck } from "./run-command.ts";

const shellScripts = ["tw", "scripts/bootstrap", "scripts/demo", "scripts/kubernetes", "scripts/test", ".ci/run"];

/** Suites that read the sources without running the product. */
export const staticSuites: readonly Suite[] = [
  { name: "lint", about: "format and lint (biome, gofmt), shell scripts", run: lint },
  { name: "check", about: "types (tsc of every package)", run: check },
  { name: "imports", about: "imports go down only", run: (o) => oneCheck(o, ["node", "scripts/check-imports.ts"]) },
  {
    name: "openapi",
    about: "the committed OpenAPI document is what the routes say",
    run: (options) => oneCheck(options, ["node", "packages/control-plane/src/openapi/generate.ts", "--check"]),
  },
];

async function lint(options: SuiteOptions): Promise<Outcome> {
  const scripts = shellScripts.filter((path) => existsSync(join(options.root, path)));
  const outcomes = [await oneCheck(options, ["node_modules/.bin/biome", "check", "--error-on-warnings", "."])];
  for (const path of scripts) outcomes.push(await oneCheck(options, ["bash", "-n", path]));
  if (findProgram("shellcheck")) outcomes.push(await oneCheck(options, ["shellcheck", "-x", ...scripts]));
  else outcomes.push(skipped("shellcheck"));
  // gofmt exits with 0 whatever it finds
  const gofmt = 'unlike="$(gofmt -l packages/testkit/kubernetes)" && echo "$unlike" && test -z "$unlike"';
  if (findProgram("gofmt")) outcomes.push(await oneCheck(options, ["bash", "-c", gofmt]));
  else outcomes.push(skipped("gofmt (Go 1.26)"));
  return total(outcomes);
}

async function check(options: SuiteOptions): Promise<Outcome> {
  const packages = ["turbo", "run", "check", "--continue=always", "--output-logs=errors-only", "--ui=stream"];
  const scripts = ["node_modules/.bin/tsc", "-p", "scripts"];
  return total([await oneCheck(options, packages), await oneCheck(options, scripts)]);
}
