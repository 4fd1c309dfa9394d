/** Reads fields of one packet, in order. Every read is undefined once something was missing. */
export class PacketReader {
  readonly #packet: Buffer;
  #at: number;

  /** @param at where it begins: behind length and type */
  constructor(packet: Buffer, at = 5) {
    this.#packet = packet;
    this.#at = at;
  }

  byte(): number | undefined {
    if (this.#at + 1 > this.#packet.length) return this.#fail();
    return this.#packet.readUInt8(this.#at++);
  }

  uint32(): number | undefined {
    if (this.#at + 4 > this.#packet.length) return this.#fail();
    const value = this.#packet.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  /** As a number: files beyond 8 PiB have no offset here. */
  uint64(): number | undefined {
    if (this.#at + 8 > this.#packet.length) return this.#fail();
    const value = Number(this.#packet.readBigUInt64BE(this.#at));
    this.#at += 8;
    return value;
  }

  bytes(): Buffer | undefined {
    const length = this.uint32();
    if (length === undefined || this.#at + length > this.#packet.length) return this.#fail();
    const value = this.#packet.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  text(): string | undefined {
    return this.bytes()?.toString("utf8");
  }

  #fail(): undefined {
    this.#at = Number.MAX_SAFE_INTEGER;
    return undefined;
  }
}
