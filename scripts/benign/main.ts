import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fetchPostgres, findPostgres, type PostgresVersion } from "@tidewaiter/testkit";
import { loadDocumented } from "./documented.ts";
import { say, toolLine, totalsOf } from "./report.ts";
import { runCaptures, type ToolResult } from "./run-captures.ts";
import { type Capture, loadCaptures } from "./statement.ts";
import { type Round, summaryText } from "./summary.ts";

const USAGE = `Usage: node scripts/benign/main.ts [--json] [--server 14|15|16|17|18]... [--tool NAME]... [--sample | --long] [--write]

Replays what real tools sent (statements/*.jsonl), and what tools that cannot be run here ask by their documentation
(documented/*.sql), straight to PostgreSQL and through the gateway under the whole example policy, and compares every
answer and every cell.

  --server   release of PostgreSQL; default 15, of which the statements were captured
  --tool     only these
  --sample   a few tools, for the everyday test run
  --long     every release, fetched by npm: all tools on 15 and 18, the sample on the others
  --write    writes the summary to packages/docs/benign-corpus.md

Exit code 1: a statement was wrongly refused or answered otherwise, or more than 0.5 % of the cells without a label were masked.
`;
/** Together some 800 statements of each kind: catalogs, ORM, drivers, schema changes. */
const SAMPLE = [
  ...["app", "psql-completion", "prisma", "psycopg-asyncpg", "knex", "drizzle", "flyway"],
  ...["dbeaver", "datagrip", "metabase", "grafana", "postgrest"],
];
/** The first one is that of the table. */
const EVERY: readonly PostgresVersion[] = ["15", "18", "17", "16", "14"];

const SUMMARY = new URL("../../packages/docs/benign-corpus.md", import.meta.url);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      help: { type: "boolean" },
      sample: { type: "boolean" },
      long: { type: "boolean" },
      write: { type: "boolean" },
      server: { type: "string", multiple: true, default: ["15"] },
      tool: { type: "string", multiple: true },
    },
  });
  const versions = EVERY.filter((version) => values.long || values.server.includes(version));
  if (values.help || versions.length === 0) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 64;
  }
  const wanted = values.tool ?? (values.sample ? SAMPLE : undefined);
  const captures = [...loadCaptures(), ...loadDocumented()].filter(
    ({ tool }) => wanted === undefined || wanted.includes(tool),
  );
  const outcome = { passed: 0, failed: 0, skipped: 0, failures: [] as string[], missing: [] as string[] };
  const rounds: Round[] = [];
  for (const version of versions) {
    const rest = values.long && version !== "15" && version !== "18";
    const round = await replay(rest ? captures.filter(({ tool }) => SAMPLE.includes(tool)) : captures, version);
    if (typeof round === "string") {
      outcome.skipped++;
      outcome.missing.push(round);
      continue;
    }
    rounds.push(round);
    outcome.passed += round.totals.passed;
    outcome.failed += round.totals.failures.length;
    outcome.failures.push(...round.totals.failures.map((failure) => `PostgreSQL ${round.release}: ${failure}`));
  }
  if (values.write) writeFileSync(SUMMARY, summaryText(rounds));
  if (values.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  return outcome.failed > 0 ? 1 : 0;
}

/** The reason, where that release is not there. */
async function replay(captures: readonly Capture[], version: PostgresVersion): Promise<Round | string> {
  await fetchPostgres(version);
  const found = await findPostgres(version);
  if (!found.available) return found.reason;
  const { release } = found.installation;
  say(`PostgreSQL ${release}`);
  const results: ToolResult[] = [];
  await runCaptures(captures, version, (result) => {
    results.push(result);
    say(toolLine(result));
  });
  const totals = totalsOf(results);
  say(totals.line);
  for (const failure of totals.failures) say(failure);
  return { release, results, totals };
}

process.exit(await main());
