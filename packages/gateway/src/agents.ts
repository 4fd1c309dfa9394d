import type { ControlPlane } from "@tidewaiter/core";
import type { AgentChange, TunnelHub } from "./tunnel-hub/index.ts";

/** A removed agent keeps no tunnel; a new one of that name has another id. */
export async function disconnectRemoved(
  agentId: string,
  hub: TunnelHub,
  controlPlane: Pick<ControlPlane, "findAgent">,
): Promise<void> {
  const connected = hub.agents().find((agent) => agent.id === agentId);
  if (connected === undefined) return;
  const known = await controlPlane.findAgent(connected.name);
  if (known?.id !== agentId) hub.disconnect(agentId, "the agent was removed");
}

interface Reporting {
  readonly gatewayId: string;
  readonly controlPlane: Pick<ControlPlane, "appendAudit" | "reportAgent">;
  readonly logger: { warn(fields: object, message: string): void };
}

/** Tells the control plane what an agent does; it is not worth a failure. */
export async function reportAgent({ controlPlane, gatewayId, logger }: Reporting, change: AgentChange): Promise<void> {
  try {
    if (change.kind === "refused") {
      return await controlPlane.appendAudit({
        type: "agent.refused",
        data: { from: change.remoteAddress, reason: change.reason },
      });
    }
    const { agent } = change;
    const state = change.kind === "connected" ? "online" : change.kind === "disconnected" ? "offline" : "health";
    const health = agent.lastHealth === undefined ? {} : { streams: agent.streams };
    await controlPlane.reportAgent({
      agentId: agent.id,
      gatewayId,
      state,
      version: agent.version,
      data: { hostname: agent.hostname, ...health },
    });
  } catch (error) {
    logger.warn({ error: error instanceof Error ? error.message : String(error) }, "agent state could not be reported");
  }
}
