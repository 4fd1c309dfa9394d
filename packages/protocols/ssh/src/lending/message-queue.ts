import type { Readable } from "node:stream";
import { PacketFramer } from "../packet-framer.ts";

/** Messages of a stream, one at a time. It is read on only while none waits, and so notices when its peer leaves. */
export class MessageQueue {
  readonly #stream: Readable;
  readonly #framer: PacketFramer;
  readonly #over = new AbortController();
  #wake: (() => void) | undefined;
  #next: Buffer | undefined;

  /**
   * @param most bytes of one message; one that says more ends the queue
   * @param count told of bytes as they come
   */
  constructor(stream: Readable, most: number, count: (bytes: number) => void) {
    this.#stream = stream;
    this.#framer = new PacketFramer(most);
    stream.on("data", (chunk: Buffer) => {
      // behind what is no message nothing is kept
      if (this.#over.signal.aborted) return;
      count(chunk.length);
      this.#framer.push(chunk);
      if (this.#next === undefined) this.#advance();
    });
    const end = (): void => {
      this.#over.abort();
      this.#wake?.();
    };
    stream.once("end", end).once("close", end).once("error", end);
  }

  /** Aborted when nothing more comes. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** The next message with its length field; undefined when the stream has ended. One call at a time. */
  async next(): Promise<Buffer | undefined> {
    while (this.#next === undefined && !this.#over.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const message = this.#next;
    this.#next = undefined;
    if (message !== undefined) this.#advance();
    return message;
  }

  #advance(): void {
    try {
      this.#next = this.#framer.next();
    } catch {
      this.#over.abort();
    }
    if (this.#next === undefined) this.#stream.resume();
    else this.#stream.pause();
    this.#wake?.();
  }
}
