import { Duplex } from "node:stream";
import { type GrowthBudget, ReceiveWindow } from "./credit.ts";
import { writeHeader } from "./encode.ts";
import { errorOfReason, TunnelError, type WireReason } from "./errors.ts";
import { type Frame, HEADER_BYTES, KIND, MAX_DATA_BYTES } from "./frame.ts";
import { Inbox, unpinned } from "./inbox.ts";

const READABLE_BYTES = 64 * 1024;
const WRITABLE_BYTES = 128 * 1024;
const MAX_SEND_CREDIT = 0x7fff_ffff;

/** What a stream asks of its mux. */
export interface StreamHost {
  readonly version: number;
  readonly growth: GrowthBudget;
  now(): number;
  /** Queues a frame ahead of all data. */
  sendFrame(frame: Frame): void;
  /** Copies bytes of a stream with nothing waiting into the next message; the result is how many, at most `limit`. */
  append(stream: number, bytes: Buffer, limit: number): number;
  /** The stream has bytes and credit. */
  sendable(stream: MuxStream): void;
  /** The stream is over. */
  forget(stream: MuxStream): void;
}

export interface StreamOptions {
  readonly id: number;
  /** Bytes we may send at first. */
  readonly sendCredit: number;
  /** Bytes the peer may send at first. */
  readonly receiveCredit: number;
}

type Done = (error?: Error | null) => void;

/**
 * One byte stream of a tunnel. Each side ends its own direction (`end()`), `destroy()` resets both.
 *
 * Writing: a chunk's callback comes when the chunk was copied into a message for the socket, so its memory may be used
 * again. Without credit or with a full socket nothing is called back, and `write()` is false once 128 KiB wait.
 * Reading: at most the credit plus 64 KiB is held for a consumer that does not read.
 *
 * Errors: TunnelError `reset` with the peer's reason, `closed`, `dead_peer` ... when the tunnel ends. An error without
 * listener does not end the process: a peer may reset a stream before its owner had a turn to listen.
 */
export class MuxStream extends Duplex {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #window: ReceiveWindow;
  readonly #inbox = new Inbox();
  #wanting = false;
  #remoteEnded = false;
  #remoteGone = false;
  #localEnded = false;
  #resetReason: WireReason | undefined;
  #credit: number;
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #offset = 0;
  #done: Done | undefined;

  constructor(host: StreamHost, options: StreamOptions) {
    super({ allowHalfOpen: true, readableHighWaterMark: READABLE_BYTES, writableHighWaterMark: WRITABLE_BYTES });
    this.id = options.id;
    this.#host = host;
    this.#credit = options.sendCredit;
    this.#window = new ReceiveWindow(options.receiveCredit, host.growth, host.now());
    this.on("error", () => {});
  }

  /** Ends both directions at once and tells the peer why. */
  reset(reason: WireReason): void {
    this.#resetReason = reason;
    this.destroy(errorOfReason("cancelled", reason));
  }

