import { randomBytes, timingSafeEqual } from "node:crypto";
import {
  type AgentAuth,
  type AgentStatement,
  agentAuthBytes,
  decodeAgentStatement,
  MalformedMessageError,
} from "@tidewaiter/contract/tunnel/index";

const NONCE_BYTES = 32;
const MAX_FIELD_CHARS = 256;

export type AgentVerification =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly reason: string };

/** Checks the signature of an agent over `signedBytes` with the public key it joined with. */
export type VerifyAgent = (
  agentId: string,
  signedBytes: Uint8Array,
  signature: Uint8Array,
) => Promise<AgentVerification>;

export interface AuthenticationContext {
  readonly gatewayId: string;
  readonly nonce: Uint8Array;
  /** Host names under which this gateway is reached, as `host` or `host:port`. */
  readonly hosts: readonly string[];
  readonly verifyAgent: VerifyAgent;
}

export type Authentication =
  | { readonly ok: true; readonly name: string; readonly statement: AgentStatement }
  | { readonly ok: false; readonly reason: string };

export function newNonce(): Uint8Array {
  return randomBytes(NONCE_BYTES);
}

/**
 * Judges an agent's answer to our challenge: the statement must be about this gateway, this nonce and a host of ours,
 * and be signed by the key of the agent it names. `reason` is for the agent and the log.
 */
export async function authenticateAgent(auth: AgentAuth, context: AuthenticationContext): Promise<Authentication> {
  let statement: AgentStatement;
  try {
    statement = decodeAgentStatement(auth.statement);
  } catch (error) {
    if (error instanceof MalformedMessageError) return { ok: false, reason: "malformed statement" };
    throw error;
  }
  const mismatch = findMismatch(auth, statement, context);
  if (mismatch !== undefined) return { ok: false, reason: mismatch };
  const verification = await context.verifyAgent(auth.agentId, agentAuthBytes(auth.statement), auth.signature);
  return verification.ok ? { ...verification, statement } : verification;
}

function findMismatch(auth: AgentAuth, statement: AgentStatement, context: AuthenticationContext): string | undefined {
  if (auth.agentId === "" || statement.agentId !== auth.agentId) return "statement of another agent";
  if (statement.gatewayId !== context.gatewayId) return "statement for another gateway";
  if (!equalBytes(statement.nonce, context.nonce)) return "statement for another challenge";
  if (!context.hosts.includes(statement.urlHost)) return "the agent dialled another host than this gateway's";
  const texts = [auth.agentId, statement.version, statement.hostname];
  return texts.some((text) => text.length > MAX_FIELD_CHARS || /\p{Cc}/u.test(text))
    ? "malformed statement"
    : undefined;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
