import type { Duplex } from "node:stream";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { type Carrier, Channel } from "../carrier/channel.ts";
import { SendWindow } from "../carrier/send-window.ts";
import { SharedSocket } from "../carrier/shared-socket.ts";
import { SpdyDecoder } from "./decoder.ts";
import {
  dataFrame,
  goAwayFrame,
  pingFrame,
  RESET,
  rstStreamFrame,
  type SpdyFrame,
  synReplyFrame,
  synStreamFrame,
} from "./frames.ts";
import { HeaderReader, HeaderWriter, type SpdyHeaders } from "./header-block.ts";

/** Two for each connection that a browser behind `kubectl port-forward` has. */
const MAX_STREAMS = 1_024;
const MAX_DATA = 64 * 1024;
const REPLY_MS = 30_000;
/** How long a peer may take to close by itself when its streams are over. */
const LEAVE_MS = 2_000;
/** How long a peer that was told the end may take to close. */
const GOODBYE_MS = 5_000;

export interface SpdyOptions {
  /** Streams of a client have odd ids. */
  readonly role: "server" | "client";
  /** What is sent waits until the peer has read what came before. */
  readonly paced?: boolean;
  /** The peer opens a stream; false: it is refused. */
  readonly onStream?: (stream: SpdyStream) => boolean;
}

export class SpdyStream extends Channel {
  readonly headers: SpdyHeaders;

  constructor(id: number, headers: SpdyHeaders, carrier: Carrier) {
    super(id, carrier);
    this.headers = headers;
  }
}

interface Opening {
  readonly stream: SpdyStream;
  readonly replied: (stream: SpdyStream) => void;
  readonly failed: (error: Error) => void;
}

/**
 * One SPDY/3.1 connection, as far as Kubernetes uses it. The windows of SPDY (2.6.8) are not used: the peers that there
 * are, all of moby/spdystream, neither send nor heed WINDOW_UPDATE and count on TCP alone, and so do we. As with them, one
 * stream that nobody reads stops the whole connection.
 */
export class SpdyConnection implements Carrier {
  readonly #shared: SharedSocket;
  readonly #role: SpdyOptions["role"];
  readonly #onStream: NonNullable<SpdyOptions["onStream"]>;
  readonly #decoder = new SpdyDecoder();
  readonly #headerReader = new HeaderReader();
  readonly #headerWriter = new HeaderWriter();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #opening = new Map<number, Opening>();
  readonly #frames: (SpdyFrame | { readonly type: "end" })[] = [];
  readonly #window: SendWindow | undefined;
  /** Of pings that are not answered yet: how much was sent before them. */
  readonly #marks = new Map<number, number>();
  readonly #over = Promise.withResolvers<void>();
  #reading = false;
  #lastOpened = -1;
  #lastReceived = 0;
  #ping: number;
  #ending = false;
  #ended = false;

