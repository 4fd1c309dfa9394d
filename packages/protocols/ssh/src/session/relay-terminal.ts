import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Admission } from "@tidewaiter/core";
import { Output } from "@tidewaiter/toolkit/terminal/output";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import { TypedLine } from "@tidewaiter/toolkit/terminal/typed-line";
import { admit, detectorsOf, finish } from "./context.ts";
import { askOfTypedLine } from "./operations.ts";
import { budgetOf, type ChannelRelay, end } from "./relay-exec.ts";
import { approvedText, heldText, refusalText, spoken } from "./words.ts";

/** An echo comes back within this time after the last key, or is not waited for. */
const ECHO_QUIET_MS = 30;
const ECHO_LIMIT_MS = 300;
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

export interface TerminalSizeChange {
  readonly rows: number;
  readonly cols: number;
}

export interface TerminalRelay extends ChannelRelay {
  readonly size: TerminalSizeChange;
  readonly resizes: (listener: ((size: TerminalSizeChange) => void) | undefined) => void;
  /** Lines are typed to a shell: each is judged at Enter. */
  readonly typed: boolean;
}

/** A terminal: what the client sees is recorded and masked, what it types is judged line by line. */
export async function relayTerminal(relay: TerminalRelay): Promise<void> {
  const { context, channel, upstream, exited, admission, size, resizes, typed } = relay;
  const { session } = context;
  const { operation } = admission;
  const screen = typed ? new TypedLine({ columns: size.cols, rows: size.rows }) : undefined;
  const budget = budgetOf(relay);
  const output = new Output({
    session,
    operation,
    stream: "output",
    detectors: detectorsOf(context, admission),
    terminal: true,
    recorded: true,
    write: (bytes) => channel.write(bytes),
    gate: budget.gate,
  });
  const sized = ({ cols, rows }: TerminalSizeChange): void =>
    session.record({ at: Date.now(), type: "terminal_size", operation, columns: cols, rows });
  sized(size);
  resizes((changed) => {
    sized(changed);
    screen?.resize(changed.cols, changed.rows);
  });
  const keys = new Keys(relay, screen);
  void pump(channel, upstream, (chunk) => {
    keys.take(chunk);
    return undefined;
  }).then(() => keys.end());
  await Promise.all([
    pump(
      upstream,
      channel,
      (chunk) => {
        screen?.output(chunk);
        keys.shown();
        return output.take(chunk);
      },
      budget.gate,
    ),
    pump(upstream.stderr, channel.stderr, (chunk) => output.take(chunk), budget.gate),
  ]);
  await output.end();
  const exit = budget.end(await exited);
  resizes(undefined);
  screen?.dispose();
  end(relay, exit, output.bytes);
}

/** What the client types, in order: nothing behind an Enter is passed on before the line was judged. */
class Keys {
  readonly #relay: TerminalRelay;
  readonly #screen: TypedLine | undefined;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #busy = false;
  #ended = false;
  /** Inside of a bracketed paste, which a program has asked for: Enter does not run a line there. */
  #pasting = false;
  /** End of the last chunk of a paste: its closing bracket may come in pieces. */
  #tail = "";
  #shownAt = 0;
  #sent = false;
  #taken: AbortController | undefined;

  constructor(relay: TerminalRelay, screen: TypedLine | undefined) {
    this.#relay = relay;
    this.#screen = screen;
  }

  shown(): void {
    this.#shownAt = performance.now();
  }

  take(chunk: Buffer): void {
    // while a line waits for a person, Ctrl-C takes it back
    if (this.#taken !== undefined && chunk.includes(CTRL_C)) return this.#taken.abort();
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    // read on while a line is judged, so that a Ctrl-C or an end is noticed
    if (this.#waitingBytes > MAX_WAITING) this.#relay.channel.pause();
    if (!this.#busy) void this.#drain();
  }

  end(): void {
    this.#ended = true;
    this.#taken?.abort();
    if (!this.#busy) this.#relay.upstream.end();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    const { upstream, channel } = this.#relay;
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
      this.#waitingBytes -= chunk.length;
      await this.#chunk(chunk).catch(() => upstream.close());
      if (upstream.writableNeedDrain) await once(upstream, "drain").catch(() => {});
    }
    this.#busy = false;
    if (this.#ended) upstream.end();
    else channel.resume();
  }

  async #chunk(chunk: Buffer): Promise<void> {
    const { context } = this.#relay;
    context.session.count("target", chunk.length);
    const screen = this.#screen;
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
    this.#screen?.forget();
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
    if (!this.#sent) return;
    const limit = performance.now() + ECHO_LIMIT_MS;
    const begun = performance.now();
    for (;;) {
      const now = performance.now();
      const quiet = now - Math.max(this.#shownAt, begun);
      if (quiet >= ECHO_QUIET_MS || now >= limit) return;
      await delay(ECHO_QUIET_MS - quiet);
    }
  }

  /** False: refused, and said so. */
  async #judge(line: string): Promise<boolean> {
    const { context, channel, signal } = this.#relay;
    const startedAt = Date.now();
    this.#taken = new AbortController();
    const say = (lines: readonly string[]): void => void channel.write(`\r\n${spoken(lines, "\r\n")}`);
    const admission: Admission = await admit(context, {
      ...askOfTypedLine(line),
      signal: AbortSignal.any([signal, this.#taken.signal]),
      onHeld: (held) => say(heldText(held)),
    });
    this.#taken = undefined;
    if (!admission.ok) {
      say([refusalText(context.resource, "not run", admission)]);
      return false;
    }
    if (admission.approval !== undefined) say([approvedText(admission.approval)]);
    finish(context, admission.operation, { result: "completed", tag: "sent", bytes: 0, startedAt });
    return true;
  }

  #send(bytes: Buffer): void {
    this.#sent = true;
    this.#relay.upstream.write(bytes);
  }
}

/** Control characters but for Tab and the ends of lines. */
function edits(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}
