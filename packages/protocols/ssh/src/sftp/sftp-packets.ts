/** Packet types of SFTP version 3 (draft-ietf-secsh-filexfer-02, section 3), the version that OpenSSH speaks. */
export const SFTP = {
  INIT: 1,
  VERSION: 2,
  OPEN: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  LSTAT: 7,
  FSTAT: 8,
  SETSTAT: 9,
  FSETSTAT: 10,
  OPENDIR: 11,
  READDIR: 12,
  REMOVE: 13,
  MKDIR: 14,
  RMDIR: 15,
  REALPATH: 16,
  STAT: 17,
  RENAME: 18,
  READLINK: 19,
  SYMLINK: 20,
  STATUS: 101,
  HANDLE: 102,
  DATA: 103,
  NAME: 104,
  ATTRS: 105,
  EXTENDED: 200,
  EXTENDED_REPLY: 201,
} as const;

/** `pflags` of OPEN (section 6.3). */
export const OPEN_FLAGS = { READ: 1, WRITE: 2, APPEND: 4, CREAT: 8, TRUNC: 16, EXCL: 32 } as const;

export const STATUS = { OK: 0, EOF: 1, PERMISSION_DENIED: 3, FAILURE: 4 } as const;

/** OpenSSH's own limit is 256 KiB, and its header. */
export const MAX_PACKET = 256 * 1024 + 1024;

/** Cuts a byte stream into packets; each is given with its length field, as it came. */
export class SftpFramer {
  #parts: Buffer[] = [];
  #bytes = 0;

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
    if (length < 1 || length > MAX_PACKET) throw new RangeError(`an SFTP packet of ${length} bytes`);
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

/** Reads fields of one packet, in order. Every read is undefined once something was missing. */
export class SftpReader {
  readonly #packet: Buffer;
  #at: number;

  /** @param packet with its length field */
  constructor(packet: Buffer) {
    this.#packet = packet;
    this.#at = 5;
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

/** A STATUS packet: how a request was answered. */
export function statusPacket(id: number, code: number, message: string): Buffer {
  const text = Buffer.from(message);
  const packet = Buffer.alloc(4 + 1 + 4 + 4 + 4 + text.length + 4);
  packet.writeUInt32BE(packet.length - 4, 0);
  packet.writeUInt8(SFTP.STATUS, 4);
  packet.writeUInt32BE(id, 5);
  packet.writeUInt32BE(code, 9);
  packet.writeUInt32BE(text.length, 13);
  text.copy(packet, 17);
  return packet;
}
