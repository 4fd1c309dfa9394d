import { fileURLToPath } from "node:url";
import { endToEndSuites } from "./end-to-end-suites.ts";
import { writeLongRecord } from "./long-record.ts";
import { provideKubernetes, provideNeeds, provideReleases } from "./needs.ts";
import { readOptions } from "./options.ts";
import { failed, type Outcome, total } from "./outcome.ts";
import { packageSuites } from "./package-suites.ts";
import { reportSuite, reportTotal, say } from "./report.ts";
import { staticSuites } from "./static-suites.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const options = readOptions(process.argv.slice(2), [...staticSuites, ...packageSuites(root), ...endToEndSuites]);

if ("text" in options) {
  (options.code === 0 ? process.stdout : process.stderr).write(`${options.text}\n`);
  process.exitCode = options.code;
} else {
  const interrupted = new AbortController();
  // The children of a terminal get Ctrl-C as well; a second one ends this process at once.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  provideNeeds(say);
  if (options.suites.some((suite) => suite.group === "unit")) await provideKubernetes(say);
  if (options.long) await provideReleases(say);
  const count = options.suites.length;
  say(`Running ${count} ${count === 1 ? "suite" : "suites"}; the whole takes 5 to 15 minutes.`);
  const outcomes = new Map<string, Outcome>();
  for (const suite of options.suites) {
    if (interrupted.signal.aborted) break;
    say(`       ${suite.name}: ${suite.about} ...`);
    const started = performance.now();
    const outcome = await suite
      .run({ root, long: options.long, signal: interrupted.signal })
      .catch((error: unknown) => failed(`the suite itself failed: ${String(error)}`));
    outcomes.set(suite.name, outcome);
    reportSuite(suite.name, outcome, performance.now() - started);
  }
  const all = total([...outcomes.values()]);
  if (interrupted.signal.aborted) say("\nInterrupted: the suites after this were not run.");
  else if (options.long) say(`\nWritten: ${writeLongRecord(root, outcomes)}`);
  reportTotal(all);
  process.exitCode = interrupted.signal.aborted ? 130 : all.failed > 0 ? 1 : 0;
}
