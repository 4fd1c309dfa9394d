/** Cuts a byte stream into packets of `uint32 length, byte type, ...`, as SFTP and agents have; each is given with its length field, as it came. */
export class PacketFramer {
  #parts: Buffer[] = [];
  #bytes = 0;
  readonly #most: number;

  /** @param most bytes of a packet, without its length field */
  constructor(most: number) {
    this.#most = most;
  }

  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next whole packet, or undefined. Throws a RangeError for a length that no packet has. */
  next(): Buffer | undefined {
    if (this.#bytes < 5) return undefined;
    let first = this.#parts[0] ?? Buffer.alloc(0);
    if (first.length < 5) first = this.#join();
    const length = first.readUInt32BE(0);
    if (length < 1 || length > this.#most) throw new RangeError(`a packet of ${length} bytes`);
    const total = 4 + length;
    if (this.#bytes < total) return undefined;
    if (first.length < total) first = this.#join();
    const packet = first.subarray(0, total);
    this.#bytes -= total;
    if (first.length === total) this.#parts.shift();
    else this.#parts[0] = first.subarray(total);
    return packet;
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [joined];
    return joined;
  }
}
