import { GRANT_ISSUER, GRANT_KEYS_TYPE, SESSION_GRANT_TYPE } from "@tidewaiter/contract/tunnel/index";
import { SignJWT } from "jose";
import { signAgentGrant } from "./agent-grant.ts";
import type { SigningKeyRing } from "./key-ring.ts";

export interface SessionGrantFacts {
  readonly sessionId: string;
  readonly agentId: string;
  readonly gatewayId: string;
  /** The one address that the agent may dial for it. */
  readonly address: string;
}

/** A grant is given again until this much of its life is left: signing for each renewal of each session is waste. */
const RENEW_BELOW_MS = 40_000;
const REMEMBERED = 10_000;

/** Signs what an agent needs to see before it dials: one address, one session, one minute (RFC 7515, EdDSA). */
export class SessionGrantSigner {
  readonly #keys: SigningKeyRing;
  readonly #now: () => number;
  readonly #given = new Map<string, { readonly grant: string; readonly expiresAt: number }>();

  constructor(keys: SigningKeyRing, now: () => number) {
    this.#keys = keys;
    this.#now = now;
  }

  async sign(facts: SessionGrantFacts): Promise<string> {
    const now = this.#now();
    const known = this.#given.get(facts.sessionId);
    if (known !== undefined && known.expiresAt - now > RENEW_BELOW_MS) return known.grant;
    const made = await signAgentGrant(this.#keys, now, {
      type: SESSION_GRANT_TYPE,
      agentId: facts.agentId,
      claims: { sid: facts.sessionId, addr: facts.address, gw: facts.gatewayId },
    });
    if (this.#given.size >= REMEMBERED) this.#given.clear();
    this.#given.set(facts.sessionId, made);
    return made.grant;
  }

  forget(sessionId: string): void {
    this.#given.delete(sessionId);
  }
}

/** Asked for at each connect of an agent; made anew each time. */
const STATEMENT_LIFE_S = 3600;

/**
 * The keys that agents should trust. An agent believes a new key only when one that it trusts already says so, hence
 * the statement by the oldest key in force.
 */
export async function grantKeySet(keys: SigningKeyRing, now: () => number) {
  const published = await keys.publicKeys();
  if (published.length < 2) return { keys: published };
  const { kid, privateKey } = await keys.oldest();
  const statement = await new SignJWT({ keys: published })
    .setProtectedHeader({ alg: "EdDSA", kid, typ: GRANT_KEYS_TYPE })
    .setIssuer(GRANT_ISSUER)
    .setExpirationTime(Math.floor(now() / 1000) + STATEMENT_LIFE_S)
    .sign(privateKey);
  return { keys: published, statement };
}
