/** Room given at once to a message whose end has not arrived; beyond it the buffer grows with the bytes that really come. */
const FIRST_ROOM = 64 * 1024;

/**
 * Collects one message that is split over several chunks.
 *
 * Grows geometrically and never past the announced length, so a message of n bytes costs O(n) copies however small its
 * chunks are, and memory follows the bytes received, not the length a peer announces. It copies at once instead of
 * keeping the chunks: a list of tiny slices would pin the big read buffers that they were cut from.
 */
export class Carry {
  readonly total: number;
  #buffer: Buffer;
  #length = 0;

  /** @param total length in bytes of the whole message, known from its header */
  constructor(total: number) {
    this.total = total;
    this.#buffer = Buffer.allocUnsafe(Math.min(total, FIRST_ROOM));
  }

  get length(): number {
    return this.#length;
  }

  get missing(): number {
    return this.total - this.#length;
  }

  /** Copies what is still missing from `chunk[start, end)` and says how many bytes that was. */
  fill(chunk: Buffer, start: number, end: number): number {
    const taken = Math.min(this.missing, end - start);
    const needed = this.#length + taken;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.total, Math.max(needed, this.#buffer.length * 2)));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length, start, start + taken);
    this.#length = needed;
    return taken;
  }

  /** The complete message; the buffer belongs to the caller from here on. */
  take(): Buffer {
    if (this.missing > 0) throw new RangeError("message is not complete");
    return this.#buffer.subarray(0, this.total);
  }
}
