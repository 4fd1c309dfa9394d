import { GRANT_ISSUER } from "@tidewaiter/contract/tunnel/index";
import { SignJWT } from "jose";
import type { SigningKeyRing } from "./key-ring.ts";

const LIFE_S = 60;
/** Clocks of gateway and agent may differ by this much. */
const SKEW_S = 5;

export interface AgentGrant {
  readonly type: string;
  readonly agentId: string;
  readonly claims: Readonly<Record<string, string>>;
}

/** Signs what an agent needs to see before it does something for a session; good for a minute (RFC 7515, EdDSA). */
export async function signAgentGrant(keys: SigningKeyRing, now: number, { type, agentId, claims }: AgentGrant) {
  const { kid, privateKey } = await keys.current();
  const issued = Math.floor(now / 1000);
  const grant = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "EdDSA", kid, typ: type })
    .setIssuer(GRANT_ISSUER)
    .setAudience(agentId)
    .setIssuedAt(issued)
    .setNotBefore(issued - SKEW_S)
    .setExpirationTime(issued + LIFE_S)
    .sign(privateKey);
  return { grant, expiresAt: (issued + LIFE_S) * 1000 };
}
