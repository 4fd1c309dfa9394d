import { createHmac, randomBytes } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { signerOf } from "@tidewaiter/toolkit/ssh-certificate/ssh-signature";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { sameText } from "../web-session/same-text.ts";

/** Of `ssh-keygen -Y sign -n`: no signature that was made for something else counts here. */
export const KEY_PROOF_NAMESPACE = "tidewaiter";
const LIFE_MS = 5 * 60_000;

export interface KeyProof {
  readonly challenge: string;
  /** As ssh-keygen writes it. */
  readonly signature: string;
}

/**
 * Whoever registers a public key shows that they hold the private one. Else one could register another's key as one's own:
 * its owner would come in under the wrong name, or not at all. A challenge is for one principal and for minutes; nothing
 * of it is kept.
 */
export class KeyProofs {
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor(key: Buffer, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  challenge(principalId: string): { readonly challenge: string; readonly expiresAt: string } {
    const expires = this.#now() + LIFE_MS;
    const facts = `${expires}.${randomBytes(16).toString("base64url")}`;
    const challenge = `tidewaiter-ssh-key.${facts}.${this.#mac(principalId, facts)}`;
    return { challenge, expiresAt: new Date(expires).toISOString() };
  }

  /** @throws TidewaiterError `bad_request` */
  check(principalId: string, publicKey: string, { challenge, signature }: KeyProof): void {
    const [kind, expires = "", nonce = "", mac = "", ...more] = challenge.split(".");
    const own = sameText(mac, this.#mac(principalId, `${expires}.${nonce}`));
    if (kind !== "tidewaiter-ssh-key" || more.length > 0 || !own)
      throw refused("challenge: not one that was given to you");
    if (!(Number(expires) > this.#now())) throw refused("challenge: it is out of date");
    const signer = signerOf(signature, { message: challenge, namespace: KEY_PROOF_NAMESPACE });
    if (signer?.toString("base64") !== publicKey.trim().split(/\s+/)[1])
      throw refused("signature: not one of this key over the challenge");
  }

  #mac(principalId: string, facts: string): string {
    return createHmac("sha256", this.#key).update(`tidewaiter ssh key ${principalId} ${facts}`).digest("base64url");
  }
}

function refused(detail: string): TidewaiterError {
  return new TidewaiterError("bad_request", detail, { next: "tw secrets register-ssh-key FILE.pub" });
}

/** The key is made once for the store, sealed. */
export async function openKeyProofs(store: ControlPlaneStore, sealer: Sealer, now: () => number): Promise<KeyProofs> {
  const name = "key_proof_key";
  const place = { noun: "settings", id: name, field: "key" };
  const sealed = await sealer.sealing(async () => {
    const { sealed: candidate, dataKey } = sealer.seal(place, randomBytes(32));
    return store.units.seal.sealedSetting({ name, candidate, dataKey });
  });
  return new KeyProofs(await sealer.open(place, sealed), now);
}
