import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { ChangeFeed } from "../changes/feed.ts";
import type { RecordingService, StoredSegment } from "../recordings/service.ts";
import type { SessionRow } from "../sessions/store.ts";

/** Whoever asks is identified anew each time: a right that was lost is felt within this time. */
const WAIT_MS = 3_000;
/** An answer is complete with the segment that reaches one of these; whoever is behind asks again at once. */
const SEGMENTS_AT_ONCE = 64;
const BYTES_AT_ONCE = 1024 * 1024;

/** What follows the events of an answer. */
export interface WatchPosition {
  /** The last segment that was given: what to ask with next. */
  readonly after: number;
  /** There is more already: the answer would be too long. */
  readonly more: boolean;
  /** Why the session has ended, when there is nothing more of it. */
  readonly ended: string | null;
}

/** Follows the recording of a live session. Keeps nothing between two calls: any process can answer the next one. */
export class WatchService {
  readonly #store: ControlPlaneStore;
  readonly #recordings: RecordingService;
  readonly #feed: ChangeFeed;

  constructor(parts: { store: ControlPlaneStore; recordings: RecordingService; feed: ChangeFeed }) {
    this.#store = parts.store;
    this.#recordings = parts.recordings;
    this.#feed = parts.feed;
  }

  /**
   * What is stored beyond segment `after`, waiting up to 3 s for it: some segments, then where to go on. A session that
   * has ended ends it.
   */
  async *next(sessionId: string, after: number): AsyncGenerator<StoredSegment | WatchPosition> {
    const deadline = performance.now() + WAIT_MS;
    // from beyond the end: where the end is
    let { last } = await this.#feed.since(Number.MAX_SAFE_INTEGER, 0);
    for (;;) {
      // Before looking for segments: a session that ended has handed over its last one before.
      const session = await this.#store.units.sessions.get({ id: sessionId });
      const { given, more } = yield* this.#segments(session, after);
      const left = deadline - performance.now();
      const ended = given === after && session.endedAt !== null ? (session.endReason ?? "") : null;
      if (given > after || ended !== null || left <= 0) return yield { after: given, more, ended };
      last = await this.#told(sessionId, last, left);
    }
  }

  async *#segments(
    session: SessionRow,
    after: number,
  ): AsyncGenerator<StoredSegment, { given: number; more: boolean }> {
    let [given, count, bytes] = [after, 0, 0];
    for await (const segment of this.#recordings.segmentsAfter(session, after)) {
      yield segment;
      given = segment.sequence;
      count += 1;
      bytes += segment.bytes;
      if (count === SEGMENTS_AT_ONCE || bytes >= BYTES_AT_ONCE) return { given, more: true };
    }
    return { given, more: false };
  }

  /** Waits until something of the session was stored, or the time is over; gives how far it has listened. */
  async #told(sessionId: string, since: number, waitMs: number): Promise<number> {
    const deadline = performance.now() + waitMs;
    for (let last = since; ; ) {
      const left = deadline - performance.now();
      if (left <= 0) return last;
      const batch = await this.#feed.since(last, left);
      last = batch.last;
      if (batch.changes.some(({ kind, id }) => kind === "recording" && id === sessionId)) return last;
    }
  }
}
