import type { Duplex } from "node:stream";
import { type Carrier, Channel } from "../carrier/channel.ts";
import { WebSocketConnection } from "./connection.ts";

const CLOSE_CHANNEL = 255;
const ZERO = 0x30;
const MAX_CHANNELS = 128;

export interface ChannelsOptions {
  readonly role: "server" | "client";
  /** Text messages, `0` and base64 (`base64.channel.k8s.io`), in place of binary ones. */
  readonly base64: boolean;
  /** A channel can be closed by itself (`v5.channel.k8s.io`). */
  readonly closes: boolean;
  /** What is sent on any other channel is dropped. */
  readonly reads: readonly number[];
}

/** The `channel.k8s.io` protocols: each message of a WebSocket begins with the number of its channel. */
export class WebSocketChannels implements Carrier {
  readonly #connection: WebSocketConnection;
  readonly #options: ChannelsOptions;
  readonly #channels = new Map<number, Channel>();

  constructor(socket: Duplex, head: Buffer, options: ChannelsOptions) {
    this.#options = options;
    for (const number of options.reads) this.channel(number);
    this.#connection = new WebSocketConnection(socket, head, {
      role: options.role,
      // input of a command
      paced: options.role === "client",
      onMessage: (message) => this.#received(message),
    });
    void this.over.then(() => {
      for (const channel of this.#channels.values()) channel.receiveReset();
    });
  }

  get over(): Promise<void> {
    return this.#connection.over;
  }

  channel(number: number): Channel {
    const known = this.#channels.get(number);
    if (known !== undefined) return known;
    if (number >= MAX_CHANNELS) throw new RangeError("more channels than there are");
    const channel = new Channel(number, this);
    // nothing is to come on it
    if (!this.#options.reads.includes(number)) channel.receiveEnd();
    this.#channels.set(number, channel);
    return channel;
  }

  end(): void {
    this.#connection.end();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  send(channel: Channel, chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#options.base64) {
      const text = String.fromCharCode(ZERO + channel.id) + chunk.toString("base64");
      return this.#connection.send(Buffer.from(text, "latin1"), false, done);
    }
    const message = Buffer.allocUnsafe(1 + chunk.length);
    message[0] = channel.id;
    chunk.copy(message, 1);
    this.#connection.send(message, true, done);
  }

  /** Without a way to say so, the peer learns of the end when the connection is closed. */
  finish(channel: Channel, done: () => void): void {
    if (!this.#options.closes || this.#options.role === "server") return done();
    this.#connection.send(Buffer.from([CLOSE_CHANNEL, channel.id]), true, done);
  }

  closed(): void {}

  full(channel: Channel): void {
    this.#connection.shared.hold(channel);
  }

  room(channel: Channel): void {
    this.#connection.shared.release(channel);
  }

  #received(message: Buffer): void {
    const [first] = message;
    if (first === undefined) return;
    const { base64, closes, role } = this.#options;
    if (closes && role === "server" && first === CLOSE_CHANNEL) {
      const channel = message.length === 2 ? this.#channels.get(message[1] ?? 0) : undefined;
      if (channel === undefined) return this.destroy();
      return channel.receiveEnd();
    }
    const channel = this.#channels.get(base64 ? first - ZERO : first);
    const bytes = message.subarray(1);
    channel?.receive(base64 ? Buffer.from(bytes.toString("latin1"), "base64") : bytes);
  }
}
