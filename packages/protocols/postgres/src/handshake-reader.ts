import type { Duplex } from "node:stream";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import type { MessageView } from "./decode-frontend.ts";
import { HEADER_BYTES } from "./messages.ts";

/**
 * Pulls exact numbers of bytes from a stream during a handshake. The stream stays paused, and bytes behind what was
 * asked for stay inside it: whoever takes the stream over (TLS, the relay) finds them there.
 */
export class HandshakeReader {
  readonly stream: Duplex;
  readonly #signal: AbortSignal;

  /** @param signal aborted at the deadline; a waiting read then throws the signal's reason */
  constructor(stream: Duplex, signal: AbortSignal) {
    this.stream = stream;
    this.#signal = signal;
    // A reset that arrives between two reads, or long after the handshake, must never be an uncaught exception.
    stream.on("error", ignore);
  }

  /** Bytes received and not yet read. */
  get buffered(): number {
    return this.stream.readableLength;
  }

  /**
   * @throws ProtocolError `unexpected_end` when the stream ends or fails first
   */
  async read(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      this.#signal.throwIfAborted();
      // Taking what is there, though it is not enough, matters: a stream with bytes in it is "readable" at once, for ever.
      const chunk: Buffer | null = this.stream.read(Math.min(missing, Math.max(1, this.buffered)));
      if (chunk !== null) {
        parts.push(chunk);
        missing -= chunk.length;
      } else if (this.#over()) {
        throw ended();
      } else {
        await this.#readable();
      }
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** Looks at the first byte without taking it. */
  async peek(): Promise<number> {
    const byte = await this.read(1);
    this.stream.unshift(byte);
    return byte[0] ?? 0;
  }

  /**
   * One message with a type byte.
   * @param maxLength cap of its length field
   * @throws ProtocolError `invalid_length`, `message_too_large`, `unexpected_end`
   */
  async message(maxLength: number): Promise<MessageView> {
    const header = await this.read(HEADER_BYTES);
    const length = header.readInt32BE(1);
    if (length < 4) throw new ProtocolError("invalid_length", "invalid message length");
    if (length > maxLength) throw new ProtocolError("message_too_large", "handshake message is too long");
    const buffer = Buffer.concat([header, await this.read(length - 4)]);
    return { type: header[0] ?? 0, buffer, start: 0, end: buffer.length };
  }

  /** All that has arrived, without waiting. */
  takeBuffered(): Buffer {
    const chunk: Buffer | null = this.stream.read();
    return chunk ?? Buffer.alloc(0);
  }

  /** Waits until the peer has closed; what it still sends is thrown away. */
  async closed(): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.stream.read() === null) {
        if (this.#over()) return;
        await this.#readable();
      }
    }
  }

  #over(): boolean {
    return this.stream.readableEnded || this.stream.destroyed || !this.stream.readable;
  }

  #readable(): Promise<void> {
    const { stream } = this;
    const signal = this.#signal;
    return new Promise((resolve) => {
      const settle = () => {
        for (const event of WAKING) stream.off(event, settle);
        signal.removeEventListener("abort", settle);
        resolve();
      };
      for (const event of WAKING) stream.on(event, settle);
      signal.addEventListener("abort", settle, { once: true });
    });
  }
}

/**
 * Ends TLS when the stream below it is destroyed without an end: over a stream that is no socket, Node's TLS would wait
 * for ever.
 */
export function tieToStream(tls: Duplex, below: Duplex): void {
  below.once("close", () => {
    if (!below.readableEnded) tls.destroy();
  });
}

const WAKING = ["readable", "end", "error", "close"] as const;

function ended(): ProtocolError {
  return new ProtocolError("unexpected_end", "the peer closed the connection during the handshake");
}

/** Errors of a stream end the pending read; there is nothing more to do about them. */
export function ignore(): void {}