  constructor(socket: Duplex, head: Buffer, { role, paced = false, onStream = () => false }: SpdyOptions) {
    this.#shared = new SharedSocket(socket, () => void this.#sendPing());
    this.#role = role;
    this.#onStream = onStream;
    this.#ping = role === "client" ? 1 : 2;
    if (paced) this.#window = new SendWindow((mark) => this.#marks.set(this.#sendPing(), mark));
    socket.on("error", () => this.destroy());
    socket.on("close", () => this.destroy());
    socket.on("end", () => this.#peerEnded());
    if (head.length > 0) socket.unshift(head);
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
  }

  /** Resolves when nothing can be read any more. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Opens a stream; resolves when the peer has taken it, since moby/spdystream loses data that comes before. */
  open(headers: Readonly<Record<string, string>>): Promise<SpdyStream> {
    this.#lastOpened = this.#lastOpened < 0 ? (this.#role === "client" ? 1 : 2) : this.#lastOpened + 2;
    const id = this.#lastOpened;
    const stream = new SpdyStream(id, new Map(Object.entries(headers)), this);
    const { promise, resolve, reject } = Promise.withResolvers<SpdyStream>();
    const late = setTimeout(() => this.#refused(id), REPLY_MS);
    const settled = (): void => clearTimeout(late);
    this.#opening.set(id, {
      stream,
      replied: (opened) => {
        settled();
        resolve(opened);
      },
      failed: (error) => {
        settled();
        reject(error);
      },
    });
    this.#streams.set(id, stream);
    if (this.#ended) this.#refused(id);
    else this.#shared.write([synStreamFrame(id, this.#headerWriter.block(headers))], () => {});
    return promise;
  }

  /**
   * Everything has been said on every stream. The peer may read it and close; after a while it is told that this is the end.
   * Who is told at once may still be about to write, and complains.
   */
  end(): void {
    const { socket } = this.#shared;
    if (this.#ending || this.#ended) return;
    this.#ending = true;
    const goodbye = setTimeout(() => {
      this.#shared.write([goAwayFrame(this.#lastReceived)], () => {});
      socket.end(() => setTimeout(() => this.destroy(), GOODBYE_MS).unref());
    }, LEAVE_MS);
    void this.over.then(() => clearTimeout(goodbye));
  }

  destroy(): void {
    this.#ended = true;
    this.#window?.open();
    this.#shared.socket.destroy();
    this.#headerReader.close();
    for (const id of this.#opening.keys()) this.#refused(id);
    for (const stream of this.#streams.values()) stream.receiveReset();
    this.#streams.clear();
    this.#over.resolve();
  }

  send(stream: Channel, chunk: Buffer, done: (error?: Error | null) => void): void {
    const parts: Buffer[] = [];
    for (let at = 0; at < chunk.length; at += MAX_DATA)
      parts.push(...dataFrame(stream.id, chunk.subarray(at, at + MAX_DATA), false));
    const window = this.#window;
    if (window === undefined) return this.#shared.write(parts, done);
    // behind what the peer may just have said: a write that fails would take it along
    setImmediate(() => this.#shared.write(parts, () => window.add(chunk.length, done)));
  }

  finish(stream: Channel, done: () => void): void {
    this.#shared.write(dataFrame(stream.id, Buffer.alloc(0), true), done);
  }

  closed(stream: Channel, broken: boolean): void {
    this.#streams.delete(stream.id);
    if (broken && !this.#ended) this.#shared.write([rstStreamFrame(stream.id, RESET.cancel)], () => {});
  }

  full(stream: Channel): void {
    this.#shared.hold(stream);
  }

  room(stream: Channel): void {
    this.#shared.release(stream);
  }

  #sendPing(): number {
    const ping = this.#ping;
    this.#shared.write([pingFrame(ping)], () => {});
    this.#ping = ping > 0x7ffffffc ? ping % 2 || 2 : ping + 2;
    return ping;
  }

  #received(chunk: Buffer): void {
    if (this.#ended) return;
    try {
      this.#frames.push(...this.#decoder.push(chunk));
    } catch {
      // what came before the broken frame is not more than its peer's last words
      return this.destroy();
    }
    void this.#read();
  }

  #peerEnded(): void {
    this.#frames.push({ type: "end" });
    void this.#read();
  }

  /** Frames in their order. Only headers have to be waited for; meanwhile nothing more is read. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let frame = this.#frames.shift(); frame !== undefined && !this.#ended; frame = this.#frames.shift()) {
        if (!("block" in frame)) {
          this.#take(frame);
          continue;
        }
        this.#shared.hold(this.#frames);
        const headers = await this.#headerReader.read(frame.block);
        this.#shared.release(this.#frames);
        this.#takeHeaders(frame, headers);
      }
    } catch {
      this.destroy();
    } finally {
      this.#reading = false;
    }
  }

  #takeHeaders(frame: Extract<SpdyFrame, { block: Buffer }>, headers: SpdyHeaders): void {
    if (frame.type === "syn_stream") this.#opened(frame, headers);
    else if (frame.type === "syn_reply") {
      const opening = this.#opening.get(frame.stream);
      this.#opening.delete(frame.stream);
      opening?.replied(opening.stream);
    }
    if (frame.fin) this.#streams.get(frame.stream)?.receiveEnd();
  }

  #opened({ stream: id }: { readonly stream: number }, headers: SpdyHeaders): void {
    const parity = this.#role === "server" ? 1 : 0;
    if (id % 2 !== parity || id <= this.#lastReceived)
      throw new ProtocolError("malformed_message", "a stream has an id that it may not have");
    this.#lastReceived = id;
    const stream = new SpdyStream(id, headers, this);
    if (this.#streams.size >= MAX_STREAMS || !this.#onStream(stream))
      return this.#shared.answer([rstStreamFrame(id, RESET.refusedStream)]);
    this.#streams.set(id, stream);
    this.#shared.answer([synReplyFrame(id, this.#headerWriter.block({}))]);
  }

  #refused(id: number): void {
    const opening = this.#opening.get(id);
    if (opening === undefined) return;
    this.#opening.delete(id);
    this.#streams.delete(id);
    opening.failed(new ProtocolError("unexpected_end", "the peer did not take a stream"));
  }

  #take(frame: Exclude<SpdyFrame, { block: Buffer }> | { readonly type: "end" }): void {
    switch (frame.type) {
      case "data": {
        // of a stream that is over: its peer may not have known
        const stream = this.#streams.get(frame.stream);
        stream?.receive(frame.bytes);
        if (frame.fin) stream?.receiveEnd();
        return;
      }
      case "rst_stream":
        this.#refused(frame.stream);
        this.#streams.get(frame.stream)?.receiveReset();
        this.#streams.delete(frame.stream);
        return;
      case "ping":
        if (frame.id % 2 !== this.#ping % 2) return this.#shared.answer([pingFrame(frame.id)]);
        this.#window?.read(this.#marks.get(frame.id) ?? 0);
        this.#marks.delete(frame.id);
        return;
      case "end":
        return this.destroy();
      default:
        // who goes away closes; settings and windows are not used
        return;
    }
  }
}
