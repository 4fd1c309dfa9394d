import type { TestResult } from "./compare.ts";

export interface Circumstances {
  /** Of the suite, as the Debian package has it. */
  readonly suite: string;
  readonly server: string;
  readonly psql: string;
  /** What the suite's own module lacks, if it could not be built. */
  readonly missing: string | undefined;
}

/** The page about a whole run: `packages/docs/regression-suite.md`. */
export function page(results: readonly TestResult[], { suite, server, psql, missing }: Circumstances): string {
  const unsteady = results.filter((one) => one.cause !== undefined);
  const differing = results.filter((one) => !one.sameThrough && one.cause === undefined);
  const failing = results.filter((one) => one.sameThrough && !one.passesDirectly);
  const passing = results.filter((one) => one.sameThrough && one.passesDirectly);
  const rows = [
    ["passes directly, and prints the same through the gateway", passing],
    ["fails directly too, and prints the same through the gateway", failing],
    ["differs by itself, with and without the gateway", unsteady],
    ["prints something else through the gateway", differing],
  ] as const;
  return `# PostgreSQL's own regression suite through the gateway

Written by \`node scripts/regression/main.ts --write\` (with \`--postgres\` for another release than 15).

Every test of \`parallel_schedule\` of PostgreSQL ${suite} runs with the real psql (${psql}), called as \`pg_regress\` calls it, against a
fresh PostgreSQL ${server}: once directly, once through control plane, gateway and agent, as a superuser, with no policy and every
session recorded. What psql printed is compared byte for byte; nothing is normalised. "Passes" means: it printed one of the
outputs that PostgreSQL's authors expect.

| outcome | tests |
| --- | --- |
${rows.map(([outcome, tests]) => `| ${outcome} | ${tests.length} |`).join("\n")}

${missing === undefined ? "" : `The suite's own module could not be built here, for want of ${missing}.\n\n`}Left out: nothing of the schedule. The principal is a service, since people are greeted by a notice at every login; the resource has
the database's name, so that \`\\c\` has the same words on both sides; tests run one after the other, which the suite allows.

${section("Differs", differing)}${section("Differs by itself", unsteady)}${section("Fails directly too", failing)}${section("Passes", passing)}`.replace(
    /\n+$/,
    "\n",
  );
}

function section(title: string, tests: readonly TestResult[]): string {
  if (tests.length === 0) return "";
  return `## ${title}\n\n${wrapped(tests.map(({ test }) => test).join(", "))}\n\n`;
}

function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > 120) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join("\n");
}
