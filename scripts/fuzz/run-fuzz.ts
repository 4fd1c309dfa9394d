import type { PostgresServer } from "@tidewaiter/testkit";
import { type Change, chooseChange, fill } from "./fixture.ts";
import { type Endpoint, FuzzClient, type Received } from "./fuzz-client.ts";
import { type Attempt, attemptOf } from "./grammar/statements.ts";
import { write } from "./grammar/tree.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";

export interface Leak {
  readonly seed: number;
  readonly round: number;
  readonly as: "agent" | "person";
  readonly way: string;
  readonly steps: readonly string[];
  readonly change: Change;
  readonly before: string;
  readonly after: string;
}

export interface FuzzRun {
  readonly seed: number;
  /** Attempts in all, of agents and people together. */
  readonly rounds: number;
  readonly server: PostgresServer;
  /** A fresh principal for each batch, since their budgets are small. */
  endpoint(kind: "agent" | "person", batch: number): Promise<Endpoint>;
  readonly onLeak: (leak: Leak) => void;
  readonly onBatch: (done: number) => void;
}

export interface Tally {
  attempts: number;
  refused: number;
  failed: number;
  /** Rows, or a command's tag, came back. */
  answered: number;
  /** Answers that differ although nothing changed: not judged. */
  unstable: number;
  leaks: number;
}

const BATCH = 60;

/** Batches of attempts, each run before and after one labelled cell changes. Two batches of agents to one of people. */
export async function runFuzz(run: FuzzRun): Promise<Tally> {
  const tally: Tally = { attempts: 0, refused: 0, failed: 0, answered: 0, unstable: 0, leaks: 0 };
  for (let batch = 0; tally.attempts < run.rounds; batch++) {
    const random = new Random(run.seed * 1_000_003 + batch);
    const as = batch % 3 === 2 ? "person" : "agent";
    const change = chooseChange(random, as);
    const count = Math.min(BATCH, run.rounds - tally.attempts);
    const literals = literalsFor(as, change);
    const attempts = Array.from({ length: count }, () => attemptOf({ random, literals, focus: change }));
    await runBatch({ run, as, change, attempts, batch }, tally);
    tally.attempts += count;
    run.onBatch(tally.attempts);
  }
  return tally;
}

/** What people compare with equals neither value of the cell: such a question is theirs to ask, and may be answered. */
function literalsFor(as: "agent" | "person", { before, after }: Change): readonly string[] {
  const common = ["kim.1@corp.example", "Bo Lind", "nobody", "904-14-6044"];
  return as === "person" ? common : [...common, before, after].map((text) => text.replaceAll("'", "''"));
}

interface Batch {
  readonly run: FuzzRun;
  readonly as: "agent" | "person";
  readonly change: Change;
  readonly attempts: readonly Attempt[];
  readonly batch: number;
}

async function runBatch(batch: Batch, tally: Tally): Promise<void> {
  const { run, as, change, attempts } = batch;
  const endpoint = await run.endpoint(as, batch.batch);
  const before = await inState(batch, endpoint, change.before, attempts);
  const after = await inState(batch, endpoint, change.after, attempts);
  for (const [index, attempt] of attempts.entries()) {
    const first = before[index];
    const second = after[index];
    if (first === undefined || second === undefined) continue;
    if (first.refused) tally.refused++;
    else if (first.failed) tally.failed++;
    else tally.answered++;
    if (first.bytes === second.bytes) continue;
    const differs = (tried: Attempt) => differsByValue(batch, endpoint, tried);
    const found = await differs(attempt);
    if (found === undefined) {
      tally.unstable++;
      continue;
    }
    tally.leaks++;
    const small = await shrink(attempt, async (tried) => (await differs(tried)) !== undefined);
    const shown = (await differs(small)) ?? found;
    run.onLeak({
      seed: run.seed,
      round: tally.attempts + index,
      as,
      way: small.way,
      steps: small.steps.map(write),
      change,
      before: shown[0],
      after: shown[1],
    });
  }
}

async function inState(
  { run, change }: Batch,
  endpoint: Endpoint,
  value: string,
  attempts: readonly Attempt[],
): Promise<Received[]> {
  await run.server.sql(fill(change, value));
  await using client = await FuzzClient.connect(endpoint);
  const received: Received[] = [];
  for (const attempt of attempts) received.push(await client.run(attempt));
  return received;
}

/** Alone in sessions of their own: the same twice before the change, and another after it. */
async function differsByValue(
  batch: Batch,
  endpoint: Endpoint,
  attempt: Attempt,
): Promise<readonly [string, string] | undefined> {
  const answers: string[] = [];
  for (const value of [batch.change.before, batch.change.before, batch.change.after])
    answers.push((await inState(batch, endpoint, value, [attempt]))[0]?.bytes ?? "");
  const [first = "", again, after = ""] = answers;
  return first === again && first !== after ? [first, after] : undefined;
}
