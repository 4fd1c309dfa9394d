import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Cache } from "./cache.ts";
import { clients } from "./clients.ts";
import { count, table, totals } from "./report.ts";
import { type ClientResult, runMatrix } from "./run-matrix.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const USAGE = `Usage: node scripts/clients/main.ts [--only NAME]... [--sample] [--json] [--write]

Plays scenarios with real clients at a real server, directly and through the gateway, and compares what they see.

  --only NAME    only this client (may be repeated)
  --sample       only the few clients of the short run
  --cache DIR    where clients are installed (default .toolchain/clients)
  --json         the last line is an object with the counts
  --write        writes packages/docs/clients.md

Clients: ${clients.map(({ name }) => name).join(", ")}
`;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      sample: { type: "boolean" },
      cache: { type: "string", default: join(root, ".toolchain/clients") },
      json: { type: "boolean" },
      write: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const only = values.only?.flatMap((names) => names.split(","));
  const unknown = only?.filter((name) => !clients.some((client) => client.name === name)) ?? [];
  if (unknown.length > 0) {
    say(`there is no client ${unknown.join(", ")}\n\n${USAGE}`);
    return 64;
  }
  const wanted = clients.filter(({ name, sample }) => (only ? only.includes(name) : !values.sample || sample));
  const results = await runMatrix(wanted, new Cache(values.cache, say), show);
  const all = totals(results);
  if (values.write) writeFileSync(join(root, "packages/docs/clients.md"), table(results));
  if (values.json) process.stdout.write(`${JSON.stringify(all)}\n`);
  else process.stdout.write(`\n${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped\n`);
  return all.failed > 0 ? 1 : 0;
}

function show({ client, version, server, verdicts, missing, seconds }: ClientResult): void {
  if (missing !== undefined) return say(`skip  ${client.padEnd(15)} ${missing}`);
  const failures = verdicts.filter(({ outcome }) => outcome === "failed");
  const numbers = `${count(verdicts, "passed")} passed, ${failures.length} failed, ${count(verdicts, "skipped")} skipped`;
  say(
    `${failures.length === 0 ? "ok  " : "FAIL"}  ${client.padEnd(15)} ${numbers}   ${version}, server ${server}, ${seconds} s`,
  );
  for (const { scenario, way, why } of failures) say(`      ${scenario} (${way}): ${why}`);
}

process.exitCode = await main();
