import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Cache } from "./cache.ts";
import { kubernetesMatrix } from "./kubernetes/matrix.ts";
import { postgresMatrix } from "./postgres/matrix.ts";
import { count, table, totals } from "./report.ts";
import { type ClientResult, runMatrix } from "./run-matrix.ts";
import { sshMatrix } from "./ssh/matrix.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const matrices = { postgres: postgresMatrix, kubernetes: kubernetesMatrix, ssh: sshMatrix };
const names = (of: keyof typeof matrices): string => matrices[of].clients.map(({ name }) => name).join(", ");
const USAGE = `Usage: node scripts/clients/main.ts [kubernetes|ssh] [--only NAME]... [--sample] [--json] [--write]

Plays scenarios with real clients at a real server, directly and through the gateway, and compares what they see.

  --only NAME    only this client (may be repeated)
  --sample       only the few clients of the short run
  --cache DIR    where clients are installed (default .toolchain/clients)
  --json         the last line is an object with the counts
  --write        writes ${postgresMatrix.page}, ${kubernetesMatrix.page} or ${sshMatrix.page}

Clients of PostgreSQL: ${names("postgres")}
Clients of Kubernetes: ${names("kubernetes")}
Clients of SSH: ${names("ssh")}
`;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
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
  const [of = "postgres"] = positionals;
  if (positionals.length > 1 || !(of === "postgres" || of === "kubernetes" || of === "ssh")) {
    say(`there is no matrix ${positionals.join(" ")}\n\n${USAGE}`);
    return 64;
  }
  const matrix = matrices[of];
  const { clients } = matrix;
  const only = values.only?.flatMap((names) => names.split(","));
  const unknown = only?.filter((name) => !clients.some((client) => client.name === name)) ?? [];
  if (unknown.length > 0) {
    say(`there is no client ${unknown.join(", ")}\n\n${USAGE}`);
    return 64;
  }
  const wanted = clients.filter(({ name, sample }) => (only ? only.includes(name) : !values.sample || sample));
  const lacks = matrix.missing();
  if (lacks !== undefined) {
    say(`left out: ${lacks}`);
    const none = { passed: 0, failed: 0, skipped: wanted.length, failures: [], missing: [lacks] };
    if (values.json) process.stdout.write(`${JSON.stringify(none)}\n`);
    return 0;
  }
  const results = await runMatrix(matrix, wanted, new Cache(values.cache, say), show);
  const all = totals(results);
  if (values.write) writeFileSync(join(root, matrix.page), table(matrix.about, results));
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
