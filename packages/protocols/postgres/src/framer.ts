import { Carry } from "@tidewaiter/toolkit/bytes/carry";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { BACKEND, FRONTEND, HEADER_BYTES } from "./messages.ts";

/**
 * One thing found on the wire. `buffer[start, end)` always includes the 5-byte header of each message in it, so
 * forwarding unchanged is `write(buffer.subarray(start, end))`. The bytes stay valid; the framer never reuses them.
 */
export type Framed =
  /** One complete message. */
  | {
      readonly kind: "message";
      readonly type: number;
      readonly buffer: Buffer;
      readonly start: number;
      readonly end: number;
    }
  /** `count` complete messages of one type, back to back: DataRow from the server, CopyData from either side. */
  | {
      readonly kind: "run";
      readonly type: number;
      readonly buffer: Buffer;
      readonly start: number;
      readonly end: number;
      readonly count: number;
    }
  /** A part of one long message of `totalLength` bytes, header included; the first part holds the whole header. */
  | {
      readonly kind: "fragment";
      readonly type: number;
      readonly totalLength: number;
      readonly first: boolean;
      readonly last: boolean;
      readonly buffer: Buffer;
      readonly start: number;
      readonly end: number;
    };

export type Side = "frontend" | "backend";

export interface FramerOptions {
  /** Who sends: decides which type bytes exist. */
  readonly side: Side;
  /** Cap in bytes of the length field of a message that is buffered whole. */
  readonly maxLength: number;
  /** Messages longer than this many bytes may be streamed. Default 64 KiB. */
  readonly fragmentOver?: number;
  /**
   * Asked once for each message longer than `fragmentOver`, with its type byte and length field. True: it comes as
   * fragments and `maxLength` does not apply. Without this function every message is buffered whole.
   */
  readonly wantFragments?: (type: number, length: number) => boolean;
}

const DEFAULT_FRAGMENT_OVER = 64 * 1024;
/** PostgreSQL refuses to build a longer message (MaxAllocSize), so a longer length is garbage. */
const WIRE_LIMIT = 0x40000003;
/** PQ_SMALL_MESSAGE_LIMIT of the server: these frontend messages hold at most a name. */
const SMALL_LIMIT = 10_000;
const EMPTY = Buffer.alloc(0);

const LIMITS: Readonly<Record<Side, Int32Array>> = {
  frontend: lengthLimits(FRONTEND, ["Bind", "CopyData", "FunctionCall", "Parse", "Query"]),
  backend: lengthLimits(BACKEND, Object.keys(BACKEND)),
};

export function createFramer(options: FramerOptions): Framer {
  return new Framer(options);
}

/**
 * Cuts one direction of a ready session into messages, without copying a message that lies in one chunk.
 *
 * Push a chunk, then call `next` until it returns undefined. After a ProtocolError (`invalid_length`,
 * `unknown_message_type`, `message_too_large`) the position in the byte stream is lost: every later `next` throws it again.
 * Holds at most `maxLength` bytes beside the chunks pushed and not yet taken.
 */
export class Framer {
  readonly #side: Side;
  readonly #limits: Int32Array;
  readonly #maxLength: number;
  readonly #fragmentOver: number;
  readonly #wantFragments: ((type: number, length: number) => boolean) | undefined;
  readonly #waiting: Buffer[] = [];
  #chunk: Buffer = EMPTY;
  #offset = 0;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #carry: Carry | undefined;
  #fragmented: { readonly type: number; readonly totalLength: number; left: number } | undefined;
  #failure: ProtocolError | undefined;

  constructor(options: FramerOptions) {
    this.#side = options.side;
    this.#limits = LIMITS[options.side];
    this.#maxLength = options.maxLength;
    this.#wantFragments = options.wantFragments;
    this.#fragmentOver =
      options.wantFragments === undefined ? WIRE_LIMIT : (options.fragmentOver ?? DEFAULT_FRAGMENT_OVER);
  }

  push(chunk: Buffer): void {
    if (this.#offset === this.#chunk.length && this.#waiting.length === 0) {
      this.#chunk = chunk;
      this.#offset = 0;
    } else {
      this.#waiting.push(chunk);
    }
  }

  /** True when everything pushed was taken and no message is half received: where a peer may end. */
  get atBoundary(): boolean {
    const drained = this.#offset === this.#chunk.length && this.#waiting.length === 0;
    return drained && this.#headerBytes === 0 && this.#carry === undefined && this.#fragmented === undefined;
  }

