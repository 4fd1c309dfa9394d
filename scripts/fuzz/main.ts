import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fetchPostgres, findPostgres, type PostgresVersion, startPostgres } from "@tidewaiter/testkit";
import { startTidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { FIXTURE } from "./fixture.ts";
import type { Endpoint } from "./fuzz-client.ts";
import { type Leak, runFuzz } from "./run-fuzz.ts";

const USAGE = `Usage: node scripts/fuzz/main.ts [--seed N] [--rounds N] [--server 14|15|16|17|18]
       [--lineage names|server] [--json]

Random statements over labelled tables, as an AI agent and as a person under the whole example policy, each run before and
after one labelled cell changes. Bytes that differ at the client are a leak, printed with the smallest statement found.

  --seed     default: a random one, which is printed; the same seed gives the same statements
  --rounds   statements per seed; default 600
  --sample   one fixed seed and few statements in each way, for the everyday test run
  --long     fixed seeds with 5,400 statements and a random one, in each way and on several releases
  --server   release of PostgreSQL; default 18
  --lineage  where labels follow values from: names in the text (the default), or the server's own trees
`;
const POLICIES = new URL("../../deploy/examples/policies/", import.meta.url);
const FIXED_SEEDS = [1, 2, 3];
const LONG_ROUNDS = 1_800;
const SAMPLE_ROUNDS = 300;

type Lineage = "names" | "server";

interface Round {
  readonly seed: number;
  readonly rounds: number;
  readonly version: PostgresVersion;
  readonly lineage: Lineage;
}

/** What one call runs, in order. */
function plan(values: Wanted): readonly Round[] {
  const random = Math.floor(Math.random() * 1e6);
  if (values.sample)
    return [
      { seed: 1, rounds: SAMPLE_ROUNDS, version: "18", lineage: "names" },
      { seed: 1, rounds: SAMPLE_ROUNDS / 2, version: "15", lineage: "server" },
    ];
  if (!values.long) {
    const { server, lineage, seed, rounds } = values;
    const version = VERSIONS.find((one) => one === server);
    if (version === undefined) throw new RangeError("--server is 14, 15, 16, 17 or 18");
    const from = lineage === "server" ? "server" : "names";
    return [{ seed: Number(seed ?? random), rounds: Number(rounds), version, lineage: from }];
  }
  const names = [...FIXED_SEEDS, random].map(
    (seed) => ({ seed, rounds: LONG_ROUNDS, version: "18", lineage: "names" }) as const,
  );
  // each release prints trees of its own
  const trees = (["18", "15", "18", "17", "16", "14"] as const).map((version, index) => {
    const seed = FIXED_SEEDS[index] ?? random + index;
    return { seed, rounds: LONG_ROUNDS / (index < 3 ? 1 : 3), version, lineage: "server" } as const;
  });
  return [...names, ...trees];
}

interface Wanted {
  readonly seed?: string | undefined;
  readonly rounds: string;
  readonly server: string;
  readonly lineage: string;
  readonly sample?: boolean | undefined;
  readonly long?: boolean | undefined;
}

const VERSIONS: readonly PostgresVersion[] = ["14", "15", "16", "17", "18"];
/** Their budgets last for so many batches. */
const PRINCIPALS = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      rounds: { type: "string", default: "600" },
      server: { type: "string", default: "18" },
      lineage: { type: "string", default: "names" },
      json: { type: "boolean" },
      sample: { type: "boolean" },
      long: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const totals = { passed: 0, failed: 0, skipped: 0, failures: [] as string[], missing: [] as string[] };
  for (const round of plan(values)) {
    await fetchPostgres(round.version);
    const found = await findPostgres(round.version);
    if (!found.available) {
      totals.skipped++;
      totals.missing.push(found.reason);
      continue;
    }
    const { attempts, leaks } = await fuzz(round);
    totals.passed += attempts - leaks.length;
    totals.failed += leaks.length;
    totals.failures.push(...leaks.map((leak) => leakText(leak, round)));
  }
  if (values.json) process.stdout.write(`${JSON.stringify(totals)}\n`);
  return totals.failed > 0 ? 1 : 0;
}

async function fuzz({ seed, rounds, version, lineage }: Round): Promise<{
  readonly attempts: number;
  readonly leaks: readonly Leak[];
}> {
  // statistics and hint bits change only when we say so
  await using server = await startPostgres({ version, settings: { autovacuum: "off" } });
  await server.sql(FIXTURE);
  const names = Array.from({ length: PRINCIPALS }, (_, index) => index + 1);
  await using gateway = await startTidewaiter({
    target: {
      host: server.host,
      port: server.port,
      user: server.superuser,
      database: "postgres",
      lineage: { from: lineage, log: "trees_logged" },
    },
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
  say(`seed ${seed}, ${rounds} statements, PostgreSQL ${server.release}, lineage by ${lineage}`);
  const tally = await runFuzz({
    seed,
    rounds,
    server,
    endpoint,
    onLeak: (leak) => {
      leaks.push(leak);
      say(leakText(leak, { seed, rounds, version, lineage }));
    },
    onBatch: (done) => process.stderr.isTTY && process.stderr.write(`\r${done} `),
  });
  const seconds = (performance.now() - started) / 1000;
  say(
    `${tally.attempts} statements (seed ${seed}): ${tally.answered} answered, ${tally.refused} refused or held, ${tally.failed} failed at the server, ${tally.unstable} not judged; ${leaks.length} leak; ${Math.round((2 * tally.attempts) / seconds)} runs per second`,
  );
  return { attempts: tally.attempts, leaks };
}

function leakText(leak: Leak, { version, lineage }: Round): string {
  const { table, column, id, before, after } = leak.change;
  return `LEAK (seed ${leak.seed}, statement ${leak.round}, ${leak.as}, ${leak.way}, PostgreSQL ${version}, lineage by ${lineage}): ${leak.steps.join("; ")}\n  when ${table}.${column} of row ${id} goes from ${before} to ${after}\n  ${readable(leak.before)}\n  ${readable(leak.after)}`;
}

function readable(bytes: string): string {
  return JSON.stringify(bytes.replaceAll("\0", "·")).slice(0, 400);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

process.exit(await main());
