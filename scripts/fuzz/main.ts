import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findPostgres, startPostgres } from "@tidewaiter/testkit";
import { startTidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { FIXTURE } from "./fixture.ts";
import type { Endpoint } from "./fuzz-client.ts";
import { type Leak, runFuzz } from "./run-fuzz.ts";

const USAGE = `Usage: node scripts/fuzz/main.ts [--seed N] [--rounds N] [--server 15|18] [--json]

Random statements over labelled tables, as an AI agent and as a person under the whole example policy, each run before and
after one labelled cell changes. Bytes that differ at the client are a leak, printed with the smallest statement found.

  --seed     default: a random one, which is printed; the same seed gives the same statements
  --rounds   statements per seed; default 600
  --sample   one fixed seed and few statements, for the everyday test run
  --long     fixed seeds with 5,400 statements, and a random one
  --server   release of PostgreSQL; default 18
`;
const POLICIES = new URL("../../deploy/examples/policies/", import.meta.url);
const FIXED_SEEDS = [1, 2, 3];
const LONG_ROUNDS = 1_800;
const SAMPLE_ROUNDS = 300;
/** Their budgets last for so many batches. */
const PRINCIPALS = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      rounds: { type: "string", default: "600" },
      server: { type: "string", default: "18" },
      json: { type: "boolean" },
      sample: { type: "boolean" },
      long: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const { server: version } = values;
  if (values.help || (version !== "15" && version !== "18")) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 64;
  }
  const found = await findPostgres(version);
  if (!found.available) {
    process.stdout.write(
      `${JSON.stringify({ passed: 0, failed: 0, skipped: 1, failures: [], missing: [found.reason] })}\n`,
    );
    return 0;
  }
  const random = Math.floor(Math.random() * 1e6);
  const seeds = values.long ? [...FIXED_SEEDS, random] : values.sample ? [1] : [Number(values.seed ?? random)];
  const rounds = values.long ? LONG_ROUNDS : values.sample ? SAMPLE_ROUNDS : Number(values.rounds);
  const totals = { passed: 0, failed: 0, skipped: 0, failures: [] as string[], missing: [] as string[] };
  for (const seed of seeds) {
    const { attempts, leaks } = await fuzz(seed, rounds, version);
    totals.passed += attempts - leaks.length;
    totals.failed += leaks.length;
    totals.failures.push(...leaks.map(leakText));
  }
  if (values.json) process.stdout.write(`${JSON.stringify(totals)}\n`);
  return totals.failed > 0 ? 1 : 0;
}

async function fuzz(
  seed: number,
  rounds: number,
  version: "15" | "18",
): Promise<{ readonly attempts: number; readonly leaks: readonly Leak[] }> {
  // statistics and hint bits change only when we say so
  await using server = await startPostgres({ version, settings: { autovacuum: "off" } });
  await server.sql(FIXTURE);
  const names = Array.from({ length: PRINCIPALS }, (_, index) => index + 1);
  await using gateway = await startTidewaiter({
    target: { host: server.host, port: server.port, user: server.superuser, database: "postgres" },
    policies: readdirSync(POLICIES).map((name) => ({ name, source: readFileSync(new URL(name, POLICIES), "utf8") })),
    principals: [
      ...names.map((n) => ({ name: `bot-${n}`, type: "ai_agent", level: "write" }) as const),
      ...names.map((n) => ({ name: `person-${n}`, type: "user", level: "write" }) as const),
      { name: "mia", type: "user", level: "read", groups: ["data-owners"], roles: ["user", "reviewer"] },
    ],
  });
  const endpoints = new Map<string, Endpoint>();
  const endpoint = async (kind: "agent" | "person", batch: number): Promise<Endpoint> => {
    const name = `${kind === "agent" ? "bot" : "person"}-${(batch % PRINCIPALS) + 1}`;
    const present = endpoints.get(name);
    if (present !== undefined) return present;
    const { secret } = await gateway.secret(name);
    const made = { port: gateway.port, user: `${name}/write`, password: secret, database: gateway.database };
    endpoints.set(name, made);
    return made;
  };
  const leaks: Leak[] = [];
  const started = performance.now();
  say(`seed ${seed}, ${rounds} statements, PostgreSQL ${server.release}`);
  const tally = await runFuzz({
    seed,
    rounds,
    server,
    endpoint,
    onLeak: (leak) => {
      leaks.push(leak);
      say(leakText(leak));
    },
    onBatch: (done) => process.stderr.isTTY && process.stderr.write(`\r${done} `),
  });
  const seconds = (performance.now() - started) / 1000;
  say(
    `${tally.attempts} statements (seed ${seed}): ${tally.answered} answered, ${tally.refused} refused or held, ${tally.failed} failed at the server, ${tally.unstable} not judged; ${leaks.length} leak; ${Math.round((2 * tally.attempts) / seconds)} runs per second`,
  );
  return { attempts: tally.attempts, leaks };
}

function leakText(leak: Leak): string {
  const { table, column, id, before, after } = leak.change;
  return `LEAK (seed ${leak.seed}, statement ${leak.round}, ${leak.as}, ${leak.way}): ${leak.steps.join("; ")}\n  when ${table}.${column} of row ${id} goes from ${before} to ${after}\n  ${readable(leak.before)}\n  ${readable(leak.after)}`;
}

function readable(bytes: string): string {
  return JSON.stringify(bytes.replaceAll("\0", "·")).slice(0, 400);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

process.exit(await main());
