import type { WireReason } from "@tidewaiter/tunnel";

/**
 * | code | meaning |
 * | --- | --- |
 * | `agent_offline` | no tunnel of that agent at this gateway, or it was lost meanwhile |
 * | `agent_refused` | the agent said no; `reason.code` is one of its refusal codes (`not_allowed`, `grant_expired`, `refused`, `dns`, `timeout` ...) |
 * | `agent_busy` | the tunnel is at its cap of streams |
 * | `agent_timeout` | the agent did not answer in time |
 * | `cancelled` | the caller withdrew |
 */
export type TunnelHubErrorCode = "agent_offline" | "agent_refused" | "agent_busy" | "agent_timeout" | "cancelled";

export class TunnelHubError extends Error {
  override readonly name = "TunnelHubError";
  readonly code: TunnelHubErrorCode;
  /** The agent's own words, when it gave any. */
  readonly reason: WireReason | undefined;

  constructor(code: TunnelHubErrorCode, message: string, reason?: WireReason) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}
