export type { AgentHealth } from "./agent-connection.ts";
export type { AgentVerification, VerifyAgent } from "./authenticate-agent.ts";
export { TunnelHubError, type TunnelHubErrorCode } from "./errors.ts";
export {
  type AgentChange,
  type AgentInfo,
  createTunnelHub,
  type HubLogger,
  type TunnelHub,
  type TunnelHubLimits,
  type TunnelHubOptions,
} from "./hub.ts";
