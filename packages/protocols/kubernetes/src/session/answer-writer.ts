import type { Writable } from "node:stream";
import type { ByteMeter } from "@tidewaiter/core";
import type { BodyMask } from "../response/body-mask.ts";

/** A line that has not ended is not held longer where nothing follows it. */
const FLUSH_MS = 25;

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

  begin(): Writable {
    this.#client ??= this.#options.open();
    return this.#client;
  }

  /** Resolves when more may come. Throws what the mask throws, and BudgetSpent. */
  async write(chunk: Buffer): Promise<void> {
    const { mask } = this.#options;
    clearTimeout(this.#timer);
    await this.#send(mask === undefined ? chunk : mask.push(chunk));
    if (mask?.flush === undefined) return;
    this.#timer = setTimeout(() => {
      // what fails here fails for the next chunk as well
      this.#send(mask.flush?.() ?? Buffer.alloc(0)).catch(() => {});
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

  #send(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return this.#tail;
    this.#tail = this.#tail.then(() => this.#out(bytes));
    return this.#tail;
  }

  async #out(bytes: Buffer): Promise<void> {
    const { meter, count, signal } = this.#options;
    const allowed = meter.take(bytes.length);
    if (allowed !== true && !(await allowed)) throw new BudgetSpent();
    if (signal.aborted) return;
    const client = this.begin();
    this.bytes += bytes.length;
    count(bytes.length);
    if (!client.write(bytes)) await drained(client);
  }
}

/** Or gone. */
function drained(client: Writable): Promise<void> {
  if (client.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      client.off("drain", done);
      client.off("close", done);
      resolve();
    };
    client.once("drain", done);
    client.once("close", done);
  });
}
