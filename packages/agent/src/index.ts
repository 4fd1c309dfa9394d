export { type Address, parseAddress } from "./address.ts";
export { AgentError, type AgentFailureCode, type RefusalCode } from "./errors.ts";
export { type AgentOptions, runAgent } from "./run-agent.ts";
