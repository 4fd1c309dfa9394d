import { ProtocolError } from "./protocol-error.ts";

/**
 * Reads big-endian fields from one complete message. Every read is checked against `end`; going past it is a
 * ProtocolError `malformed_message`, so that a decoder needs no checks of its own.
 */
export class ByteReader {
  readonly buffer: Buffer;
  readonly end: number;
  #offset: number;

  /** Reads `buffer` from `start` up to `end` (exclusive); never copies. */
  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    if (start < 0 || start > end || end > buffer.length) throw new RangeError("reader outside of its buffer");
    this.buffer = buffer;
    this.end = end;
    this.#offset = start;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.end - this.#offset;
  }

  uint8(field: string): number {
    return this.buffer.readUInt8(this.#take(1, field));
  }

  int16(field: string): number {
    return this.buffer.readInt16BE(this.#take(2, field));
  }

  uint16(field: string): number {
    return this.buffer.readUInt16BE(this.#take(2, field));
  }

  int32(field: string): number {
    return this.buffer.readInt32BE(this.#take(4, field));
  }

  uint32(field: string): number {
    return this.buffer.readUInt32BE(this.#take(4, field));
  }

  /** A view of `length` bytes, not a copy. */
  bytes(length: number, field: string): Buffer {
    const start = this.#take(length, field);
    return this.buffer.subarray(start, start + length);
  }

  skip(length: number, field: string): void {
    this.#take(length, field);
  }

  /** The bytes up to the next NUL, which is consumed and not part of the result. A view, not a copy. */
  cstringBytes(field: string): Buffer {
    const start = this.#offset;
    const nul = this.buffer.indexOf(0, start);
    if (nul < 0 || nul >= this.end) throw new ProtocolError("malformed_message", `${field} is not terminated`);
    this.#offset = nul + 1;
    return this.buffer.subarray(start, nul);
  }

  /** A NUL-terminated string as UTF-8; invalid sequences become U+FFFD (use `cstringBytes` where that matters). */
  cstring(field: string): string {
    return this.cstringBytes(field).toString("utf8");
  }

  /** All that is left, as a view. */
  rest(): Buffer {
    const start = this.#offset;
    this.#offset = this.end;
    return this.buffer.subarray(start, this.end);
  }

  /** Call last in every decoder: bytes behind the last field mean that we and the peer read it differently. */
  expectEnd(message: string): void {
    if (this.#offset !== this.end) {
      throw new ProtocolError("malformed_message", `${message} has ${this.end - this.#offset} bytes too many`);
    }
  }

  #take(length: number, field: string): number {
    const start = this.#offset;
    if (length < 0 || length > this.end - start) {
      throw new ProtocolError("malformed_message", `${field} reaches past the end of its message`);
    }
    this.#offset = start + length;
    return start;
  }
}
