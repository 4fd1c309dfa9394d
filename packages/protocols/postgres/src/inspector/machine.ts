import type { Effect, Instant, SessionEvent, Side } from "@tidewaiter/core";
import { encodeBackend, encodeNotice } from "../encode-backend.ts";
import { encodeFrontend } from "../encode-frontend.ts";
import { errorFields } from "../errors.ts";
import type { RowMask } from "../mask/mask-rows.ts";
import type { ErrorFields, FrontendMessage, TransactionStatus } from "../messages.ts";
import type { SessionLease } from "./budgets/budgets.ts";
import type { InspectorContext, PostgresMessage } from "./context.ts";
import { NoticeLevel } from "./lineage/notice-level.ts";
import { mayRunUnshown } from "./lineage/unshown-code.ts";
import type { OpenRow } from "./results/row-fragments.ts";
import type { Cursor, Judged, Owed, Portal, Prepared, TargetWaiting, Waiting } from "./state.ts";
import { Names } from "./statements/names.ts";
import { ReadingSettings } from "./statements/reading-settings.ts";

/** Sent in place of a refused statement: a bare word is a syntax error in every version, state and transaction. */
const BARE_WORD = "tidewaiter_refused";
/** Statement names of our own; a client that uses the prefix is refused. */
export const OWN_PREFIX = "_tidewaiter_";

/**
 * The state of one session in the ready phase, and the few things every part of the inspector does with it. Nothing in
 * here decides: judging, masking and holding are functions over it, each in its own file.
 */
export class Machine {
  readonly context: InspectorContext;
  now: Instant = 0;
  effects: Effect[] = [];

  /** Transaction status of the last ReadyForQuery. */
  status: TransactionStatus = "I";
  /** First in, first out; cut at Sync when an error skips the rest. */
  readonly owed: Owed[] = [];
  /** An ErrorResponse came and no Sync was sent yet: the server ignores everything up to it. */
  skippingToSync = false;
  /** How the rows that follow are masked; set by the RowDescription of a simple Query. */
  rowMask: RowMask | undefined;
  /** A row message that now comes in fragments. */
  openRow: OpenRow | undefined;
  /** The result of a simple Query that now comes was described. */
  described = false;
  /** COPY FROM STDIN is running: Sync and Flush are ignored by the server. */
  copyingIn = false;

  readonly prepared = new Names<Prepared>();
  readonly portals = new Names<Portal>();
  /** SQL-level DECLARE, for FETCH. */
  readonly cursors = new Names<Cursor>();
  /** Code that nobody has read has run: it may have made prepared statements and cursors out of our sight. */
  ranUnseen = false;
  /**
   * How often something happened after which a prepared statement may mean another thing than its query trees say: the server
   * analysed one again, or code that no statement shows has run.
   */
  doubts = 0;
  /** The operation that was sent last: its verdict stands for what runs at the end of a transaction. */
  ran: Judged | undefined;
  /** A cursor of SQL may outlive its transaction, and the protocol can read it as a portal. */
  declaredCursors = false;
  /** Number of the run of extended messages up to the next Sync: the server runs or skips them together. */
  batch = 1;
  /** CopyDone and CopyFail messages of the client so far. */
  copyEnds = 0;
  /** Extended messages were sent and no Sync behind them: a Query of ours would end what they are part of. */
  batchOpen = false;

  waiting: Waiting | undefined;
  targetWaiting: TargetWaiting | undefined;
  readonly kept: Record<Side, PostgresMessage[]> = { client: [], target: [] };
  readonly backlog: Record<Side, number> = { client: 0, target: 0 };

  /** Rows of the running statement are dropped until the target says that it was canceled. */
  cutting: { readonly refusal: ErrorFields; dropped: boolean } | undefined;
  /** What may still be spent, by budget. */
  readonly leases = new Map<string, SessionLease>();
  readonly noticedMasks = new Set<string>();
  /** Which budget an ask was about, so that a late answer is credited all the same. */
  readonly leaseAsks = new Map<number, string>();
  readonly reading: ReadingSettings;
  /** Undefined: the server does not tell its lineage. */
  readonly notices: NoticeLevel | undefined;
  controlPlaneReachable = true;
  closed = false;

  #operations = 0;
  #asks = 0;
  /** A part of a message has gone to the client, and not all of it. */
  #clientIsInMessage = false;
  readonly #afterMessage: Uint8Array[] = [];

  constructor(context: InspectorContext) {
    this.context = context;
    this.reading = new ReadingSettings(context.parameters);
    this.notices = context.lineage?.from === "server" ? new NoticeLevel(context.lineage.noticeLevel) : undefined;
  }

  /** Everything sent to the target is answered: what it reports about itself is of now. */
  get quiet(): boolean {
    return this.owed.length === 0 && !this.skippingToSync;
  }