  next(): Framed | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    while (this.#offset < this.#chunk.length || this.#nextChunk()) {
      const framed = this.#step();
      if (framed !== undefined) return framed;
    }
    return undefined;
  }

  #nextChunk(): boolean {
    let chunk = this.#waiting.shift();
    while (chunk !== undefined && chunk.length === 0) chunk = this.#waiting.shift();
    this.#chunk = chunk ?? EMPTY;
    this.#offset = 0;
    return chunk !== undefined;
  }

  /** Consumes something of the current chunk, which is not empty; undefined when that completed nothing. */
  #step(): Framed | undefined {
    if (this.#fragmented !== undefined) return this.#continueFragments(this.#fragmented);
    if (this.#carry !== undefined) return this.#continueCarry(this.#carry);
    if (this.#headerBytes > 0 || this.#chunk.length - this.#offset < HEADER_BYTES) return this.#collectHeader();
    const type = this.#chunk[this.#offset] ?? 0;
    const length = this.#checkedLength(type, this.#chunk.readInt32BE(this.#offset + 1));
    if (this.#wanted(type, length)) return this.#startFragments(type, length);
    const end = this.#offset + 1 + length;
    if (end > this.#chunk.length) {
      this.#carry = new Carry(1 + length);
      return this.#continueCarry(this.#carry);
    }
    return this.#take(type, end);
  }

  #take(type: number, end: number): Framed {
    const buffer = this.#chunk;
    const start = this.#offset;
    this.#offset = end;
    return this.#isRow(type) ? this.#extendRun(type, start) : { kind: "message", type, buffer, start, end };
  }

  /** Walks over the following messages of the same type; anything unusual among them ends the run and is judged by itself. */
  #extendRun(type: number, start: number): Framed {
    const chunk = this.#chunk;
    const limit = Math.min(this.#maxLength, this.#fragmentOver);
    let end = this.#offset;
    let count = 1;
    while (end + HEADER_BYTES <= chunk.length && chunk[end] === type) {
      const length = chunk.readInt32BE(end + 1);
      if (length < 4 || length > limit || end + 1 + length > chunk.length) break;
      end += 1 + length;
      count++;
    }
    this.#offset = end;
    return { kind: "run", type, buffer: chunk, start, end, count };
  }

  #isRow(type: number): boolean {
    return type === BACKEND.CopyData || (type === BACKEND.DataRow && this.#side === "backend");
  }

  #collectHeader(): Framed | undefined {
    const taken = Math.min(HEADER_BYTES - this.#headerBytes, this.#chunk.length - this.#offset);
    this.#chunk.copy(this.#header, this.#headerBytes, this.#offset, this.#offset + taken);
    this.#headerBytes += taken;
    this.#offset += taken;
    const type = this.#header[0] ?? 0;
    if (this.#limits[type] === 0) throw this.#fail("unknown_message_type", type);
    if (this.#headerBytes < HEADER_BYTES) return undefined;
    this.#headerBytes = 0;
    const length = this.#checkedLength(type, this.#header.readInt32BE(1));
    if (this.#wanted(type, length)) return this.#startFragmentsAfterHeader(type, length);
    this.#carry = new Carry(1 + length);
    this.#carry.fill(this.#header, 0, HEADER_BYTES);
    return this.#continueCarry(this.#carry);
  }

  #continueCarry(carry: Carry): Framed | undefined {
    this.#offset += carry.fill(this.#chunk, this.#offset, this.#chunk.length);
    if (carry.missing > 0) return undefined;
    this.#carry = undefined;
    const buffer = carry.take();
    const type = buffer[0] ?? 0;
    const message = { type, buffer, start: 0, end: buffer.length };
    return this.#isRow(type) ? { kind: "run", ...message, count: 1 } : { kind: "message", ...message };
  }

  #startFragments(type: number, length: number): Framed {
    this.#fragmented = { type, totalLength: 1 + length, left: 1 + length };
    return this.#continueFragments(this.#fragmented);
  }

  /** The header came in pieces: it is a fragment of its own. */
  #startFragmentsAfterHeader(type: number, length: number): Framed {
    const totalLength = 1 + length;
    this.#fragmented = { type, totalLength, left: totalLength - HEADER_BYTES };
    const buffer = Buffer.from(this.#header);
    return { kind: "fragment", type, totalLength, first: true, last: false, buffer, start: 0, end: HEADER_BYTES };
  }

  #continueFragments(message: { readonly type: number; readonly totalLength: number; left: number }): Framed {
    const { type, totalLength } = message;
    const first = message.left === totalLength;
    const start = this.#offset;
    const end = Math.min(this.#chunk.length, start + message.left);
    message.left -= end - start;
    this.#offset = end;
    const last = message.left === 0;
    if (last) this.#fragmented = undefined;
    return { kind: "fragment", type, totalLength, first, last, buffer: this.#chunk, start, end };
  }

  #wanted(type: number, length: number): boolean {
    if (length > this.#fragmentOver && this.#wantFragments?.(type, length) === true) return true;
    if (length > this.#maxLength) throw this.#fail("message_too_large", type);
    return false;
  }

  #checkedLength(type: number, length: number): number {
    const limit = this.#limits[type] ?? 0;
    if (limit === 0) throw this.#fail("unknown_message_type", type);
    if (length < 4) throw this.#fail("invalid_length", type);
    if (length > limit) throw this.#fail("message_too_large", type);
    return length;
  }

  #fail(code: "invalid_length" | "unknown_message_type" | "message_too_large", type: number): ProtocolError {
    this.#failure = new ProtocolError(code, `${this.#side} message of type ${type}: ${code.replaceAll("_", " ")}`);
    this.#carry = undefined;
    this.#waiting.length = 0;
    return this.#failure;
  }
}

/** Largest length field per type byte; 0 where the side has no such message. */
function lengthLimits(types: Readonly<Record<string, number>>, long: readonly string[]): Int32Array {
  const limits = new Int32Array(256);
  for (const [name, type] of Object.entries(types)) limits[type] = long.includes(name) ? WIRE_LIMIT : SMALL_LIMIT;
  return limits;
}