  /** Bytes that could be framed now. */
  get sendable(): number {
    return Math.min(this.#chunkBytes, this.#credit);
  }

  /** Bytes written by the owner and not yet framed, as far as credit goes. */
  get backlog(): number {
    return Math.min(this.writableLength, this.#credit);
  }

  /** Bytes the peer may have outstanding. */
  get receiveWindow(): number {
    return this.#window.size;
  }

  /**
   * Copies as many bytes as may leave with the next message; the result is how many. `bytes` may be overwritten afterwards;
   * what was not taken is to be written, which waits for credit and the socket. 0 while earlier bytes wait.
   */
  offer(bytes: Buffer): number {
    if (this.writableLength > 0 || this.writableEnded || this.destroyed) return 0;
    const taken = this.#host.append(this.id, bytes, this.#credit);
    this.#credit -= taken;
    return taken;
  }

  /** Writes one data frame into `target` between `offset` and `limit`; the result is its length, 0 for none. */
  fill(target: Buffer, offset: number, limit: number): number {
    const start = offset + HEADER_BYTES;
    const length = Math.min(limit - start, MAX_DATA_BYTES, this.sendable);
    if (length <= 0) return 0;
    this.#copyOut(target.subarray(start, start + length));
    writeHeader(target, offset, { version: this.#host.version, kind: KIND.data, stream: this.id, length });
    this.#credit -= length;
    this.#chunkBytes -= length;
    // Called here and not later: Writable answers at once with everything written meanwhile, for the same message.
    if (this.#chunkBytes === 0) this.#finishWrite(null);
    return HEADER_BYTES + length;
  }

  #copyOut(target: Buffer): void {
    let filled = 0;
    let index = 0;
    while (filled < target.length) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) break;
      const copied = chunk.copy(target, filled, this.#offset);
      filled += copied;
      this.#offset += copied;
      if (this.#offset < chunk.length) break;
      this.#offset = 0;
      index++;
    }
    this.#chunks = index === this.#chunks.length ? [] : this.#chunks.slice(index);
  }

  /** A data frame came. @throws TunnelError `flow_control` | `protocol`: the peer is broken */
  receive(payload: Buffer): void {
    if (this.#remoteEnded) throw new TunnelError("protocol", "data after fin");
    if (!this.#window.receive(payload.length)) throw new TunnelError("flow_control", "data without credit");
    if (this.#wanting && this.#inbox.bytes === 0) this.#deliver(unpinned(payload));
    else this.#inbox.add(payload);
  }

  /** A fin frame came. */
  receiveEnd(): void {
    if (this.#remoteEnded) throw new TunnelError("protocol", "second fin");
    this.#remoteEnded = true;
    if (this.#inbox.bytes === 0) this.push(null);
  }

  /** A window frame came. */
  receiveCredit(increment: number): void {
    this.#credit += increment;
    if (this.#credit > MAX_SEND_CREDIT) throw new TunnelError("flow_control", "credit over the limit");
    if (this.#chunkBytes > 0) this.#host.sendable(this);
  }

  /** The peer or the tunnel is gone: nothing more is sent. */
  abandon(error: TunnelError): void {
    this.#remoteGone = true;
    this.destroy(error);
  }

  override _read(): void {
    this.#wanting = true;
    while (this.#wanting) {
      const block = this.#inbox.take();
      if (block === undefined) return;
      this.#deliver(block);
      if (this.#remoteEnded && this.#inbox.bytes === 0) {
        this.#wanting = false;
        this.push(null);
      }
    }
  }

  #deliver(bytes: Buffer): void {
    this.#wanting = this.push(bytes);
    if (this.#remoteEnded || this.destroyed) return;
    const increment = this.#window.take(bytes.length, this.#host.now());
    if (increment > 0) this.#host.sendFrame({ kind: "window", stream: this.id, increment });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#queue([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#queue(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  #queue(chunks: Buffer[], done: Done): void {
    this.#chunks = chunks;
    this.#offset = 0;
    this.#chunkBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#done = done;
    if (this.#chunkBytes === 0) this.#finishWrite(null);
    else if (this.#credit > 0) this.#host.sendable(this);
  }

  #finishWrite(error: Error | null): void {
    const done = this.#done;
    this.#done = undefined;
    this.#chunks = [];
    this.#chunkBytes = 0;
    done?.(error);
  }

  override _final(done: Done): void {
    // All data is in messages already, so a fin in the queue ahead of data cannot overtake it.
    this.#localEnded = true;
    if (!this.#remoteGone) this.#host.sendFrame({ kind: "fin", stream: this.id });
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const finished = this.#localEnded && this.#remoteEnded;
    if (!finished && !this.#remoteGone) {
      const reason = this.#resetReason ?? { code: error === null ? "cancelled" : "error", text: "" };
      this.#host.sendFrame({ kind: "reset", stream: this.id, reason });
    }
    this.#inbox.clear();
    this.#window.release();
    this.#host.forget(this);
    this.#finishWrite(error ?? new TunnelError("cancelled", "stream destroyed"));
    done(error);
  }
}
