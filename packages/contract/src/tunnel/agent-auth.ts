/** What the agent's key signs at every connect: a fixed context, a zero byte, the encoded AgentStatement. */
export function agentAuthBytes(statement: Uint8Array): Uint8Array {
  const context = new TextEncoder().encode("tidewaiter-agent-auth-v1\0");
  const bytes = new Uint8Array(context.length + statement.length);
  bytes.set(context);
  bytes.set(statement, context.length);
  return bytes;
}

/** Path of the WebSocket on every gateway. */
export const TUNNEL_PATH = "/v1/tunnel";
/** `typ` of a session grant. */
export const SESSION_GRANT_TYPE = "tw-session-grant+jwt";
/** `typ` of a grant to read one secret of the agent's network: `sec` names it, `sid` the session. */
export const SECRET_GRANT_TYPE = "tw-secret-grant+jwt";
/** `typ` of a new set of grant keys, signed by a key of the old one. */
export const GRANT_KEYS_TYPE = "tw-grant-keys+jwt";
/** `iss` of all of them. */
export const GRANT_ISSUER = "tidewaiter";
