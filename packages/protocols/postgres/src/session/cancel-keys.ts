import { randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { BackendKey } from "../messages.ts";

const MAX_PROCESS_ID = 0x7fffffff;
/** As PostgreSQL makes them: what protocol 3.0 has room for, and what is out of reach of any guess. */
const KEY_BYTES = 4;
const LONG_KEY_BYTES = 32;
/** First minor version of the protocol in which a key may be longer than 4 bytes. */
const LONG_KEYS_SINCE = 2;

/** Our own cancel keys, given to clients in place of the target's: a client can only cancel what this gateway runs for it. */
export class CancelKeys {
  readonly #sessions = new Map<number, { readonly secretKey: Buffer; readonly cancel: () => Promise<void> }>();

  /** @param protocolMinor of the client: its protocol says how long a key may be */
  issue(protocolMinor: number, cancel: () => Promise<void>): BackendKey & { readonly forget: () => void } {
    let processId = randomInt(1, MAX_PROCESS_ID);
    while (this.#sessions.has(processId)) processId = randomInt(1, MAX_PROCESS_ID);
    const secretKey = randomBytes(protocolMinor >= LONG_KEYS_SINCE ? LONG_KEY_BYTES : KEY_BYTES);
    this.#sessions.set(processId, { secretKey, cancel });
    return { processId, secretKey, forget: () => this.#sessions.delete(processId) };
  }

  /**
   * Resolves when the cancel has been dealt with. An unknown key is ignored: the protocol has no answer to it, and its
   * sender has proven nothing.
   */
  async cancel(processId: number, secretKey: Buffer): Promise<void> {
    const session = this.#sessions.get(processId);
    if (session === undefined || secretKey.length !== session.secretKey.length) return;
    if (timingSafeEqual(session.secretKey, secretKey)) await session.cancel();
  }
}
