import { timingSafeEqual } from "node:crypto";
import {
  attribute,
  base64,
  checkedNonce,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  type ScramMechanism,
  scramText,
} from "./attributes.ts";
import type { DerivedKeyCache } from "./derived-key-cache.ts";
import { hmac, xor } from "./keys.ts";
import { ScramError } from "./scram-error.ts";

/** A server may not make us hash for minutes: PostgreSQL's default is 4096. */
const MAX_ITERATIONS = 1_000_000;
const MAX_SALT_BYTES = 1024;

export interface ScramClientOptions {
  readonly password: string;
  /** What the server offered. */
  readonly mechanisms: readonly string[];
  /** tls-server-end-point data of the server's certificate; undefined without TLS or without a usable hash. */
  readonly channelBinding: Buffer | undefined;
  /** Fresh and random for each exchange: base64 of 18 bytes. */
  readonly nonce: string;
  readonly keys: DerivedKeyCache;
}

/**
 * Client side of SCRAM-SHA-256 and, when the server offers it and there is TLS, SCRAM-SHA-256-PLUS.
 * Call `first`, `final`, `verify`, once each. Throws ScramError.
 */
export class ScramClient {
  readonly mechanism: ScramMechanism;
  readonly #options: ScramClientOptions;
  readonly #gs2Header: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;

  constructor(options: ScramClientOptions) {
    this.#options = options;
    this.mechanism = chooseMechanism(options);
    this.#gs2Header = gs2Header(this.mechanism, options.channelBinding !== undefined);
    // PostgreSQL takes the user name from the startup packet and wants this one empty or ignores it.
    this.#firstBare = `n=,r=${options.nonce}`;
  }

  first(): Buffer {
    return Buffer.from(this.#gs2Header + this.#firstBare);
  }

  /** server-first-message = "r=" nonce ",s=" salt ",i=" iterations [extensions]; answers the client-final-message. */
  async final(data: Uint8Array): Promise<Buffer> {
    const serverFirst = scramText(data);
    const [r, s, i] = serverFirst.split(",");
    const nonce = checkedNonce(attribute(r, "r"));
    if (!nonce.startsWith(this.#options.nonce) || nonce.length === this.#options.nonce.length) {
      throw new ScramError("malformed", "SCRAM nonce does not continue ours");
    }
    const salt = base64(attribute(s, "s"), "salt");
    if (salt.length === 0 || salt.length > MAX_SALT_BYTES) throw new ScramError("malformed", "impossible SCRAM salt");
    const keys = await this.#options.keys.get(this.#options.password, salt, iterationCount(attribute(i, "i")));
    const withoutProof = `c=${this.#binding().toString("base64")},r=${nonce}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    this.#serverSignature = hmac(keys.serverKey, authMessage);
    const proof = xor(keys.clientKey, hmac(keys.storedKey, authMessage));
    return Buffer.from(`${withoutProof},p=${proof.toString("base64")}`);
  }

  /** server-final-message = "v=" signature | "e=" error. Returns only when the server knows the password. */
  verify(data: Uint8Array): void {
    const [part] = scramText(data).split(",");
    if (part?.startsWith("e=")) throw new ScramError("refused_by_server", "the server refused the SCRAM exchange");
    const signature = base64(attribute(part, "v"), "server signature");
    const expected = this.#serverSignature;
    if (expected === undefined || signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new ScramError("server_not_genuine", "the server could not prove that it knows the password");
    }
  }

  #binding(): Buffer {
    const data = this.mechanism === SCRAM_SHA_256_PLUS ? this.#options.channelBinding : undefined;
    return Buffer.concat([Buffer.from(this.#gs2Header), data ?? Buffer.alloc(0)]);
  }
}

function chooseMechanism({ mechanisms, channelBinding }: ScramClientOptions): ScramMechanism {
  if (channelBinding !== undefined && mechanisms.includes(SCRAM_SHA_256_PLUS)) return SCRAM_SHA_256_PLUS;
  if (mechanisms.includes(SCRAM_SHA_256)) return SCRAM_SHA_256;
  throw new ScramError("unsupported", "the server offers no SASL mechanism that is supported here");
}

/** "y": we could bind to the channel, but the server did not offer it. A server that did will notice the downgrade. */
function gs2Header(mechanism: ScramMechanism, canBind: boolean): string {
  if (mechanism === SCRAM_SHA_256_PLUS) return "p=tls-server-end-point,,";
  return canBind ? "y,," : "n,,";
}

function iterationCount(text: string): number {
  const count = /^[1-9]\d{0,7}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_ITERATIONS) throw new ScramError("malformed", "impossible SCRAM iteration count");
  return count;
}
