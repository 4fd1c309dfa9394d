import type { Writable } from "node:stream";
import type { ByteMeter } from "@tidewaiter/core";
import type { BodyMask } from "../response/body-mask.ts";

/** A line that has not ended is not held longer where nothing follows it. */
const FLUSH_MS = 25;

/** How long a client that does not read may keep what was ended from outside. */
const GOODBYE_MS = 1_000;

/** The budget of bytes is spent. */
export class BudgetSpent extends Error {
  override readonly name = "BudgetSpent";
}

export interface AnswerWriterOptions {
  /** Sends the head of the answer; once, with the first bytes or before. */
  readonly open: () => Writable;
  readonly mask: BodyMask | undefined;
  readonly meter: ByteMeter;
  readonly count: (bytes: number) => void;
  /** The client has left. */
  readonly signal: AbortSignal;
  /** The session has ended. */
  readonly over: AbortSignal;
  /** Bytes; the answer ends there. */
  readonly limit?: number;
}

/** The body of an answer on its way to the client: masked, counted, no faster than the client takes it. */
export class AnswerWriter {
  readonly #options: AnswerWriterOptions;
  #client: Writable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tail: Promise<void> = Promise.resolve();
  bytes = 0;

  constructor(options: AnswerWriterOptions) {
    this.#options = options;
  }

  /** Something has gone out: a failure from now on can only cut the answer. */
  get begun(): boolean {
    return this.#client !== undefined;
  }

  /** Nothing more goes out. */
  get full(): boolean {
    return this.#options.limit !== undefined && this.bytes >= this.#options.limit;
  }

  begin(): Writable {
    this.#client ??= this.#options.open();
    return this.#client;
  }

  /** Resolves when more may come. Throws what the mask throws, BudgetSpent, and an AbortError when the session ends. */
  async write(chunk: Buffer): Promise<void> {
    const { mask } = this.#options;
    clearTimeout(this.#timer);
    await this.#send(mask === undefined ? chunk : mask.push(chunk));
    if (mask?.flush === undefined) return;
    this.#timer = setTimeout(() => {
      // what fails here fails for the next chunk as well
      this.#flush(mask).catch(() => {});
    }, FLUSH_MS);
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    const { mask } = this.#options;
    if (mask !== undefined) await this.#send(mask.end());
    this.begin().end();
  }

  /** So that it does not look whole. */
  cut(): void {
    clearTimeout(this.#timer);
    this.#client?.destroy();
  }

  /** Says why as its last bytes, to a client that reads them soon. */
  endWith(text: string): void {
    clearTimeout(this.#timer);
    const client = this.begin();
    const late = setTimeout(() => client.destroy(), GOODBYE_MS);
    client.once("close", () => clearTimeout(late));
    client.end(text, () => clearTimeout(late));
  }

  async #flush(mask: BodyMask): Promise<void> {
    await this.#send(mask.flush?.() ?? Buffer.alloc(0));
  }

  #send(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return this.#tail;
    this.#tail = this.#tail.then(() => this.#out(bytes));
    return this.#tail;
  }

  async #out(all: Buffer): Promise<void> {
    const { meter, count, signal, over, limit = Number.POSITIVE_INFINITY } = this.#options;
    if (this.full) return;
    const bytes = all.subarray(0, limit - this.bytes);
    const allowed = meter.take(bytes.length);
    if (allowed !== true && !(await allowed)) throw new BudgetSpent();
    over.throwIfAborted();
    if (signal.aborted) return;
    const client = this.begin();
    this.bytes += bytes.length;
    count(bytes.length);
    if (client.write(bytes)) return;
    await drained(client, over);
    over.throwIfAborted();
  }
}

/** Or gone, or over. */
function drained(client: Writable, over: AbortSignal): Promise<void> {
  if (client.destroyed || over.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      client.off("drain", done);
      client.off("close", done);
      over.removeEventListener("abort", done);
      resolve();
    };
    client.once("drain", done);
    client.once("close", done);
    over.addEventListener("abort", done, { once: true });
  });
}
