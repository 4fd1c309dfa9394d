import { Duplex } from "node:stream";

/** As much of a channel as is kept for its reader before the connection is read no further. */
const ROOM = 64 * 1024;

/** The connection that several channels share. Channels of one connection are served in the order of their bytes. */
export interface Carrier {
  /** Calls back when more may be written. */
  send(channel: Channel, chunk: Buffer, done: (error?: Error | null) => void): void;
  /** This side has written everything. */
  finish(channel: Channel, done: () => void): void;
  /** Nobody uses it any more. `broken`: before both sides had come to their end. */
  closed(channel: Channel, broken: boolean): void;
  /** Its reader has not kept up: nothing more is to be read until `room`. */
  full(channel: Channel): void;
  room(channel: Channel): void;
}

/** One byte stream among others on a connection. Emits `arrived` with each chunk when it comes, before anybody reads it. */
export class Channel extends Duplex {
  /** Number of the channel, or id of the stream. */
  readonly id: number;
  readonly #carrier: Carrier;
  #full = false;
  #gone = false;
  /** The peer has written everything. */
  ended = false;

  constructor(id: number, carrier: Carrier) {
    super({ readableHighWaterMark: ROOM, writableHighWaterMark: ROOM });
    this.id = id;
    this.#carrier = carrier;
    // whoever reads or writes it learns of the end by `close`; without a listener an error would end the process
    this.on("error", () => {});
  }

  receive(chunk: Buffer): void {
    if (this.ended || this.destroyed || chunk.length === 0) return;
    this.emit("arrived", chunk);
    if (this.push(chunk) || this.#full) return;
    this.#full = true;
    this.#carrier.full(this);
  }

  receiveEnd(): void {
    if (this.ended || this.destroyed) return;
    this.ended = true;
    this.push(null);
  }

  /** The peer takes and gives nothing more: what came before can still be read, what is written goes nowhere. */
  receiveReset(): void {
    this.#gone = true;
    this.receiveEnd();
    this.emit("reset");
  }

  override _read(): void {
    this.#roomAgain();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#gone) done();
    else this.#carrier.send(this, chunk, done);
  }

  override _final(done: () => void): void {
    if (this.#gone) done();
    else this.#carrier.finish(this, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#roomAgain();
    this.#carrier.closed(this, !this.#gone && !(this.ended && this.writableFinished));
    done(error);
  }

  #roomAgain(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#carrier.room(this);
  }
}
