import { runPsql } from "@tidewaiter/testkit";
import type pg from "pg";
import { byDriver } from "./by-driver.ts";
import type { CaptureProxy } from "./capture-proxy.ts";
import type { CorpusCase } from "./cases.ts";
import { SPECIAL } from "./special-cases.ts";

/** Where a client connects. */
export interface Endpoint {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Attempt {
  /** Everything the client received. */
  readonly bytes: Buffer;
  /** SQLSTATEs of the errors it saw. */
  readonly errors: readonly string[];
  /** What a person saw: rows, and messages. */
  readonly output: string;
}

const TIMEOUT_MS = 20_000;

/** Sends one case as its client would and keeps what comes back. */
export async function attempt(one: CorpusCase, endpoint: Endpoint, proxy: CaptureProxy): Promise<Attempt> {
  proxy.take();
  const through = { ...endpoint, port: proxy.port };
  const special = SPECIAL[one.id];
  const seen =
    special !== undefined
      ? await special(one, through)
      : one.protocol === "extended"
        ? await extended(one, through)
        : await byPsql(one, through);
  return { ...seen, bytes: proxy.take() };
}

async function byPsql(one: CorpusCase, endpoint: Endpoint): Promise<Omit<Attempt, "bytes">> {
  const steps = one.steps ?? [one.sql ?? ""];
  const result = await runPsql({
    ...endpoint,
    sslmode: "disable",
    args: ["-v", "VERBOSITY=verbose", ...steps.flatMap((step) => ["-c", step])],
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return {
    errors: [...result.stderr.matchAll(/(?:ERROR|FATAL): {2}(\w{5}):/g)].map((match) => match[1] ?? ""),
    output: result.stdout + result.stderr,
  };
}

function extended(one: CorpusCase, endpoint: Endpoint): Promise<Omit<Attempt, "bytes">> {
  const query = {
    text: one.sql ?? "",
    values: [...(one.params ?? [])],
    rowMode: "array",
    binary: one.result_formats?.[0] === 1,
    ...(one.max_rows !== undefined && { rows: one.max_rows }),
  } as pg.QueryArrayConfig;
  return byDriver(endpoint, async (client) => (await client.query(query)).rows);
}
