import { writeHeader } from "./encode.ts";
import { HEADER_BYTES, KIND, MAX_DATA_BYTES, SEND_MESSAGE_BYTES } from "./frame.ts";
import { releaseMessage, takeMessage } from "./message-pool.ts";
import type { TunnelSocket } from "./socket.ts";
import type { MuxStream } from "./stream.ts";

/** Bytes given to the socket and not yet taken by the kernel, over which streams wait: keeps small frames' wait short. */
const SOCKET_BYTES = 256 * 1024;
/** A stream with no more than this to send goes before bulk streams. */
const SMALL_BYTES = 4 * 1024;
/** What a bulk stream may send before the next one has its turn. */
const TURN_BYTES = MAX_DATA_BYTES;
/** Least room worth a frame of a larger stream. */
const LEAST_FRAME_BYTES = 1024;
/** Frames other than data are answers to the peer: one that never reads them must not fill our memory. */
const MAX_URGENT_BYTES = 1024 * 1024;
/** Messages given to the socket at once: each holds a whole buffer, however little is in it. */
const MAX_MESSAGES_IN_SOCKET = 4;

/**
 * Everything waiting for the socket. One flush per turn of the event loop packs many frames into one message:
 * frames about streams and the tunnel first, then streams with little to send, then bulk streams in turn.
 * Each message leaves room for a turn of bulk, so neither kind starves the other.
 */
export class Outbox {
  readonly #socket: TunnelSocket;
  readonly #onOverload: () => void;
  #urgent: Buffer[] = [];
  #urgentBytes = 0;
  readonly #ready = new Set<MuxStream>();
  /** The next message, as far as it is written already. */
  #open: Buffer | undefined;
  #openBytes = 0;
  #inSocket = 0;
  #messagesInSocket = 0;
  #scheduled = false;
  #stopped = false;

  constructor(socket: TunnelSocket, onOverload: () => void) {
    this.#socket = socket;
    this.#onOverload = onOverload;
  }

  /** Queues an encoded frame ahead of all data. */
  urgent(frame: Buffer): void {
    if (this.#stopped) return;
    this.#urgent.push(frame);
    this.#urgentBytes += frame.length;
    if (this.#urgentBytes > MAX_URGENT_BYTES) this.#onOverload();
    else this.#schedule();
  }

  ready(stream: MuxStream): void {
    if (this.#stopped) return;
    this.#ready.add(stream);
    this.#schedule();
  }

  /**
   * Copies bytes of a stream that has none waiting into the next message at once, so that they need no memory of their own.
   * The result is how many, at most `limit`: none while others wait for the socket.
   */
  append(stream: { readonly id: number; readonly version: number }, bytes: Buffer, limit: number): number {
    const wanted = Math.min(bytes.length, limit);
    let taken = 0;
    while (taken < wanted && !this.#stopped && this.#ready.size === 0 && !this.#socketFull) {
      this.#open ??= takeMessage(SEND_MESSAGE_BYTES);
      const room = this.#open.length - this.#openBytes - HEADER_BYTES;
      const length = Math.min(wanted - taken, room, MAX_DATA_BYTES);
      if (length <= 0 || room < Math.min(LEAST_FRAME_BYTES, wanted - taken)) {
        this.#send(this.#open, this.#openBytes);
        continue;
      }
      writeHeader(this.#open, this.#openBytes, { version: stream.version, kind: KIND.data, stream: stream.id, length });
      bytes.copy(this.#open, this.#openBytes + HEADER_BYTES, taken, taken + length);
      this.#openBytes += HEADER_BYTES + length;
      taken += length;
    }
    if (this.#openBytes > 0) this.#schedule();
    return taken;
  }

  remove(stream: MuxStream): void {
    this.#ready.delete(stream);
  }

  /** Sends what is in the next message and the frames that are not data, whatever the socket holds, and takes nothing more. */
  finish(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#ready.clear();
    const rest = this.#open === undefined ? this.#urgent : [this.#open.subarray(0, this.#openBytes), ...this.#urgent];
    if (rest.length > 0) this.#socket.send(Buffer.concat(rest), () => {});
    this.#urgent = [];
    this.#open = undefined;
  }

  get #socketFull(): boolean {
    return this.#inSocket >= SOCKET_BYTES || this.#messagesInSocket >= MAX_MESSAGES_IN_SOCKET;
  }

  get #anythingWaits(): boolean {
    return this.#openBytes > 0 || this.#urgent.length > 0 || this.#ready.size > 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#socketFull) return;
    this.#scheduled = true;
    // After the poll phase: what all sockets delivered in this turn leaves together.
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (!this.#stopped && !this.#socketFull && this.#anythingWaits) {
      const buffer = this.#open ?? takeMessage(this.#capacity());
      const length = this.#fillMessage(buffer);
      if (this.#stopped) return;
      if (length === 0) return releaseMessage(buffer);
      this.#send(buffer, length);
    }
  }

  /** Of a buffer that is `#open` too. */
  #send(buffer: Buffer, length: number): void {
    this.#open = undefined;
    this.#openBytes = 0;
    this.#inSocket += length;
    this.#messagesInSocket++;
    this.#socket.send(buffer.subarray(0, length), () => {
      releaseMessage(buffer);
      this.#inSocket -= length;
      this.#messagesInSocket--;
      if (this.#anythingWaits) this.#schedule();
    });
  }

  /** Writes what waits behind what is in the message already; the result is its length. */
  #fillMessage(target: Buffer): number {
    // Behind bytes that were appended: a fin or reset of their stream must not overtake them.
    let length = this.#fillUrgent(target, this.#openBytes);
    length = this.#fillSmall(target, length);
    length = this.#fillBulk(target, length);
    // The fin of a stream whose last bytes were just taken.
    return this.#fillUrgent(target, length);
  }

  #capacity(): number {
    let bytes = this.#urgentBytes;
    for (const stream of this.#ready) {
      bytes += stream.backlog + HEADER_BYTES * (2 + Math.ceil(stream.backlog / TURN_BYTES));
      if (bytes > SEND_MESSAGE_BYTES) return SEND_MESSAGE_BYTES;
    }
    return bytes;
  }

  #fillUrgent(target: Buffer, start: number): number {
    let length = start;
    let count = 0;
    for (const frame of this.#urgent) {
      if (length + frame.length > target.length) break;
      length += frame.copy(target, length);
      count++;
    }
    this.#urgent = count === this.#urgent.length ? [] : this.#urgent.slice(count);
    this.#urgentBytes -= length - start;
    return length;
  }

  #fillSmall(target: Buffer, start: number): number {
    if (this.#ready.size < 2) return start;
    const limit = target.length === SEND_MESSAGE_BYTES ? target.length - HEADER_BYTES - TURN_BYTES : target.length;
    let length = start;
    for (const stream of [...this.#ready]) {
      if (stream.backlog > SMALL_BYTES || length + HEADER_BYTES + stream.backlog > limit) continue;
      length += stream.fill(target, length, limit);
      if (stream.sendable === 0) this.#ready.delete(stream);
    }
    return length;
  }

  #fillBulk(target: Buffer, start: number): number {
    let length = start;
    for (const stream of this.#ready) {
      const room = target.length - length - HEADER_BYTES;
      if (room < Math.min(LEAST_FRAME_BYTES, stream.sendable)) break;
      length += stream.fill(target, length, Math.min(target.length, length + HEADER_BYTES + TURN_BYTES));
      // To the end of the line: iteration over a Set comes to an element that was added again.
      this.#ready.delete(stream);
      if (stream.sendable > 0) this.#ready.add(stream);
    }
    return length;
  }
}
