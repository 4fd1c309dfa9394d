import { SECRET_GRANT_TYPE } from "@tidewaiter/contract/tunnel/index";
import { signAgentGrant } from "./agent-grant.ts";
import type { SigningKeyRing } from "./key-ring.ts";

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
    const { grant } = await signAgentGrant(this.#keys, this.#now(), {
      type: SECRET_GRANT_TYPE,
      agentId: facts.agentId,
      claims: { sid: facts.sessionId, sec: facts.name, gw: facts.gatewayId },
    });
    return grant;
  }
}
