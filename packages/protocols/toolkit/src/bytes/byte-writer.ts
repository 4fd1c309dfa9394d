import { ProtocolError } from "./protocol-error.ts";

const INITIAL_BYTES = 256;

/** Builds big-endian messages in one growing buffer. Not reusable after `finish`: the buffer then belongs to the caller. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(initialBytes = INITIAL_BYTES) {
    this.#buffer = Buffer.allocUnsafe(Math.max(16, initialBytes));
  }

  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    this.#length = this.#reserve(1).writeUInt8(value, this.#length);
    return this;
  }

  int16(value: number): this {
    this.#length = this.#reserve(2).writeInt16BE(value, this.#length);
    return this;
  }

  uint16(value: number): this {
    this.#length = this.#reserve(2).writeUInt16BE(value, this.#length);
    return this;
  }

  int32(value: number): this {
    this.#length = this.#reserve(4).writeInt32BE(value, this.#length);
    return this;
  }

  uint32(value: number): this {
    this.#length = this.#reserve(4).writeUInt32BE(value, this.#length);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length).set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /**
   * A NUL-terminated UTF-8 string.
   * @throws ProtocolError `malformed_message` when the value holds a NUL: it would end the field early and let its
   *   tail be read as the next field.
   */
  cstring(value: string): this {
    if (value.includes("\0")) throw new ProtocolError("malformed_message", "a string field holds a NUL");
    const size = Buffer.byteLength(value, "utf8");
    const buffer = this.#reserve(size + 1);
    buffer.write(value, this.#length, "utf8");
    buffer[this.#length + size] = 0;
    this.#length += size + 1;
    return this;
  }

  /** Overwrites four bytes written before: for length fields known only at the end. */
  patchInt32(offset: number, value: number): this {
    if (offset + 4 > this.#length) throw new RangeError("patch outside of what was written");
    this.#buffer.writeInt32BE(value, offset);
    return this;
  }

  /** The bytes written, as a view of exactly that length. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(size: number): Buffer {
    const needed = this.#length + size;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    return this.#buffer;
  }
}
