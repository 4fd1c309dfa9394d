import type { AuthorizedSession, ControlPlane, RecordingMode, SessionEnded, SessionEvent } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { encodeEvents } from "@tidewaiter/core/recording/segment";
import { type Clock, systemClock } from "./clock.ts";
import { createJournalSpool, type JournalFs } from "./journal.ts";
import { reasonOf, SegmentChain } from "./segment-chain.ts";
import { createMemorySpool, type Spool } from "./spool.ts";
import { createSyncGroup, type SyncGroup } from "./sync-group.ts";
import { WatchedPace } from "./watched-pace.ts";

export interface RecorderOptions {
  readonly session: Pick<AuthorizedSession, "id" | "recordingKey">;
  /** Exists, mode 0700, and belongs to this gateway process alone. Unused by `bounded` and `best_effort`. */
  readonly directory: string;
  readonly controlPlane: Pick<ControlPlane, "putSegment">;
  /** `strict` and `durable` write a journal file; `bounded` and `best_effort` keep a spool in memory. */
  readonly mode: RecordingMode;
  /** Called once, after the failing call has returned: the session must end. Never for `best_effort`. */
  readonly onFailure: (reason: string) => void;
  readonly clock?: Clock;
  /** Shared by all recorders of a gateway. */
  readonly syncGroup?: SyncGroup;
  /** Bytes of the memory spool. Default 16 MiB. */
  readonly spoolLimit?: number;
  /** Aborted at shutdown: unacknowledged journals stay for the next start. */
  readonly signal?: AbortSignal;
  readonly io?: JournalFs;
}

export interface Recorder {
  /** Only buffers (and writes by itself above 1 MiB). After a failure it does nothing: `flush` will throw. */
  append(event: SessionEvent): void;
  /**
   * Accepts everything buffered as one frame. `strict`: it is in the page cache when this returns undefined, and on disk
   * within 20 ms. `durable` (mode or option): a promise that resolves when it is on disk (with `bounded`: when the control
   * plane has acknowledged it; not for `best_effort`). Throws, or rejects with, `recording_failed`: forward nothing then.
   */
  flush(options?: { readonly durable?: boolean }): undefined | Promise<void>;
  /** While somebody watches, segments are handed over within about a second. Holds for 5 s: each renewal says it again. */
  watched(yes: boolean): void;
  /** Why nothing more can be recorded; undefined while all is well. */
  readonly failed: string | undefined;
  /**
   * Records the session's end, closes the last segment and waits for the control plane's acknowledgements, at most
   * 10 s; later ones go on behind. Never rejects.
   */
  end(summary: Omit<SessionEnded, "type">): Promise<RecordingEnd>;
}

export interface RecordingEnd {
  readonly segments: number;
  /** Hex. */
  readonly lastSegmentHash: string;
  /** False while some segment still waits for the control plane; its journal is kept. */
  readonly stored: boolean;
}

export const SEGMENT_BYTES = 4 * 1024 * 1024;
export const SEGMENT_AGE_MS = 60_000;
const MAX_BUFFERED_CHARACTERS = 1024 * 1024;
/** At three bytes per character still below the largest frame. */
const MAX_EVENT_CHARACTERS = 10 * 1024 * 1024;
const DEFAULT_SPOOL_LIMIT = 16 * 1024 * 1024;
const END_WAIT_MS = 10_000;
/** What a frame and its segment's header and footer need beyond the plain bytes, at most. */
const FRAME_ROOM = 1024;

/** Opens the first segment. Throws `recording_failed` when that cannot be written: the session must not start. */
export function createRecorder(options: RecorderOptions): Recorder {
  return new SessionRecorder(options);
}

class SessionRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #syncGroup: SyncGroup;
  readonly #spool: Spool;
  readonly #chain: SegmentChain;
  readonly #pace: WatchedPace;
  readonly #bestEffort: boolean;
  #lines: string[] = [];
  #buffered = 0;
  #gap = { reason: "", lost: 0 };
  #cancelAge: (() => void) | undefined;
  #failed: string | undefined;
  #ended: Promise<RecordingEnd> | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#bestEffort = options.mode === "best_effort";
    this.#clock = options.clock ?? systemClock;
    this.#syncGroup = options.syncGroup ?? createSyncGroup(this.#clock);
    const { session, directory, controlPlane, signal } = options;
    // It becomes a file name, and may have come from another machine.
    if (!/^[A-Za-z0-9_-]{1,100}$/.test(session.id)) throw recordingFailed("the session id cannot name a journal");
    const journalled = options.mode === "strict" || options.mode === "durable";
    this.#spool = journalled
      ? createJournalSpool(directory, session.id, options.io)
      : createMemorySpool(options.spoolLimit ?? DEFAULT_SPOOL_LIMIT);
    const key = Buffer.from(session.recordingKey.key, "base64");
    if (key.length !== 32) throw recordingFailed("the recording key does not have 32 bytes");
    const onLost = (reason: string, events: number) => this.#lose(reason, events);
    try {
      this.#chain = new SegmentChain(
        { session, spool: this.#spool, controlPlane, clock: this.#clock, signal, onLost },
        key,
      );
    } catch (error) {
      throw recordingFailed(reasonOf(error), error);
    }
    this.#pace = new WatchedPace(this.#chain, this.#clock, () => this.#roll());
  }

  get failed(): string | undefined {
    return this.#failed;
  }

  append(event: SessionEvent): void {
    if (this.#failed !== undefined || this.#ended !== undefined) return;
    const line = JSON.stringify(event);
    if (line.length > MAX_EVENT_CHARACTERS) {
      this.#lose("an event is larger than a frame may be", 1);
      return;
    }
    if (this.#buffered + line.length > MAX_BUFFERED_CHARACTERS) this.#write();
    this.#lines.push(line);
    this.#buffered += line.length;
  }

  flush(options: { readonly durable?: boolean } = {}): undefined | Promise<void> {
    if (this.#ended !== undefined) throw new TidewaiterError("session_ended", "the recording is closed");
    this.#write();
    if (this.#failed !== undefined) throw recordingFailed(this.#failed);
    const durable = options.durable === true || this.#options.mode === "durable";
    return durable && !this.#bestEffort ? this.#durably() : undefined;
  }

  watched(yes: boolean): void {
    if (this.#failed === undefined && this.#ended === undefined) this.#pace.watched(yes);
  }

  end(summary: Omit<SessionEnded, "type">): Promise<RecordingEnd> {
    if (this.#ended !== undefined) return this.#ended;
    this.append({ type: "session_ended", ...summary, at: this.#clock.now() });
    this.#write({ force: true });
    this.#ended = this.#finish();
    return this.#ended;
  }

  /** Seals and writes what is buffered as one frame. `#failed` says whether it could. */
  #write({ force = false } = {}): void {
    if (this.#failed !== undefined || this.#lines.length === 0) return;
    const events = this.#lines.length;
    const plain = encodeEvents(this.#gap.lost > 0 ? [this.#gapLine(), ...this.#lines] : this.#lines);
    this.#lines = [];
    this.#buffered = 0;
    if (!force && !this.#spool.hasRoom(plain.length + FRAME_ROOM)) {
      this.#lose("the recording spool is full", events);
      // What waits in the open segment cannot make room before it is closed.
      if (this.#chain.frames > 0) this.#roll();
      return;
    }
    this.#attempt(() => this.#chain.write(plain, events));
    if (this.#failed !== undefined) return;
    this.#gap.lost = 0;
    if (this.#options.mode === "strict") this.#syncGroup.soon(this.#syncBehind);
    if (this.#chain.bytes >= SEGMENT_BYTES) this.#roll();
    else this.#cancelAge ??= this.#clock.after(SEGMENT_AGE_MS, () => this.#roll());
    this.#pace.written();
  }

  /** The next segment begins at once, so that while a session lives a file says so to whoever looks after a crash. */
  #roll(): void {
    if (this.#failed !== undefined || this.#ended !== undefined) return;
    this.#cancelAge?.();
    this.#cancelAge = undefined;
    this.#attempt(() => {
      this.#chain.close();
      this.#chain.begin();
    });
  }

  async #finish(): Promise<RecordingEnd> {
    this.#cancelAge?.();
    this.#pace.stop();
    if (this.#failed === undefined) this.#attempt(() => this.#chain.close());
    await this.#chain.salvage();
    const late = Promise.withResolvers<boolean>();
    const cancel = this.#clock.after(END_WAIT_MS, () => late.resolve(false));
    const stored = await Promise.race([this.#chain.acknowledged(), late.promise]);
    cancel();
    return { ...this.#chain.closed, stored };
  }

  async #durably(): Promise<void> {
    if (this.#spool.kind === "journal") {
      await this.#syncBehind();
    } else {
      if (this.#chain.frames > 0) this.#roll();
      await this.#chain.acknowledged();
    }
    if (this.#failed !== undefined) throw recordingFailed(this.#failed);
  }

  readonly #syncBehind = async (): Promise<void> => {
    await this.#chain.sync().catch((error: unknown) => this.#fail(reasonOf(error)));
  };

  #attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(reasonOf(error));
    }
  }

  #gapLine(): string {
    const gap: SessionEvent = { type: "gap", ...this.#gap, at: this.#clock.now() };
    return JSON.stringify(gap);
  }

  /** `best_effort` marks the gap and goes on; every other mode fails. Returns whether it goes on. */
  #lose(reason: string, events: number): boolean {
    if (this.#bestEffort) this.#gap = { reason, lost: this.#gap.lost + events };
    else this.#fail(reason);
    return this.#bestEffort;
  }

  #fail(reason: string): void {
    if (this.#failed !== undefined) return;
    this.#failed = reason;
    this.#lines = [];
    this.#cancelAge?.();
    this.#pace.stop();
    queueMicrotask(() => this.#options.onFailure(reason));
  }
}

function recordingFailed(reason: string, cause?: unknown): TidewaiterError {
  return new TidewaiterError("recording_failed", reason, { cause });
}
