import type { DerivedKeyCache } from "../scram/derived-key-cache.ts";

/** As in libpq (PostgreSQL documentation, "SSL Support"). */
export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TargetTls {
  readonly mode: SslMode;
  /** The name that `verify-full` checks and that is sent as server name; a host name or an IP address. */
  readonly serverName?: string;
  /** PEM of the roots to trust; without it `verify-*` trusts the roots that come with Node. */
  readonly ca?: string;
  /** PEM of the client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
}

export interface ConnectTargetOptions {
  readonly user: string;
  readonly database: string;
  /** Further startup parameters (`application_name`, `options`, `client_encoding`, ...); never `user`, `database`, `replication`. */
  readonly parameters?: ReadonlyMap<string, string>;
  /** Minor version of protocol 3 to ask for. Default 0, which every server and pooler speaks; with 2 cancel keys are longer. */
  readonly protocolMinor?: 0 | 2;
  readonly password?: string;
  readonly tls: TargetTls;
  /** Send the password in clear text even without TLS. Default false. */
  readonly allowCleartext?: boolean;
  /** Shared by all connects of the process. */
  readonly keys: DerivedKeyCache;
  /** From the first byte to ReadyForQuery. Default 15 s. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}
