import { StringDecoder } from "node:string_decoder";
import type { LiveSession } from "@tidewaiter/core";
import type { DetectorSet } from "../content/detector-set.ts";
import { OutputMask } from "./output-mask.ts";
import type { Gate } from "./pump.ts";

/** How long the last line waits for its rest; a keystroke's echo not so long that a person feels it. */
const HOLD_MS = 25;
const HOLD_ECHO_MS = 4;
const ECHO_BYTES = 8;
/** Of one command without a terminal: beyond that it prints data, which is counted and not kept. */
const MAX_KEPT = 16 * 1024 * 1024;

export interface OutputOptions {
  readonly session: Pick<LiveSession, "record" | "count">;
  readonly operation: number;
  readonly stream: "output" | "error";
  /** Undefined: nothing is looked for. */
  readonly detectors: DetectorSet | undefined;
  readonly terminal: boolean;
  /** False: the bytes are those of files, which are told by other events. */
  readonly recorded: boolean;
  readonly write: (bytes: Buffer) => unknown;
  /** Asked for what goes out by itself, without a chunk that was asked for. */
  readonly gate: Gate;
}

/** What a command prints, on its way to the client: masked, recorded as shown, counted. */
export class Output {
  readonly #options: OutputOptions;
  readonly #mask: OutputMask | undefined;
  readonly #decoder = new StringDecoder("utf8");
  #timer: NodeJS.Timeout | undefined;
  #kept = 0;
  bytes = 0;

  constructor(options: OutputOptions) {
    this.#options = options;
    const { detectors, terminal } = options;
    this.#mask = detectors && new OutputMask({ set: detectors, keepWidth: terminal });
  }

  /** What may be written now. */
  take(chunk: Buffer): Buffer | undefined {
    const mask = this.#mask;
    if (mask === undefined) return this.#out(chunk);
    clearTimeout(this.#timer);
    const shown = mask.push(chunk);
    if (mask.holds > 0) {
      const wait = mask.holds <= ECHO_BYTES ? HOLD_ECHO_MS : HOLD_MS;
      this.#timer = setTimeout(() => this.#letGo(), wait);
    }
    return this.#out(shown);
  }

  /** The stream has ended: what is still held goes out. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#mask !== undefined) await this.#write(this.#out(this.#mask.flush()));
  }

  #letGo(): void {
    const bytes = this.#mask && this.#out(this.#mask.flush());
    if (bytes !== undefined) void this.#write(bytes);
  }

  #write(bytes: Buffer): void | Promise<void> {
    if (bytes.length === 0) return;
    const { gate, write } = this.#options;
    const allowed = gate(bytes.length);
    if (allowed === true) return void write(bytes);
    return allowed.then((granted) => void (granted && write(bytes))).catch(() => {});
  }

  #out(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    this.bytes += bytes.length;
    this.#options.session.count("client", bytes.length);
    if (this.#options.recorded) this.#record(bytes);
    return bytes;
  }

  #record(bytes: Buffer): void {
    const { session, operation, stream, terminal } = this.#options;
    const before = this.#kept;
    this.#kept += bytes.length;
    const at = Date.now();
    if (terminal || this.#kept <= MAX_KEPT) {
      const text = this.#decoder.write(bytes);
      if (text !== "") session.record({ at, type: "terminal", operation, stream, text });
    } else if (before <= MAX_KEPT) {
      const text = `#${operation} printed more than 16 MiB: the rest is counted, not kept`;
      session.record({ at, type: "notice", code: "output_not_kept", text });
    }
  }
}
