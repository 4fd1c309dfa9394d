import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { SESSION_BITS } from "@tidewaiter/core";
import type { BackendKey } from "../messages.ts";

const SESSIONS = 1 << SESSION_BITS;
/** As PostgreSQL makes them: what protocol 3.0 has room for, and what is out of reach of any guess. */
const KEY_BYTES = 4;
const LONG_KEY_BYTES = 32;
/** First minor version of the protocol in which a key may be longer than 4 bytes. */
const LONG_KEYS_SINCE = 2;

interface Cancelable {
  readonly secretKey: Buffer;
  readonly cancel: () => Promise<void>;
}

/** Our own cancel keys, given to clients in place of the target's: a client can only cancel what a gateway runs for it. */
export class CancelKeys {
  readonly #sessions = new Map<number, Cancelable>();
  readonly #number: number;

  /** @param gatewayNumber 0 to 2047: the upper bits of every process id, so that other gateways know whose it is */
  constructor(gatewayNumber: number) {
    this.#number = gatewayNumber;
  }

  /** @param protocolMinor of the client: its protocol says how long a key may be */
  issue(protocolMinor: number, cancel: () => Promise<void>): BackendKey & { readonly forget: () => void } {
    let processId = this.#processId();
    while (this.#sessions.has(processId)) processId = this.#processId();
    const secretKey = randomBytes(protocolMinor >= LONG_KEYS_SINCE ? LONG_KEY_BYTES : KEY_BYTES);
    this.#sessions.set(processId, { secretKey, cancel });
    return { processId, secretKey, forget: () => this.#sessions.delete(processId) };
  }

  #processId(): number {
    return this.#number * SESSIONS + randomInt(1, SESSIONS);
  }

  /**
   * Resolves when the cancel has been dealt with; false: no session here has this process id. A wrong key is ignored: the
   * protocol has no answer to it, and its sender has proven nothing.
   */
  async cancel(processId: number, secretKey: Buffer): Promise<boolean> {
    const session = this.#sessions.get(processId);
    if (session === undefined) return false;
    if (secretKey.length === session.secretKey.length && timingSafeEqual(session.secretKey, secretKey))
      await session.cancel();
    return true;
  }

  /** The same by the digest of a key that another gateway received; false also for a wrong one. */
  async cancelByDigest(processId: number, digest: string): Promise<boolean> {
    const session = this.#sessions.get(processId);
    if (session === undefined) return false;
    const [expected, given] = [cancelDigest(processId, session.secretKey), digest].map((hex) =>
      Buffer.from(hex, "hex"),
    );
    if (expected === undefined || given?.length !== expected.length || !timingSafeEqual(expected, given)) return false;
    await session.cancel();
    return true;
  }
}

/** In place of a key where it travels: 64 hex digits. */
export function cancelDigest(processId: number, secretKey: Buffer): string {
  return createHash("sha256").update(`cancel ${processId} `).update(secretKey).digest("hex");
}
