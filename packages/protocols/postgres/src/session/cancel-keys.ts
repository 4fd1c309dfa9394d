import { randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { BackendKey } from "../messages.ts";

const MAX_PROCESS_ID = 0x7fffffff;

/** Our own cancel keys, given to clients in place of the target's: a client can only cancel what this gateway runs for it. */
export class CancelKeys {
  readonly #sessions = new Map<number, { readonly secretKey: Buffer; readonly cancel: () => Promise<void> }>();

  issue(cancel: () => Promise<void>): BackendKey & { readonly forget: () => void } {
    let processId = randomInt(1, MAX_PROCESS_ID);
    while (this.#sessions.has(processId)) processId = randomInt(1, MAX_PROCESS_ID);
    const secretKey = randomBytes(4);
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
