import { parseArgs } from "node:util";
import { findPostgres, hasCommand } from "@tidewaiter/testkit";
import type { Counts } from "../story/checks.ts";
import { walk } from "./walk.ts";
import { startWorld } from "./world.ts";

const HELP = `Usage: node scripts/identity/main.ts [--json]

A walk through identity, access and secrets with real programs on 127.0.0.1: oidc-provider, PostgreSQL 18, sshd, psql,
ssh, Chromium, server and site agent. It says what happens, checks it, and at the end looks for every secret it used.

  --json   end with one JSON line of counts
`;

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } },
});
const print = (text: string): void => void (values.json ? process.stderr : process.stdout).write(`${text}\n`);
if (values.help) process.stdout.write(HELP);
else process.exitCode = await main();

async function main(): Promise<number> {
  const counts = (await whatIsMissing()) ?? (await play());
  const { passed, failed, skipped, missing } = counts;
  print(
    `\nThe walk: ${passed} checks passed, ${failed} failed${skipped > 0 ? `, left out for want of ${missing.join(", ")}` : ""}.`,
  );
  if (values.json) process.stdout.write(`${JSON.stringify(counts)}\n`);
  return failed > 0 ? 1 : 0;
}

/** Without these there is no walk at all. */
async function whatIsMissing(): Promise<Counts | undefined> {
  const missing = [
    ...((await findPostgres("18")).available ? [] : ["PostgreSQL 18"]),
    ...(hasCommand("psql") ? [] : ["psql"]),
  ];
  return missing.length === 0 ? undefined : { passed: 0, failed: 0, skipped: missing.length, failures: [], missing };
}

async function play(): Promise<Counts> {
  await using world = await startWorld((text) => print(`  ${text} ...`));
  return await walk(world, print);
}
