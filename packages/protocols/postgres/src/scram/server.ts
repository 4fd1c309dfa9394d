import { timingSafeEqual } from "node:crypto";
import { attribute, base64, checkedNonce, SCRAM_SHA_256_PLUS, type ScramMechanism, scramText } from "./attributes.ts";
import { hmac, SCRAM_ITERATIONS, SCRAM_SALT_BYTES, type ScramVerifierKeys, sha256, xor } from "./keys.ts";
import { ScramError } from "./scram-error.ts";

/** A principal has at most this many live secrets; every exchange costs as many comparisons, whoever asks. */
export const MAX_VERIFIERS = 64;
const KEY_BYTES = 32;

/** All live secrets of one principal. They share salt and iteration count, which a server must name before the proof. */
export interface ScramAccount {
  /** 16 bytes */
  readonly salt: Buffer;
  readonly iterations: number;
  /** at most 64 */
  readonly verifiers: readonly (ScramVerifierKeys & { readonly id: string })[];
}

export interface ScramServerOptions {
  readonly mechanism: ScramMechanism;
  /** As the client wrote it in the startup packet; chooses the mock salt of an unknown user. */
  readonly user: string;
  /** Undefined: no such user. The exchange then looks the same and fails at the proof. */
  readonly account: ScramAccount | undefined;
  /** Secret of the installation, at least 32 bytes. The same user must get the same mock salt at every try. */
  readonly mockKey: Uint8Array;
  /** tls-server-end-point data when SCRAM-SHA-256-PLUS was offered, whichever mechanism the client chose. */
  readonly channelBinding: Buffer | undefined;
  /** Fresh and random for each exchange: base64 of 18 bytes. */
  readonly nonce: string;
}

export type ScramProof =
  | { readonly ok: true; readonly verifierId: string; readonly serverFinal: string }
  | { readonly ok: false };

/**
 * Server side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677) where several secrets may prove one user.
 * Call `first`, then `final`, once each. Throws ScramError for broken messages and failed channel binding.
 */
export class ScramServer {
  readonly #options: ScramServerOptions;
  readonly #salt: Buffer;
  readonly #iterations: number;
  #exchange: { readonly gs2Header: string; readonly nonce: string; readonly transcript: string } | undefined;

  constructor(options: ScramServerOptions) {
    if ((options.account?.verifiers.length ?? 0) > MAX_VERIFIERS) throw new RangeError("too many verifiers");
    this.#options = options;
    this.#salt = options.account?.salt ?? mockSalt(options.mockKey, options.user);
    this.#iterations = options.account?.iterations ?? SCRAM_ITERATIONS;
  }

  /** client-first-message = gs2-header "n=" username ",r=" nonce [extensions]; answers the server-first-message. */
  first(data: Uint8Array): string {
    const message = scramText(data);
    const [flag, authzid, ...bare] = message.split(",");
    this.#checkFlag(flag ?? "");
    if (authzid !== "") throw new ScramError("unsupported", "client uses an authorization identity");
    if (bare[0]?.startsWith("m="))
      throw new ScramError("unsupported", "client requires an unsupported SCRAM extension");
    // The name in the message is ignored, as PostgreSQL does: the startup packet has said who it is.
    attribute(bare[0], "n");
    const nonce = checkedNonce(attribute(bare[1], "r")) + this.#options.nonce;
    const serverFirst = `r=${nonce},s=${this.#salt.toString("base64")},i=${this.#iterations}`;
    this.#exchange = { gs2Header: `${flag},,`, nonce, transcript: `${bare.join(",")},${serverFirst}` };
    return serverFirst;
  }

  /** client-final-message = "c=" binding ",r=" nonce [extensions] ",p=" proof */
  final(data: Uint8Array): ScramProof {
    if (this.#exchange === undefined) throw new ScramError("malformed", "final message before the first");
    const { gs2Header, nonce, transcript } = this.#exchange;
    const message = scramText(data);
    const proofAt = message.lastIndexOf(",p=");
    if (proofAt < 0) throw new ScramError("malformed", 'SCRAM attribute "p" expected');
    const withoutProof = message.slice(0, proofAt);
    const [binding, echoed] = withoutProof.split(",");
    this.#checkBinding(base64(attribute(binding, "c"), "channel binding"), gs2Header);
    if (attribute(echoed, "r") !== nonce) throw new ScramError("malformed", "SCRAM nonce does not match");
    const proof = base64(message.slice(proofAt + 3), "proof");
    if (proof.length !== KEY_BYTES) throw new ScramError("malformed", "SCRAM proof has the wrong length");
    return this.#check(proof, `${transcript},${withoutProof}`);
  }

  #checkFlag(flag: string): void {
    if (this.#options.mechanism === SCRAM_SHA_256_PLUS) {
      if (flag === "p=tls-server-end-point") return;
      if (flag.startsWith("p=")) throw new ScramError("malformed", "unsupported SCRAM channel-binding type");
      throw new ScramError("malformed", "client chose SCRAM-SHA-256-PLUS without channel binding data");
    }
    if (flag === "n") return;
    if (flag !== "y") throw new ScramError("malformed", "unexpected SCRAM channel-binding flag");
    // "The server does not offer PLUS", says the client; we did: someone removed it on the way.
    if (this.#options.channelBinding !== undefined) {
      throw new ScramError("channel_binding", "SCRAM channel binding negotiation error");
    }
  }

  #checkBinding(given: Buffer, gs2Header: string): void {
    const plus = this.#options.mechanism === SCRAM_SHA_256_PLUS;
    const data = plus ? (this.#options.channelBinding ?? Buffer.alloc(0)) : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(gs2Header), data]);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new ScramError("channel_binding", "SCRAM channel binding check failed");
    }
  }

  /** Always makes MAX_VERIFIERS comparisons, so that time tells neither which secret it was nor how many there are. */
  #check(proof: Buffer, authMessage: string): ScramProof {
    const verifiers = this.#options.account?.verifiers ?? [];
    let matched: (ScramVerifierKeys & { readonly id: string }) | undefined;
    for (let i = 0; i < MAX_VERIFIERS; i++) {
      const verifier = verifiers[i];
      const storedKey = verifier?.storedKey ?? NO_KEY;
      const clientKey = xor(proof, hmac(storedKey, authMessage));
      const equal = timingSafeEqual(sha256(clientKey), storedKey);
      if (equal && verifier !== undefined) matched = verifier;
    }
    const signature = hmac(matched?.serverKey ?? NO_KEY, authMessage).toString("base64");
    if (matched === undefined) return { ok: false };
    return { ok: true, verifierId: matched.id, serverFinal: `v=${signature}` };
  }
}

const NO_KEY = Buffer.alloc(KEY_BYTES);

/** Looks like a real salt and never changes for a user, as PostgreSQL does with its mock authentication nonce. */
function mockSalt(mockKey: Uint8Array, user: string): Buffer {
  return hmac(mockKey, `scram mock salt ${user}`).subarray(0, SCRAM_SALT_BYTES);
}
