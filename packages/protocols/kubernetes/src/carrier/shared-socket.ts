import type { Duplex } from "node:stream";

/** How often a peer is asked whether it is there: a socket that is not read does not say that its peer has gone. */
const PING_MS = 5_000;
const HELD_PING_MS = 500;

/** Answers that a peer has asked for and does not read: it is not read either until it does. */
const MAX_OWED = 64;

/** The socket under several channels: read only while every one of them has room, written no faster than it takes. */
export class SharedSocket {
  readonly socket: Duplex;
  readonly #holds = new Set<unknown>();
  readonly #waiting: ((error?: Error | null) => void)[] = [];
  #owed = 0;

  constructor(socket: Duplex, ping: () => void) {
    this.socket = socket;
    let asked = performance.now();
    const pings = setInterval(() => {
      const now = performance.now();
      if (socket.writableNeedDrain || (this.#holds.size === 0 && now - asked < PING_MS)) return;
      asked = now;
      ping();
    }, HELD_PING_MS);
    pings.unref();
    socket.once("close", () => clearInterval(pings));
    socket.on("drain", () => this.#drained());
    socket.on("close", () => this.#drained());
  }

  /** Not read until every `holder` lets go. */
  hold(holder: unknown): void {
    this.#holds.add(holder);
    this.socket.pause();
  }

  release(holder: unknown): void {
    if (this.#holds.delete(holder) && this.#holds.size === 0) this.socket.resume();
  }

  /** Calls back when more may be written. */
  write(parts: readonly Buffer[], done: (error?: Error | null) => void): void {
    if (!this.#put(parts)) return done();
    if (this.socket.writableNeedDrain) this.#waiting.push(done);
    else done();
  }

  /** What the protocol answers by itself; a peer that asks for more than it reads has to wait. */
  answer(parts: readonly Buffer[]): void {
    if (!this.#put(parts, () => this.#paid())) return;
    if (++this.#owed > MAX_OWED) this.hold(this);
  }

  #paid(): void {
    if (--this.#owed <= MAX_OWED / 2) this.release(this);
  }

  #put(parts: readonly Buffer[], flushed?: () => void): boolean {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) return false;
    socket.cork();
    parts.forEach((part, index) => {
      if (index === parts.length - 1 && flushed !== undefined) socket.write(part, flushed);
      else socket.write(part);
    });
    socket.uncork();
    return true;
  }

  #drained(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
