import { type Cache, Missing } from "./cache.ts";
import { compareRuns, type Verdict, type Way } from "./compare.ts";
import type { Client, Endpoint, Matrix, Site } from "./matrix.ts";
import { runClient } from "./run-client.ts";
import type { Program } from "./toolchains.ts";

export interface ClientResult {
  readonly client: string;
  readonly version: string;
  readonly server: string;
  readonly verdicts: readonly Verdict[];
  /** Why it was not run at all. */
  readonly missing?: string;
  readonly seconds: number;
}

/** Client by client, each directly, through the gateway, and through it with labels. */
export async function runMatrix(
  matrix: Matrix,
  clients: readonly Client[],
  cache: Cache,
  onResult: (result: ClientResult) => void,
): Promise<readonly ClientResult[]> {
  const sites = new Map<string, Site>();
  const results: ClientResult[] = [];
  try {
    for (const client of clients) {
      const started = performance.now();
      const found = await playClient(matrix, client, { cache, sites });
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

async function playClient(
  { startSite, expected, never }: Matrix,
  client: Client,
  { cache, sites }: { readonly cache: Cache; readonly sites: Map<string, Site> },
): Promise<Found> {
  let program: Program;
  try {
    program = await client.install(cache);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    return { version: "", verdicts: [], missing: error.message };
  }
  let site: Site;
  try {
    site = sites.get(client.server) ?? (await startSite(client.server, program));
  } catch (error) {
    // the others are played all the same
    const why = `the servers did not start: ${String(error).split("\n")[0]}`;
    return { version: program.version, verdicts: [{ scenario: "start", way: "same", outcome: "failed", why }] };
  }
  sites.set(client.server, site);
  const play = async (endpoint: Endpoint) => {
    await site.reset();
    return runClient(program, { ...endpoint, ...client.env });
  };
  const direct = await play(site.direct);
  const through = await play(site.through);
  const labelled = await play(site.labelled);
  const verdicts = compareRuns({ direct: direct.said, through: through.said, labelled: labelled.said }, expected);
  const hidden = [
    ...nothingHidden("same", through.output, never),
    ...nothingHidden("labelled", labelled.output, never),
  ];
  return { version: program.version, verdicts: [...verdicts, ...hidden] };
}

/** Judged over every byte that the program wrote, errors and notices included. */
function nothingHidden(way: Way, output: string, never: Matrix["never"]): Verdict[] {
  if (never[way].length === 0) return [];
  const seen = never[way].filter((hidden) => output.includes(hidden));
  const why = seen.length === 0 ? "" : `seen: ${seen.join(", ")}`;
  return [{ scenario: "no hidden value anywhere", way, outcome: why === "" ? "passed" : "failed", why }];
}
