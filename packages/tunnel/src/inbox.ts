const BLOCK_BYTES = 16 * 1024;

/**
 * Bytes received that the consumer does not want yet. Small payloads are packed into blocks, so that neither the
 * WebSocket message they came in nor an object per byte is held: a peer that sends its whole credit in 1-byte frames
 * costs the same memory as one that sends it at once.
 */
export class Inbox {
  #blocks: Buffer[] = [];
  #last: Buffer | undefined;
  #used = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(payload: Buffer): void {
    this.#bytes += payload.length;
    if (this.#last !== undefined && this.#last.length - this.#used >= payload.length) {
      payload.copy(this.#last, this.#used);
      this.#used += payload.length;
      return;
    }
    this.#seal();
    // The first block is exact: most waits are one small message long.
    const size = this.#blocks.length === 0 ? payload.length : Math.max(BLOCK_BYTES, payload.length);
    this.#last = Buffer.allocUnsafeSlow(size);
    payload.copy(this.#last);
    this.#used = payload.length;
  }

  /** The oldest bytes, in one piece of any length. */
  take(): Buffer | undefined {
    if (this.#blocks.length === 0) this.#seal();
    const block = this.#blocks.shift();
    this.#bytes -= block?.length ?? 0;
    return block;
  }

  clear(): void {
    this.#blocks = [];
    this.#last = undefined;
    this.#bytes = 0;
  }

  #seal(): void {
    if (this.#last === undefined) return;
    this.#blocks.push(this.#last.subarray(0, this.#used));
    this.#last = undefined;
  }
}

/** Over this ratio of backing memory to payload a view is copied instead of handed on. */
const MAX_PINNED_RATIO = 4;

/** The payload itself, or a copy when handing on the view would keep a much larger buffer alive. */
export function unpinned(payload: Buffer): Buffer {
  return payload.buffer.byteLength > payload.length * MAX_PINNED_RATIO ? Buffer.from(payload) : payload;
}
