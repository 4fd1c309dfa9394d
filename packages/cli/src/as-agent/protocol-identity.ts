import type { Api } from "../api/client.ts";
import type { Me } from "../api/shapes.ts";
import type { CommandContext } from "../context.ts";
import type { Variables } from "../environment.ts";

/** Where and for whom an identity is prepared. */
export interface AgentSite {
  /** Private to the child, 0700; removed when it ends. */
  readonly directory: string;
  /** A context that knows nothing but the delegation. */
  readonly context: CommandContext;
  readonly api: Api;
  readonly me: Me;
  /** What the delegation reaches of this protocol, and how far. */
  readonly grants: Me["grants"];
  /** User name for native clients: `AGENT+PERSON`. */
  readonly username: string;
  readonly ttlSeconds: number;
}

/** What a native client of one protocol needs to come in as the agent. Adding a protocol is adding one of these. */
export interface ProtocolIdentity {
  /** As in a resource. */
  readonly protocol: string;
  /** Writes files below the directory, and says which variables point there. */
  prepare(site: AgentSite): Promise<Variables>;
}
