import { GRANT_ISSUER, SECRET_GRANT_TYPE } from "@tidewaiter/contract/tunnel/index";
import { SignJWT } from "jose";
import type { SigningKeyRing } from "./key-ring.ts";

const LIFE_S = 60;
/** Clocks of gateway and agent may differ by this much. */
const SKEW_S = 5;

/** Signs what an agent needs to see before it reads a secret for somebody: one secret, one session, one minute. */
export class SecretGrantSigner {
  readonly #keys: SigningKeyRing;
  readonly #now: () => number;

  constructor(keys: SigningKeyRing, now: () => number) {
    this.#keys = keys;
    this.#now = now;
  }

  async sign(facts: {
    readonly sessionId: string;
    readonly agentId: string;
    readonly gatewayId: string;
    readonly name: string;
  }): Promise<string> {
    const { kid, privateKey } = await this.#keys.current();
    const issued = Math.floor(this.#now() / 1000);
    return new SignJWT({ sid: facts.sessionId, sec: facts.name, gw: facts.gatewayId })
      .setProtectedHeader({ alg: "EdDSA", kid, typ: SECRET_GRANT_TYPE })
      .setIssuer(GRANT_ISSUER)
      .setAudience(facts.agentId)
      .setIssuedAt(issued)
      .setNotBefore(issued - SKEW_S)
      .setExpirationTime(issued + LIFE_S)
      .sign(privateKey);
  }
}
