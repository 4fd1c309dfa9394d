import { type KeyObject, sign } from "node:crypto";
import { hostname } from "node:os";
import {
  type AgentAuth,
  agentAuthBytes,
  type Challenge,
  encodeAgentStatement,
} from "@tidewaiter/contract/tunnel/index";
import { AgentError } from "./errors.ts";

const MIN_NONCE_BYTES = 16;

export interface AuthContext {
  readonly agentId: string;
  readonly key: KeyObject;
  /** The address this tunnel was dialled at. */
  readonly url: string;
  readonly version: string;
  readonly tunnelVersion: number;
}

/** Signs a statement about exactly this connect: gateway, nonce, and the host that was dialled. */
export function answerChallenge(challenge: Challenge, context: AuthContext): AgentAuth {
  if (challenge.nonce.length < MIN_NONCE_BYTES || challenge.gatewayId === "") {
    throw new AgentError("handshake", "the gateway's challenge is malformed");
  }
  const statement = encodeAgentStatement({
    agentId: context.agentId,
    gatewayId: challenge.gatewayId,
    nonce: challenge.nonce,
    urlHost: new URL(context.url).host,
    version: context.version,
    hostname: hostname(),
    tunnelVersion: context.tunnelVersion,
  });
  return { agentId: context.agentId, statement, signature: sign(null, agentAuthBytes(statement), context.key) };
}
