import type { PostgresVersion } from "@tidewaiter/testkit";
import { type Cache, Missing } from "./cache.ts";
import type { Client } from "./clients.ts";
import { compareRuns, type Verdict } from "./compare.ts";
import { runClient } from "./run-client.ts";
import { HIDDEN, type Site, startSite } from "./site.ts";
import type { Program } from "./toolchains.ts";

export interface ClientResult {
  readonly client: string;
  readonly version: string;
  readonly server: PostgresVersion;
  readonly verdicts: readonly Verdict[];
  /** Why it was not run at all. */
  readonly missing?: string;
  readonly seconds: number;
}

/** Client by client, each directly, through the gateway, and through it with labels. */
export async function runMatrix(
  clients: readonly Client[],
  cache: Cache,
  onResult: (result: ClientResult) => void,
): Promise<readonly ClientResult[]> {
  const sites = new Map<PostgresVersion, Site>();
  const results: ClientResult[] = [];
  try {
    for (const client of clients) {
      const started = performance.now();
      const found = await playClient(client, cache, sites);
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const result = { client: client.name, server: client.server, seconds, ...found };
      results.push(result);
      onResult(result);
    }
  } finally {
    for (const site of sites.values()) await site[Symbol.asyncDispose]();
  }
  return results;
}

type Found = Pick<ClientResult, "version" | "verdicts" | "missing">;

async function playClient(client: Client, cache: Cache, sites: Map<PostgresVersion, Site>): Promise<Found> {
  let program: Program;
  try {
    program = await client.install(cache);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    return { version: "", verdicts: [], missing: error.message };
  }
  let site: Site;
  try {
    site = sites.get(client.server) ?? (await startSite(client.server));
  } catch (error) {
    // the others are played all the same
    const why = `the servers did not start: ${String(error).split("\n")[0]}`;
    return { version: program.version, verdicts: [{ scenario: "start", way: "same", outcome: "failed", why }] };
  }
  sites.set(client.server, site);
  const play = async (endpoint: Site["direct"]) => {
    await site.reset();
    return runClient(program, endpoint, client.tls);
  };
  const direct = await play(site.direct);
  const through = await play(site.through);
  const labelled = await play(site.labelled);
  const verdicts = compareRuns({ direct: direct.said, through: through.said, labelled: labelled.said });
  return { version: program.version, verdicts: [...verdicts, nothingHidden(labelled.output)] };
}

/** Judged over every byte that the program wrote, errors and notices included. */
function nothingHidden(output: string): Verdict {
  const seen = HIDDEN.filter((hidden) => output.includes(hidden));
  const why = seen.length === 0 ? "" : `seen: ${seen.join(", ")}`;
  return { scenario: "no labelled value anywhere", way: "labelled", outcome: why === "" ? "passed" : "failed", why };
}
