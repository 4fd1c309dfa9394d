import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  fetchPostgres,
  findPostgres,
  hasCommand,
  olderPostgresVersions,
  type PostgresVersion,
  postgresVersions,
  startPostgres,
} from "@tidewaiter/testkit";
import { startTidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { startCaptureProxy } from "./capture-proxy.ts";
import { fixturesSql, loadCases } from "./cases.ts";
import { say } from "./report.ts";
import type { Endpoint } from "./run-case.ts";
import { runCorpus } from "./run-corpus.ts";

const json = process.argv.includes("--json");
const EVERY: readonly PostgresVersion[] = [...postgresVersions, ...olderPostgresVersions];
const named = process.argv.includes("--postgres") ? process.argv[process.argv.indexOf("--postgres") + 1] : undefined;
const versions = EVERY.filter((version) =>
  named === undefined ? process.argv.includes("--all") || postgresVersions.includes(version) : version === named,
);

/** Where labels follow values from; both must hold by themselves. */
type Lineage = "names" | "server";
const level = process.argv.includes("--lineage") ? process.argv[process.argv.indexOf("--lineage") + 1] : undefined;
/** One of both on each version, every day; `--all` takes both on both, and the server's own on the other releases. */
function levelsOn(version: PostgresVersion): readonly Lineage[] {
  if (level !== undefined) return [level === "server" ? "server" : "names"];
  if (olderPostgresVersions.includes(version)) return ["server"];
  if (process.argv.includes("--all")) return ["names", "server"];
  return [version === "15" ? "server" : "names"];
}

/** Starts a real PostgreSQL and the real product in front of it, and runs every case. */
async function main(): Promise<number> {
  if (process.argv.includes("--help")) {
    process.stdout.write(
      "Usage: node scripts/corpus/main.ts [--json] [--postgres 14|15|16|17|18] [--lineage names|server | --all] [--demo]\n\nRuns every attempt of the bypass corpus through the real gateway and judges all bytes that the client received.\n\n  --demo   against the running ./scripts/demo, as its AI agent\n",
    );
    return 0;
  }
  if (!(await hasCommand("psql"))) {
    process.stdout.write(`${JSON.stringify({ passed: 0, failed: 0, skipped: 1, failures: [], missing: ["psql"] })}\n`);
    return 0;
  }
  if (process.argv.includes("--demo")) return attackDemo();
  const totals = { passed: 0, failed: 0, skipped: 0, failures: [] as string[], missing: [] as string[] };
  if (versions.length === 0) throw new Error(`--postgres is one of ${EVERY.join(", ")}`);
  for (const version of versions) {
    await fetchPostgres(version);
    const found = await findPostgres(version);
    if (!found.available) {
      totals.skipped++;
      totals.missing.push(found.reason);
      continue;
    }
    for (const from of levelsOn(version)) await corpusOn(version, from, totals);
  }
  if (json) process.stdout.write(`${JSON.stringify(totals)}\n`);
  return totals.failed > 0 ? 1 : 0;
}

/** The running demo, as its AI agent: one line per attempt, as it happens. */
async function attackDemo(): Promise<number> {
  // `./tw` names the directory of the demo that it talks to: of two demos at once only one is `.demo`.
  const cli = process.env.TIDEWAITER_CONFIG_DIR;
  const shared = fileURLToPath(new URL("../../.demo/demo.json", import.meta.url));
  const file = [...(cli ? [join(cli, "../demo.json")] : []), shared].find(existsSync);
  if (file === undefined) {
    process.stderr.write("The demo is not running. Start it with ./scripts/demo and try again.\n");
    return 1;
  }
  const endpoint = JSON.parse(readFileSync(file, "utf8")) as Endpoint;
  await using proxy = await startCaptureProxy(endpoint.port);
  const results = await runCorpus(loadCases(), {
    endpoint,
    proxy,
    onResult: ({ id, technique, outcome, leaked }) =>
      process.stdout.write(`${leaked ? "LEAK" : outcome.padEnd(8)}  ${id}  ${technique}\n`),
  });
  const leaks = results.filter((result) => result.leaked);
  process.stdout.write(
    `\n${results.length} attempts as ana-bot, an AI agent with valid access: ${leaks.length} leaked.\n`,
  );
  return leaks.length > 0 ? 1 : 0;
}

async function corpusOn(
  version: PostgresVersion,
  from: Lineage,
  totals: { passed: number; failed: number; skipped: number; failures: string[] },
): Promise<void> {
  const directory = new URL("../../deploy/examples/policies/", import.meta.url);
  const policies = readdirSync(directory).map((name) => ({
    name,
    source: readFileSync(new URL(name, directory), "utf8"),
  }));
  await using target = await startPostgres({ version });
  await target.sql(fixturesSql());
  await using gateway = await startTidewaiter({
    target: {
      host: target.host,
      port: target.port,
      user: target.superuser,
      database: "postgres",
      lineage: { from, log: "trees_logged" },
    },
    policies,
    principals: [
      { name: "ana", type: "user", level: "write" },
      { name: "ana-bot", type: "ai_agent", level: "write", onBehalfOf: "ana" },
      { name: "lone-bot", type: "ai_agent", level: "write" },
    ],
  });
  await using through = await startCaptureProxy(gateway.port);
  await using direct = await startCaptureProxy(target.port);
  const reference = { port: target.port, user: target.superuser, password: "unused", database: "postgres" };
  const as = async (principal: string) => ({
    port: gateway.port,
    user: principal,
    password: (await gateway.secret(principal)).secret,
    database: gateway.database,
  });
  say(`PostgreSQL ${target.release}, lineage by ${from}, as an AI agent with valid access`);
  const bot = await as("lone-bot");
  const results = await runCorpus(loadCases(), { endpoint: bot, proxy: through, reference, referenceProxy: direct });
  say("the controls, as a person");
  const person = await as("ana");
  const controls = await runCorpus(
    loadCases().filter((one) => one.control === true),
    { endpoint: person, proxy: through, reference, referenceProxy: direct },
  );
  for (const result of [...results, ...controls]) {
    const bad = result.leaked || result.wronglyRefused;
    if (bad)
      totals.failures.push(
        `${result.id} on PostgreSQL ${version}, lineage by ${from}: ${result.technique}: ${result.leaked ? "leaks" : "wrongly refused"} (${result.outcome}, expected ${result.expected})`,
      );
    totals[bad ? "failed" : "passed"]++;
  }
  const leaks = results.filter((result) => result.leaked);
  const wrong = [...results, ...controls].filter((result) => result.wronglyRefused);
  say(
    `${results.length + controls.length} runs: ${leaks.length} leak, ${wrong.length} wrongly refused${leaks.length > 0 ? `   leaking: ${leaks.map(({ id }) => id).join(" ")}` : ""}${wrong.length > 0 ? `   refused: ${wrong.map(({ id }) => id).join(" ")}` : ""}`,
  );
}

process.exit(await main());
