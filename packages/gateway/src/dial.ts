import type { Duplex } from "node:stream";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { TunnelHub } from "./tunnel-hub/index.ts";
import { TunnelHubError } from "./tunnel-hub/index.ts";

const DIAL_TEXT: Readonly<Record<string, string>> = {
  not_allowed: "the site agent's allow-list does not include the target",
  refused: "the target refused the connection",
  dns: "the target's name cannot be resolved by the site agent",
  timeout: "the target did not answer the site agent in time",
  unreachable: "the target cannot be reached from the site agent",
  grant_expired: "the session's grant expired; are the clocks right?",
};

/** The agent's refusals in words that name no address: whoever reads them may be a client. */
export async function dial(
  way: { readonly agentId: string; readonly sessionGrant: string; readonly address: number; readonly site: string },
  hub: TunnelHub,
): Promise<Duplex> {
  try {
    return await hub.openStream({ agentId: way.agentId, sessionGrant: way.sessionGrant, address: way.address });
  } catch (error) {
    if (!(error instanceof TunnelHubError)) throw error;
    if (error.code === "agent_offline") {
      throw new TidewaiterError("agent_offline", `no site agent online for ${way.site}`, { cause: error });
    }
    const text = DIAL_TEXT[error.reason?.code ?? ""] ?? "the site agent could not reach the target";
    throw new TidewaiterError("target_unreachable", text, { cause: error });
  }
}
