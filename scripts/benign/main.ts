import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findPostgres } from "@tidewaiter/testkit";
import { say, toolLine, totalsOf } from "./report.ts";
import { runCaptures, type ToolResult } from "./run-captures.ts";
import { loadCaptures } from "./statement.ts";
import { summaryText } from "./summary.ts";

const USAGE = `Usage: node scripts/benign/main.ts [--json] [--server 15|18] [--tool NAME]... [--sample] [--write]

Replays what real tools sent (statements/*.jsonl) straight to PostgreSQL and through the gateway under the whole example
policy, and compares every answer and every cell.

  --server   release of PostgreSQL; default 15, of which the statements were captured
  --tool     only these
  --sample   a few tools, for the everyday test run
  --write    writes the summary to packages/docs/benign-corpus.md

Exit code 1: a statement was wrongly refused or answered otherwise, or more than 0.5 % of the cells without a label were masked.
`;
/** Together some 700 statements of each kind: catalogs, ORM, drivers, schema changes. */
const SAMPLE = ["app", "psql-completion", "prisma", "psycopg-asyncpg", "knex", "drizzle", "flyway"];

const SUMMARY = new URL("../../packages/docs/benign-corpus.md", import.meta.url);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      help: { type: "boolean" },
      sample: { type: "boolean" },
      write: { type: "boolean" },
      server: { type: "string", default: "15" },
      tool: { type: "string", multiple: true },
    },
  });
  const { server } = values;
  if (values.help || (server !== "15" && server !== "18")) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 64;
  }
  const found = await findPostgres(server);
  if (!found.available) {
    process.stdout.write(
      `${JSON.stringify({ passed: 0, failed: 0, skipped: 1, failures: [], missing: [found.reason] })}\n`,
    );
    return 0;
  }
  const wanted = values.tool ?? (values.sample ? SAMPLE : undefined);
  const captures = loadCaptures().filter(({ tool }) => wanted === undefined || wanted.includes(tool));
  const results: ToolResult[] = [];
  await runCaptures(captures, server, (result) => {
    results.push(result);
    say(toolLine(result));
  });
  const totals = totalsOf(results);
  say(totals.line);
  if (values.write) writeFileSync(SUMMARY, summaryText(results, server));
  for (const failure of totals.failures) say(failure);
  if (values.json)
    process.stdout.write(
      `${JSON.stringify({ passed: totals.passed, failed: totals.failures.length, skipped: 0, failures: totals.failures, missing: [] })}\n`,
    );
  return totals.failures.length > 0 ? 1 : 0;
}

process.exit(await main());
