import type { Duplex } from "node:stream";
import { SendWindow } from "../carrier/send-window.ts";
import { SharedSocket } from "../carrier/shared-socket.ts";
import { Receiver, Sender } from "./ws-parts.ts";

/** As the API server allows: a client may send a whole file in one message. */
const MAX_MESSAGE = 32 * 1024 * 1024;
const MAX_PIECES = 64 * 1024;
const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const NORMAL_CLOSURE = 1000;
/** How long a peer that was told the end may take to close. */
const GOODBYE_MS = 5_000;

export interface WebSocketOptions {
  /** Who asked for the upgrade is the client, and masks what it sends. */
  readonly role: "server" | "client";
  /** What is sent waits until the peer has read what came before. */
  readonly paced?: boolean;
  readonly onMessage: (message: Buffer, binary: boolean) => void;
}

/** A WebSocket on a socket that has been upgraded (RFC 6455), without extensions. Frames are read and written by `ws`. */
export class WebSocketConnection {
  readonly shared: SharedSocket;
  readonly #masks: boolean;
  readonly #receiver: Receiver;
  readonly #window: SendWindow | undefined;
  readonly #over = Promise.withResolvers<void>();
  #closing = false;

  constructor(socket: Duplex, head: Buffer, { role, paced = false, onMessage }: WebSocketOptions) {
    this.shared = new SharedSocket(socket, () => this.#ping());
    this.#masks = role === "client";
    this.#receiver = new Receiver({
      isServer: role === "server",
      maxPayload: MAX_MESSAGE,
      maxFragments: MAX_PIECES,
      maxBufferedChunks: MAX_PIECES,
      skipUTF8Validation: true,
    });
    this.#receiver.on("message", onMessage);
    this.#receiver.on("ping", (data: Buffer) => this.shared.answer(this.#frame(OPCODE.pong, data)));
    if (paced) {
      this.#window = new SendWindow((mark) => this.#ping(String(mark)));
      this.#receiver.on("pong", (data: Buffer) => this.#window?.read(Number(data.toString("latin1"))));
    }
    this.#receiver.on("conclude", () => this.#concluded());
    this.#receiver.on("error", () => this.destroy());
    socket.on("error", () => this.destroy());
    socket.on("end", () => this.destroy());
    socket.on("close", () => this.destroy());
    if (head.length > 0) socket.unshift(head);
    socket.on("data", (chunk: Buffer) => {
      if (!this.#receiver.destroyed) this.#receiver.write(chunk);
    });
  }

  /** Resolves when nothing can be read any more. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Calls back when more may be written. `message` is changed where it has to be masked. */
  send(message: Buffer, binary: boolean, done: (error?: Error | null) => void): void {
    if (this.#closing) return done();
    const frame = this.#frame(binary ? OPCODE.binary : OPCODE.text, message);
    const window = this.#window;
    if (window === undefined) return this.shared.write(frame, done);
    // behind what the peer may just have said: a write that fails would take it along
    setImmediate(() => this.shared.write(frame, () => window.add(message.length, done)));
  }

  /** Behind everything that was written, the peer is told that this is the end, and has some time to read it. */
  end(): void {
    if (this.#closing) return;
    this.#closing = true;
    const code = Buffer.alloc(2);
    code.writeUInt16BE(NORMAL_CLOSURE);
    this.shared.write(this.#frame(OPCODE.close, code), () => {});
    this.shared.socket.write(Buffer.alloc(0), () => setTimeout(() => this.destroy(), GOODBYE_MS).unref());
  }

  destroy(): void {
    this.#closing = true;
    this.#window?.open();
    this.shared.socket.destroy();
    this.#receiver.destroy();
    this.#over.resolve();
  }

  /** The peer has closed: it is answered once, and the socket ends. */
  #concluded(): void {
    const { socket } = this.shared;
    this.end();
    socket.end(() => this.destroy());
  }

  #ping(text = ""): void {
    if (!this.#closing) this.shared.write(this.#frame(OPCODE.ping, Buffer.from(text, "latin1")), () => {});
  }

  #frame(opcode: number, data: Buffer): readonly Buffer[] {
    return Sender.frame(data, { fin: true, opcode, mask: this.#masks, readOnly: false, rsv1: false });
  }
}
