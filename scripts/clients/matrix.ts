import type { Cache } from "./cache.ts";
import type { Expected, Way } from "./compare.ts";
import type { Program } from "./toolchains.ts";

export interface Client {
  readonly name: string;
  /** Which of the matrix's servers it talks to. */
  readonly server: string;
  /** Part of the short run. */
  readonly sample: boolean;
  /** On top of the endpoint. */
  readonly env?: Readonly<Record<string, string>>;
  /** @throws Missing */
  readonly install: (cache: Cache) => Promise<Program>;
}

/** Where a client connects, in the variables that it and the programs read. */
export type Endpoint = Readonly<Record<string, string>>;

/** One server, reached directly, through the gateway without a policy, and through the gateway with labels. */
export interface Site extends AsyncDisposable {
  readonly direct: Endpoint;
  readonly through: Endpoint;
  readonly labelled: Endpoint;
  /** The same contents for every run. */
  reset(): Promise<void>;
}

/** Clients of one protocol, and what they must see. */
export interface Matrix {
  /** Path below the root of the repository. */
  readonly page: string;
  /** What stands above its table. */
  readonly about: string;
  /** The quick ones first. */
  readonly clients: readonly Client[];
  readonly expected: Expected;
  /** What no byte of a client's output may hold, by way. */
  readonly never: Readonly<Record<Way, readonly string[]>>;
  /** @param program of the first client that asks for this server */
  startSite(server: string, program: Program): Promise<Site>;
  /** Why no server can be started here; undefined = it can. */
  missing(): string | undefined;
}
