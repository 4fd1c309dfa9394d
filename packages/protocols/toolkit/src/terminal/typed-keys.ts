import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { TypedLine } from "./typed-line.ts";

/** The echo of a line is complete when nothing more comes for so long; a program that prints all the time is not waited for. */
const ECHO_QUIET_MS = 30;
const ECHO_LIMIT_MS = 300;
/** Nothing came since the last key: it is not shown, as in a password, or the target is slow. */
const NO_ECHO_MS = 700;
/** Enters in one chunk: more than a person types at once, so that the lines are those of the chunk. */
const PASTED_LINES = 3;
const MAX_PASTED = 200;
/** Typed ahead of a line that is judged. */
const MAX_WAITING = 64 * 1024;
const CTRL_C = 0x03;
/** Keys that run a line: Enter, Ctrl-J, and Ctrl-O of readline. */
const RUNS = Buffer.from("\r\n\u000f");
const PASTE_BEGINS = "\u001b[200~";
const PASTE_ENDS = "\u001b[201~";
/** To the end of the line, forget it, and a new prompt. */
const FORGET_LINE = "\u0005\u0015\r";

export interface TypedKeysOptions {
  /** Undefined: lines are not judged, keys pass as they come. */
  readonly screen: TypedLine | undefined;
  /** Where the keys come from: it waits while too many are typed ahead. */
  readonly source: Pick<Readable, "pause" | "resume">;
  readonly sink: Writable;
  /**
   * Whether a line may run; who says no has said so to the client. `taken` is aborted when the client takes the line back.
   * Rejects where nothing more may pass.
   */
  readonly judge: (line: string, taken: AbortSignal) => Promise<boolean>;
  /** Counts what was typed. */
  readonly passed: (bytes: number) => void;
  /** A line could not be judged: the target is closed. */
  readonly broken: () => void;
}

/** What the client types, in order: nothing behind an Enter is passed on before the line was judged. */
export class TypedKeys {
  readonly #options: TypedKeysOptions;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #busy = false;
  #ended = false;
  /** Inside of a bracketed paste, which a program has asked for: Enter does not run a line there. */
  #pasting = false;
  /** End of the last chunk of a paste: its closing bracket may come in pieces. */
  #tail = "";
  #shownAt = 0;
  #sentAt = 0;
  #taken: AbortController | undefined;

  constructor(options: TypedKeysOptions) {
    this.#options = options;
  }

  /** Something of the target's was shown. */
  shown(): void {
    this.#shownAt = performance.now();
  }

