import { runCommand } from "@tidewaiter/testkit";
import type { Said } from "./compare.ts";
import type { Endpoint } from "./matrix.ts";
import type { Program } from "./toolchains.ts";

/** A client that hangs is ended after this time and has failed. */
const LIMIT_MS = 4 * 60_000;

export interface Played {
  readonly said: readonly Said[];
  /** All that it wrote, for looking for what must not be in there. */
  readonly output: string;
}

/** Plays all scenarios of one client at one endpoint. What it did not get to is missing from the answer. */
export async function runClient(program: Program, endpoint: Endpoint): Promise<Played> {
  const env = { ...endpoint, ...program.env };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const done = await runCommand(program.file, program.args, { env, signal, abortWith: "SIGKILL" });
  const said = done.stdout.split("\n").filter(Boolean).map(parse);
  if (done.code === 0) return { said, output: done.stdout + done.stderr };
  const how = signal.aborted ? `ended after ${LIMIT_MS / 60_000} minutes` : `exit code ${done.code}`;
  const error = `${how}: ${done.stderr.trim().slice(-400)}`;
  return { said: [...said, { scenario: "to the end", error }], output: done.stdout + done.stderr };
}

function parse(line: string): Said {
  try {
    return JSON.parse(line) as Said;
  } catch {
    return { scenario: "output", error: `not a line of JSON: ${line.slice(0, 200)}` };
  }
}
