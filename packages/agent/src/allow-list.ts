import { type Address, parseAddress, splitHostPort } from "./address.ts";
import { AgentError } from "./errors.ts";

/** What this agent may be asked to dial, whatever a grant says. Empty: nothing. */
export class AllowList {
  readonly #entries: readonly Entry[];

  /**
   * @param entries `host:port`, `host:*`, `*:port`, `*:*` or `unix:/path`
   * @throws AgentError `usage` for anything else
   */
  constructor(entries: readonly string[]) {
    this.#entries = entries.map(parseEntry);
  }

  get size(): number {
    return this.#entries.length;
  }

  permits(address: Address): boolean {
    return this.#entries.some((entry) => matches(entry, address));
  }
}

type Entry =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number | "*" }
  | Extract<Address, { kind: "unix" }>;

function parseEntry(text: string): Entry {
  const hostPort = splitHostPort(text);
  if (hostPort !== undefined) return { kind: "tcp", ...hostPort };
  const address = parseAddress(text);
  if (address?.kind === "unix") return address;
  throw new AgentError("usage", `--allow ${text}: expected host:port, host:*, *:port or unix:/path`);
}

function matches(entry: Entry, address: Address): boolean {
  if (entry.kind === "unix") return address.kind === "unix" && address.path === entry.path;
  if (address.kind !== "tcp") return false;
  return (entry.host === "*" || entry.host === address.host) && (entry.port === "*" || entry.port === address.port);
}
