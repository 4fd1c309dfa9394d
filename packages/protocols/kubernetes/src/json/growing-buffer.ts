/** Room for a rest that grows, at first. */
const FIRST_ROOM = 4 * 1024;

/**
 * Puts chunks behind a rest of what came before. Their number does not matter: room is doubled, and what has been given out is
 * never written again.
 */
export class GrowingBuffer {
  #room: Buffer = Buffer.alloc(0);
  /** Bytes of the room that are written. */
  #end = 0;

  /** @param rest the end of what was given out last, or anything else */
  append(rest: Buffer, chunk: Buffer): Buffer {
    if (rest.length === 0) return chunk;
    const length = rest.length + chunk.length;
    if (!this.#isEnd(rest) || this.#end + chunk.length > this.#room.length) {
      this.#room = Buffer.allocUnsafeSlow(Math.max(FIRST_ROOM, 2 * length));
      this.#end = rest.copy(this.#room);
    }
    this.#end += chunk.copy(this.#room, this.#end);
    return this.#room.subarray(this.#end - length, this.#end);
  }

  #isEnd(rest: Buffer): boolean {
    return rest.buffer === this.#room.buffer && rest.byteOffset + rest.length === this.#end;
  }
}
