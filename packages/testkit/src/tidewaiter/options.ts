export interface TidewaiterPrincipal {
  readonly name: string;
  readonly type: "user" | "service" | "ai_agent";
  readonly level: "read" | "write" | "admin";
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  readonly onBehalfOf?: string;
}

export interface TidewaiterOptions {
  readonly target: {
    /** As in the target schema; default: labels follow by names. */
    readonly lineage?: { readonly from: "names" | "view" | "server"; readonly log?: string };
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password?: string;
    readonly database: string;
  };
  /** A host `web-1` beside it, for everybody in `principals` at their level; the server then listens for SSH. */
  readonly ssh?: {
    readonly port: number;
    readonly user: string;
    readonly privateKey: string;
    readonly hostKeys: readonly string[];
  };
  /** A cluster `prod-cluster` beside it, for everybody in `principals` at their level; the server then listens for kubectl. */
  readonly kubernetes?: {
    readonly url: string;
    readonly caPem: string;
    /** Of the user that may impersonate people. */
    readonly token: string;
  };
  /** Secrets that the agent may hand over, `env:NAME` or `file:/path`. */
  readonly allowSecret?: readonly string[];
  readonly agentEnv?: Readonly<Record<string, string>>;
  /** Further addresses that the agent may dial, `host:port`. */
  readonly allow?: readonly string[];
  /** People, resource and grants as documents, in place of those made from `principals`. */
  readonly documents?: readonly { readonly name: string; readonly source: string }[];
  /** Name of the resource. Default `prod-db`. */
  readonly resource?: string;
  /** Policy documents; with `labels` a simple one is made. */
  readonly policies?: readonly { readonly name: string; readonly source: string }[];
  /** Labels by column, `schema.table.column`: masked with the constant. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: one user `ana` at level `write`. */
  readonly principals?: readonly TidewaiterPrincipal[];
  /** Kept (not deleted) when given. */
  readonly dataDir?: string;
  readonly serverArgs?: readonly string[];
  readonly ports?: { readonly http: number; readonly postgres: number };
  readonly storeUrl?: string;
  readonly tls?: "required" | "optional";
  readonly tags?: Readonly<Record<string, string>>;
  readonly onProgress?: (text: string) => void;
  /** Each program's log lines, as they come. */
  readonly logLevel?: string;
}
