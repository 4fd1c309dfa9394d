import { constants, createInflate, type Inflate } from "node:zlib";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { HEADER_DICTIONARY, HEADER_DICTIONARY_ID } from "./dictionary.ts";

/** Names in lower case. Several values of one name stand behind each other with NUL between them. */
export type SpdyHeaders = ReadonlyMap<string, string>;

/** Unfolded: a block of 16 KiB could become 16 MiB. */
const MAX_UNFOLDED = 32 * 1024;
const MAX_HEADERS = 64;

/**
 * Header blocks of one direction (SPDY/3, 2.6.10), which are one zlib stream. Written without compressing anything: stored
 * blocks say the same, need no state but the start of the stream, and tell nobody by their length what is in them.
 */
export class HeaderWriter {
  #begun = false;

  block(headers: Readonly<Record<string, string>>): Buffer {
    const parts: Buffer[] = [];
    const entries = Object.entries(headers);
    parts.push(number(entries.length));
    for (const [name, value] of entries) parts.push(counted(name.toLowerCase()), counted(value));
    const pairs = Buffer.concat(parts);
    // not the last one, stored: its length, and that inverted (RFC 1951, 3.2.4); an empty one makes readers give out what they have
    const stored = (bytes: Buffer): Buffer => {
      const head = Buffer.alloc(5);
      head.writeUInt16LE(bytes.length, 1);
      head.writeUInt16LE(0xffff - bytes.length, 3);
      return Buffer.concat([head, bytes]);
    };
    const block = [stored(pairs), stored(Buffer.alloc(0))];
    if (!this.#begun) block.unshift(STREAM_START);
    this.#begun = true;
    return Buffer.concat(block);
  }
}

/** CMF, FLG with the bit for a dictionary, and its id (RFC 1950, 2.2). */
const STREAM_START = Buffer.concat([Buffer.from([0x78, 0xbb]), number(HEADER_DICTIONARY_ID)]);

/** Reads the blocks that a peer sends, one after the other. */
export class HeaderReader {
  readonly #inflate: Inflate;
  #parts: Buffer[] = [];
  #bytes = 0;
  #failed: ((error: Error) => void) | undefined;

  constructor() {
    this.#inflate = createInflate({ dictionary: HEADER_DICTIONARY });
    this.#inflate.on("data", (part: Buffer) => {
      this.#bytes += part.length;
      if (this.#bytes <= MAX_UNFOLDED) this.#parts.push(part);
      else this.#inflate.destroy(new ProtocolError("message_too_large", "headers unfold to more than 32 KiB"));
    });
    this.#inflate.on("error", (error) => {
      const known = error instanceof ProtocolError;
      this.#failed?.(known ? error : new ProtocolError("malformed_message", "headers are not what zlib wrote"));
    });
  }

  /** One call at a time. Rejects with a ProtocolError; nothing can be read after that. */
  async read(block: Buffer): Promise<SpdyHeaders> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#inflate.destroyed) throw new ProtocolError("malformed_message", "headers could not be read before");
    this.#failed = reject;
    this.#inflate.write(block);
    this.#inflate.flush(constants.Z_SYNC_FLUSH, () => resolve());
    await promise;
    this.#failed = undefined;
    const pairs = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return readPairs(pairs);
  }

  close(): void {
    this.#failed?.(new ProtocolError("unexpected_end", "the connection ended among headers"));
    this.#inflate.destroy();
  }
}

/** `count 32`, then for each `length 32 | name | length 32 | value`. */
function readPairs(bytes: Buffer): SpdyHeaders {
  let at = 0;
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new ProtocolError("invalid_length", "headers are longer than their block");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const count = take(4).readUInt32BE(0);
  if (count > MAX_HEADERS) throw new ProtocolError("message_too_large", `there are more than ${MAX_HEADERS} headers`);
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index++) {
    const name = take(take(4).readUInt32BE(0)).toString("latin1").toLowerCase();
    const value = take(take(4).readUInt32BE(0)).toString("latin1");
    if (name === "" || headers.has(name))
      throw new ProtocolError("malformed_message", "a header is empty or there twice");
    headers.set(name, value);
  }
  if (at !== bytes.length) throw new ProtocolError("invalid_length", "headers are shorter than their block");
  return headers;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([number(bytes.length), bytes]);
}
