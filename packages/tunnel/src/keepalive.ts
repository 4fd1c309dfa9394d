import type { Clock } from "./clock.ts";
import { PING_BYTES } from "./frame.ts";

/** Balancers cut a WebSocket that is idle for 60 s. */
export const PING_INTERVAL_MS = 20_000;
/** How long after a ping something, whatever it is, must have come back. */
export const PONG_DEADLINE_MS = 10_000;

export interface KeepaliveOptions {
  readonly clock: Clock;
  readonly interval: number;
  readonly deadline: number;
  ping(payload: Buffer): void;
  dead(): void;
}

/** Pings at a fixed interval and finds a peer that is gone without a word. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #heard = true;
  #count = 0;
  #stopTimer: () => void = () => {};

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.#scheduleNext();
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#stopTimer();
    this.#stopTimer = () => {};
  }

  #scheduleNext(): void {
    this.#stopTimer = this.#options.clock.after(this.#options.interval, () => this.#ping());
  }

  #ping(): void {
    const payload = Buffer.alloc(PING_BYTES);
    payload.writeUInt32BE(++this.#count, 4);
    this.#heard = false;
    this.#stopTimer = this.#options.clock.after(this.#options.deadline, () => {
      // When this process was held up (a suspended machine), the answer may wait in the socket: let it be read first.
      const waiting = setImmediate(() => {
        if (this.#heard) this.#scheduleNext();
        else this.#options.dead();
      });
      this.#stopTimer = () => clearImmediate(waiting);
    });
    this.#options.ping(payload);
  }
}