  take(chunk: Buffer): void {
    // while a line waits for a person, Ctrl-C takes it back
    if (this.#taken !== undefined && chunk.includes(CTRL_C)) return this.#taken.abort();
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    // read on while a line is judged, so that a Ctrl-C or an end is noticed
    if (this.#waitingBytes > MAX_WAITING) this.#options.source.pause();
    if (!this.#busy) void this.#drain();
  }

  end(): void {
    this.#ended = true;
    this.#taken?.abort();
    if (!this.#busy) this.#options.sink.end();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    const { source, sink, broken } = this.#options;
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
      this.#waitingBytes -= chunk.length;
      await this.#chunk(chunk).catch(broken);
      if (sink.writableNeedDrain && !sink.destroyed) await drained(sink);
    }
    this.#busy = false;
    if (this.#ended) sink.end();
    else source.resume();
  }

  async #chunk(chunk: Buffer): Promise<void> {
    const { screen, passed } = this.#options;
    passed(chunk.length);
    if (screen === undefined) return this.#send(chunk);
    return this.#keys(chunk, screen);
  }

  async #keys(chunk: Buffer, screen: TypedLine): Promise<void> {
    const text = chunk.toString("latin1");
    if (this.#pasting) return this.#paste(chunk, text, screen);
    const begins = text.indexOf(PASTE_BEGINS);
    if (begins >= 0) {
      if (begins > 0) await this.#typed(chunk.subarray(0, begins), screen);
      const rest = text.slice(begins);
      if (await screen.takesPastes()) {
        this.#pasting = true;
        this.#tail = "";
        return this.#paste(chunk.subarray(begins), rest, screen);
      }
      return this.#lines(chunk.subarray(begins), screen);
    }
    return this.#typed(chunk, screen);
  }

  async #paste(chunk: Buffer, text: string, screen: TypedLine): Promise<void> {
    const known = this.#tail + text;
    const ends = known.indexOf(PASTE_ENDS);
    screen.begin();
    if (ends < 0) {
      this.#tail = known.slice(1 - PASTE_ENDS.length);
      return this.#send(chunk);
    }
    const over = ends + PASTE_ENDS.length - this.#tail.length;
    this.#pasting = false;
    this.#tail = "";
    this.#send(chunk.subarray(0, over));
    if (over < chunk.length) await this.#keys(chunk.subarray(over), screen);
  }

  async #typed(chunk: Buffer, screen: TypedLine): Promise<void> {
    const enters = chunk.filter((byte) => RUNS.includes(byte)).length;
    // a line with keys that change it is read from the screen
    if (enters < PASTED_LINES || chunk.some(edits)) return this.#lines(chunk, screen);
    // the first may have begun before
    const first = chunk.findIndex((byte) => RUNS.includes(byte)) + 1;
    await this.#lines(chunk.subarray(0, first), screen);
    return this.#pasted(chunk.subarray(first), enters - 1);
  }

  async #lines(chunk: Buffer, screen: TypedLine): Promise<void> {
    let at = 0;
    while (at < chunk.length) {
      const enter = chunk.findIndex((byte, index) => index >= at && RUNS.includes(byte));
      const stop = enter < 0 ? chunk.length : enter;
      if (stop > at) {
        screen.begin();
        this.#send(chunk.subarray(at, stop));
      }
      if (enter >= 0) await this.#enter(chunk.subarray(enter, enter + 1), screen);
      at = stop + 1;
    }
  }

  /** Many lines at once are not on the screen yet: they are judged as they were sent. */
  async #pasted(chunk: Buffer, enters: number): Promise<void> {
    const lines = chunk.toString("utf8").split(/[\r\n]+/);
    const judged = enters > MAX_PASTED ? [chunk.toString("utf8").slice(0, 8_192)] : lines;
    for (const line of judged) if (line.trim() !== "" && !(await this.#judge(line.trim()))) return;
    this.#options.screen?.forget();
    this.#send(chunk);
  }

  async #enter(key: Buffer, screen: TypedLine): Promise<void> {
    await this.#echoed();
    const line = await screen.read();
    screen.forget();
    if (line === undefined || line === "" || (await this.#judge(line))) return this.#send(key);
    this.#send(Buffer.from(FORGET_LINE));
  }

  /** The last keys may not have come back yet. */
  async #echoed(): Promise<void> {
    const begun = performance.now();
    for (;;) {
      const now = performance.now();
      const answered = this.#shownAt >= this.#sentAt;
      const quiet = now - Math.max(this.#shownAt, begun);
      if (answered && quiet >= ECHO_QUIET_MS) return;
      if (now - begun >= (answered ? ECHO_LIMIT_MS : NO_ECHO_MS)) return;
      await delay(answered ? ECHO_QUIET_MS - quiet : ECHO_QUIET_MS);
    }
  }

  async #judge(line: string): Promise<boolean> {
    const taken = new AbortController();
    this.#taken = taken;
    const may = await this.#options.judge(line, taken.signal);
    this.#taken = undefined;
    return may;
  }

  #send(bytes: Buffer): void {
    this.#sentAt = performance.now();
    this.#options.sink.write(bytes);
  }
}

/** Control characters but for Tab and the ends of lines. */
function edits(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}

/** Or gone. */
async function drained(sink: Writable): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(sink, "drain", { signal }), once(sink, "close", { signal })]).catch(() => {});
  over.abort();
}
