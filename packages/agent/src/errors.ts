import type { WireReason } from "@tidewaiter/tunnel";

/**
 * Why the agent does not do what it was asked, also on the wire as the code of an open-error or a refused secret.
 *
 * | code | meaning |
 * | --- | --- |
 * | `not_allowed` | address or secret is not on this agent's allow-list |
 * | `grant_invalid` | the session grant is malformed, not signed by a trusted key, or for another agent |
 * | `grant_expired` | its time is over |
 * | `wrong_session` | it is for another gateway than the one of this tunnel |
 * | `refused` | the target refused the connection |
 * | `unreachable` | no route, no such socket file, no right to use it |
 * | `dns` | the name does not resolve |
 * | `timeout` | no connection within the deadline |
 * | `secret_unavailable` | the secret is allowed but cannot be read |
 * | `internal` | a defect of the agent |
 */
export type RefusalCode =
  | "not_allowed"
  | "grant_invalid"
  | "grant_expired"
  | "wrong_session"
  | "refused"
  | "unreachable"
  | "dns"
  | "timeout"
  | "secret_unavailable"
  | "internal";

/**
 * Why the agent cannot run or connect.
 *
 * | code | meaning |
 * | --- | --- |
 * | `usage` | wrong command line |
 * | `state` | the state directory is unusable or unsafe |
 * | `join_refused` | the control plane refused the join token; final |
 * | `join_failed` | the control plane could not be reached or failed; worth another try |
 * | `auth_refused` | a gateway refused this agent |
 * | `handshake` | a gateway did not keep to the handshake |
 */
export type AgentFailureCode = "usage" | "state" | "join_refused" | "join_failed" | "auth_refused" | "handshake";

export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly code: RefusalCode | AgentFailureCode;

  constructor(code: RefusalCode | AgentFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The wire form of a refusal. What is not ours says nothing about itself to the peer. */
export function wireReason(error: unknown): WireReason {
  if (error instanceof AgentError) return { code: error.code, text: error.message };
  return { code: "internal", text: "the agent failed" };
}
