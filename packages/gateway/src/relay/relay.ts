import type { Duplex } from "node:stream";
import type {
  Answer,
  Ask,
  BudgetAmounts,
  Effect,
  Input,
  Interruption,
  RelayOptions,
  SessionEvent,
  Side,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { Output } from "./output.ts";

/** Bytes of client messages kept back before reading stops; they are still read, so that a client that leaves is noticed. */
const MAX_BACKLOG = 64 * 1024;
/** After this many large reads in a row reading pauses for a moment: fewer, larger system calls (performance.md). */
const BULK_READS = 8;
const BULK_BYTES = 8 * 1024;
const BULK_PAUSE_MS = 1;
/** Events about what is over: nothing waits for their acceptance. */
const AFTERWARDS: ReadonlySet<SessionEvent["type"]> = new Set(["operation_finished", "rows"]);
/** How long a peer may take to read what is left for it. */
const LINGER_MS = 5_000;

/** What the relay needs of the session it runs for. */
export interface RelaySession {
  readonly append: (event: SessionEvent) => void;
  /** Undefined when everything appended is accepted; a promise where that takes a disk. Throws when it cannot be. */
  readonly flush: () => undefined | Promise<void>;
  readonly ask: (askId: number, ask: Ask, answer: (askId: number, answer: Answer) => void) => void;
  readonly withdraw: (askId: number, reason: string) => void;
  readonly returnBudget: (budget: string, unused: BudgetAmounts) => void;
  readonly count: (side: Side, bytes: number) => void;
  readonly onInterrupt: (interrupt: (by: Interruption) => void) => void;
}

/**
 * Moves one session's messages through its inspector and performs the effects in order. One turn = one chunk read, one
 * answer or one interruption; at its end everything recorded is accepted by the journal before anything is written.
 * Resolves with the reason when the session is over; never rejects.
 */
export function relay<M>(options: RelayOptions<M, Duplex>, session: RelaySession): Promise<string> {
  return new Relay(options, session).run();
}

interface SideState<M> {
  readonly stream: Duplex;
  readonly output: Output;
  readonly framer: { push(chunk: Uint8Array): void; next(): M | undefined };
  /** Chunks that came while an earlier one was still being prepared. */
  readonly waiting: Buffer[];
  busy: boolean;
  ended: boolean;
  bulkReads: number;
}

class Relay<M> {
  readonly #options: RelayOptions<M, Duplex>;
  readonly #session: RelaySession;
  readonly #sides: Record<Side, SideState<M>>;
  readonly #done = Promise.withResolvers<string>();
  #flushing = false;
  #dirty = false;
  #closing: string | undefined;
  #settled = false;
  #asks: (() => void)[] = [];
  /** The newest request to cancel what the target does; resolves when the target has taken it, or cannot. */
  #canceling: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions<M, Duplex>, session: RelaySession) {
    this.#options = options;
    this.#session = session;
    const side = (name: Side): SideState<M> => ({
      stream: options[name],
      output: new Output(options[name], () => this.#resume()),
      framer: options.framers[name],
      waiting: [],
      busy: false,
      ended: false,
      bulkReads: 0,
    });
    this.#sides = { client: side("client"), target: side("target") };
  }

  run(): Promise<string> {
    this.#options.onStart((by) => this.#interrupt(by));
    this.#session.onInterrupt((by) => void this.#interrupt(by));
    for (const side of ["client", "target"] as const) this.#attach(side);
    if (this.#options.targetLeftover.length > 0) this.#onChunk("target", Buffer.from(this.#options.targetLeftover));
    for (const side of ["client", "target"] as const) this.#sides[side].stream.resume();
    return this.#done.promise;
  }

  #attach(side: Side): void {
    const { stream } = this.#sides[side];
    stream.on("data", (chunk: Buffer) => this.#onChunk(side, chunk));
    stream.on("end", () => this.#onEnd(side));
    stream.on("error", () => this.#onEnd(side));
    stream.on("close", () => this.#onEnd(side));
    if (stream.destroyed || stream.readableEnded) this.#onEnd(side);
  }

  #onChunk(side: Side, chunk: Buffer): void {
    const state = this.#sides[side];
    if (this.#settled || this.#closing !== undefined) return;
    state.waiting.push(chunk);
    if (!state.busy) this.#drainChunks(side);
    this.#pace(side, chunk.length);
  }

  /** Takes chunks until one of them needs to wait for its classification. */
  #drainChunks(side: Side): void {
    const state = this.#sides[side];
    try {
      for (let chunk = state.waiting.shift(); chunk !== undefined; chunk = state.waiting.shift()) {
        state.framer.push(chunk);
        const unfinished = this.#messages(side);
        if (unfinished !== undefined) {
          state.busy = true;
          this.#endTurn();
          unfinished.then(
            () => {
              state.busy = false;
              this.#drainChunks(side);
            },
            (error: unknown) => this.#broken(error),
          );
          return;
        }
      }
      this.#endTurn();
      if (state.ended) this.#turn({ type: "ended", side, at: Date.now() });
    } catch (error) {
      this.#broken(error);
    }
  }

  /** Undefined when every message of the chunk was taken at once; most are. */
  #messages(side: Side): undefined | Promise<void> {
    const { framer } = this.#sides[side];
    for (let message = framer.next(); message !== undefined; message = framer.next()) {
      const ready = side === "client" ? this.#options.prepare(message) : message;
      if (ready instanceof Promise) return this.#slowMessages(side, ready);
      this.#receive({ type: "message", side, message: ready, at: Date.now() });
    }
    return undefined;
  }

  async #slowMessages(side: Side, first: Promise<M>): Promise<void> {
    this.#receive({ type: "message", side, message: await first, at: Date.now() });
    this.#endTurn();
    await this.#messages(side);
  }

  #onEnd(side: Side): void {
    const state = this.#sides[side];
    if (state.ended) return;
    state.ended = true;
    if (!state.busy && state.waiting.length === 0) this.#turn({ type: "ended", side, at: Date.now() });
  }

  #turn(input: Input<M>, then?: () => void): void {
    if (this.#settled) return;
    try {
      this.#receive(input);
      if (then !== undefined) this.#asks.push(then);
      this.#endTurn();
    } catch (error) {
      this.#broken(error);
    }
  }

  /** Resolves when everything that this interruption caused has been done, up to a cancel that the target has taken. */
  #interrupt(by: Interruption): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#turn({ type: "interrupted", by, at: Date.now() }, () => done.resolve(this.#canceling));
    return Promise.race([done.promise, this.#done.promise.then(() => {})]);
  }

  #receive(input: Input<M>): void {
    for (const effect of this.#options.inspector.receive(input)) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "record":
        this.#session.append(effect.event);
        // what has happened already waits for the next flush; what is about to happen does not
        this.#dirty ||= !AFTERWARDS.has(effect.event.type);
        return;
      case "send":
        this.#session.count(effect.to, effect.bytes.length);
        return this.#sides[effect.to].output.push(effect.bytes);
      case "ask":
        this.#asks.push(() => this.#ask(effect.askId, effect.ask));
        return;
      case "withdraw":
        return this.#session.withdraw(effect.askId, effect.reason);
      case "return_budget":
        return this.#session.returnBudget(effect.budget, effect.unused);
      case "cancel_target":
        // the session does not depend on it: a target that cannot be canceled goes on until it is done
        this.#asks.push(() => {
          this.#canceling = this.#options.cancelTarget().catch(() => {});
        });
        return;
      case "close":
        this.#closing ??= effect.reason;
    }
  }

  #ask(askId: number, ask: Ask): void {
    const answer = (id: number, value: Answer): void =>
      this.#turn({ type: "answer", askId: id, answer: value, at: Date.now() });
    if (ask.type !== "catalog") return this.#session.ask(askId, ask, answer);
    void this.#options.reloadCatalog().then((ok) => answer(askId, { type: "catalog", ok }));
  }

  /** Records are accepted first, then bytes are written, then questions are asked. While a flush is under way, turns queue up behind it. */
  #endTurn(): void {
    if (this.#flushing || this.#settled) return;
    if (this.#dirty) {
      this.#dirty = false;
      let accepted: undefined | Promise<void>;
      try {
        accepted = this.#session.flush();
      } catch (error) {
        // here and now: another turn must not find, and deliver, what could not be recorded
        return this.#broken(error);
      }
      if (accepted !== undefined) {
        this.#flushing = true;
        accepted.then(
          () => {
            this.#flushing = false;
            if (this.#dirty) this.#endTurn();
            else this.#deliver();
          },
          (error: unknown) => this.#broken(error),
        );
        return;
      }
    }
    this.#deliver();
  }

  #deliver(): void {
    this.#sides.client.output.flush();
    this.#sides.target.output.flush();
    const asks = this.#asks;
    if (asks.length > 0) {
      this.#asks = [];
      for (const ask of asks) ask();
    }
    if (this.#closing !== undefined) return this.#close(this.#closing);
    this.#applyPressure();
  }

  /** A side is read only while its bytes have somewhere to go. */
  #applyPressure(): void {
    const { client, target } = this.#sides;
    const { backlog } = this.#options.inspector;
    if (target.output.full || backlog.client > MAX_BACKLOG) client.stream.pause();
    if (client.output.full || backlog.target > MAX_BACKLOG) target.stream.pause();
    this.#resume();
  }

  #resume(): void {
    if (this.#settled || this.#flushing) return;
    const { client, target } = this.#sides;
    const { backlog } = this.#options.inspector;
    if (client.stream.isPaused() && !target.output.full && backlog.client <= MAX_BACKLOG) client.stream.resume();
    if (
      target.stream.isPaused() &&
      target.bulkReads < BULK_READS &&
      !client.output.full &&
      backlog.target <= MAX_BACKLOG
    )
      target.stream.resume();
  }

  #pace(side: Side, bytes: number): void {
    const state = this.#sides[side];
    if (side !== "target") return;
    state.bulkReads = bytes >= BULK_BYTES ? state.bulkReads + 1 : 0;
    if (state.bulkReads < BULK_READS) return;
    state.stream.pause();
    setTimeout(() => {
      state.bulkReads = 0;
      this.#resume();
    }, BULK_PAUSE_MS);
  }

  /** Bytes that broke the protocol, a recording that cannot be written, or an error of ours: the session ends, loudly. */
  #broken(error: unknown): void {
    if (this.#settled) return;
    this.#flushing = false;
    this.#dirty = false;
    const client = this.#sides.client.output;
    client.drop();
    client.push(this.#fatalFor(error));
    client.flush();
    this.#sides.target.output.drop();
    this.#close(
      error instanceof TidewaiterError ? error.detail : error instanceof Error ? error.message : String(error),
    );
  }

  #fatalFor(error: unknown): Uint8Array {
    if (error instanceof ProtocolError) return this.#options.fatal("protocol_violation");
    if (error instanceof TidewaiterError && error.code === "recording_failed")
      return this.#options.fatal("recording_failed", error.detail);
    return this.#options.fatal("internal");
  }

  #close(reason: string): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const { stream } of Object.values(this.#sides)) {
      stream.removeAllListeners("data");
      stream.resume();
      stream.end();
      const timer = setTimeout(() => stream.destroy(), LINGER_MS);
      timer.unref();
      stream.once("close", () => clearTimeout(timer));
      stream.on("error", () => {});
    }
    this.#done.resolve(reason);
  }
}