  nextOperation(): number {
    return ++this.#operations;
  }

  nextAsk(): number {
    return ++this.#asks;
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  record(event: SessionEvent): void {
    this.effects.push({ type: "record", event });
  }

  /**
   * Keeps the client's message back until answers to earlier ones tell what it means. Only where they come without another
   * message of the client; when nothing is owed any more there is nothing to wait for.
   */
  waitForAnswers(ready: () => boolean, go: () => void): void {
    this.waiting = { for: "answers", ready: () => ready() || this.owed.length === 0, go };
  }

  /** Called before a statement is forwarded to run. */
  sending(judged: Judged): void {
    const { facts, labels } = judged;
    this.ran = judged;
    this.reading.sending(facts, labels.opaque);
    const unseen = labels.opaque || facts.some((one) => one.opaque || one.class === "code");
    this.ranUnseen ||= unseen;
    if (unseen || mayRunUnshown(facts, this.context.catalog())) this.doubts++;
    this.declaredCursors ||= facts.some((one) => one.kind === "DECLARE CURSOR");
  }

  /** Bytes of a message exactly as they came. */
  forward(to: Side, message: PostgresMessage): void {
    const whole = message.start === 0 && message.end === message.buffer.length;
    const bytes = whole ? message.buffer : message.buffer.subarray(message.start, message.end);
    if (to === "client") this.toClient(bytes);
    else this.effects.push({ type: "send", to, bytes });
  }

  /** Whole messages. While another one goes out in pieces they wait for its end. */
  toClient(bytes: Uint8Array): void {
    if (this.#clientIsInMessage) this.#afterMessage.push(bytes);
    else this.effects.push({ type: "send", to: "client", bytes });
  }

  /** The next pieces of one message; `last` with its end. */
  partToClient(parts: readonly Uint8Array[], last: boolean): void {
    for (const bytes of parts) this.effects.push({ type: "send", to: "client", bytes });
    this.#clientIsInMessage = !last && (this.#clientIsInMessage || parts.length > 0);
    if (this.#clientIsInMessage) return;
    for (const bytes of this.#afterMessage.splice(0)) this.effects.push({ type: "send", to: "client", bytes });
  }

  toTarget(message: FrontendMessage): void {
    this.effects.push({ type: "send", to: "target", bytes: encodeFrontend(message) });
  }

  /** What was sent while the server skips to Sync is never answered. */
  owe(owed: Owed): void {
    if (this.skippingToSync && owed.type !== "sync") return;
    if (owed.type === "sync") {
      if (this.copyingIn) return;
      this.skippingToSync = false;
      this.batch++;
    }
    this.batchOpen = owed.type !== "sync" && owed.type !== "query";
    owed.copyEnds = this.copyEnds;
    this.owed.push(owed);
  }

  /** The substitute of a refused simple Query (decision 5). */
  refuseQuery(refusal: ErrorFields, judged?: Judged): void {
    this.toTarget({ name: "Query", sql: BARE_WORD, exact: true });
    this.owe({ type: "query", ours: false, result: 0, refusal, ...(judged && { judged }) });
  }

  /** The substitute of a refused Parse or Execute: our own statement name, since an unnamed one would destroy the client's. */
  refuseExtended(refusal: ErrorFields, judged?: Judged): void {
    this.toTarget({
      name: "Parse",
      statement: `${OWN_PREFIX}refused`,
      sql: BARE_WORD,
      exact: true,
      parameterTypes: [],
    });
    this.owe({ type: "parse", ours: true, refusal, ...(judged && { judged }) });
  }

  notice(message: string, detail?: string, hint?: string): void {
    this.toClient(encodeNotice(errorFields("NOTICE", { code: "00000", message, detail, hint })));
  }

  finish(judged: Judged | undefined, result: "completed" | "refused" | "error" | "canceled", tag: string): void {
    if (judged === undefined || judged.finished || judged.operation === 0) return;
    judged.finished = true;
    this.record({
      at: this.now,
      type: "operation_finished",
      operation: judged.operation,
      result,
      tag,
      rows: judged.rows,
      bytes: judged.bytes,
      durationMs: this.now - judged.startedAt,
      ...(judged.masked.length > 0 && { masked: judged.masked }),
    });
  }

  /** Ends the session with a native FATAL. Inside of a message that goes out in pieces nothing can be said: the connection is cut. */
  end(fields: ErrorFields): void {
    if (this.closed) return;
    this.closed = true;
    if (this.waiting?.for === "review")
      this.emit({ type: "withdraw", askId: this.waiting.askId, reason: "session ended" });
    this.waiting = undefined;
    if (!this.#clientIsInMessage) this.toClient(encodeBackend({ name: "ErrorResponse", fields }));
    this.emit({ type: "close", reason: fields.message ?? "ended" });
  }
}
