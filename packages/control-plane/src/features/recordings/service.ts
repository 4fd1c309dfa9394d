import type { SessionEvent } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { readSegment } from "@tidewaiter/core/recording/segment";
import { inspectSegment, type SegmentFacts, verifyChain } from "@tidewaiter/core/recording/verify";
import { type BlobStore, segmentKey, segmentPrefix } from "../../blobs/blob-store.ts";
import { primitives } from "../../blobs/primitives.ts";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { SessionRow } from "../sessions/store.ts";

/** Larger than any segment that a recorder closes. */
const SEGMENT_LIMIT = 64 * 1024 * 1024;
const SEQUENCE_LIMIT = 999_999;

export interface RecordingVerification {
  readonly ok: boolean;
  readonly segments: number;
  /** `unknown` while the session lives: nothing has said yet where it ends. */
  readonly tail: "complete" | "unknown";
  readonly problems: readonly string[];
}

export interface StoredSegment {
  readonly sequence: number;
  /** As it is stored, compressed. */
  readonly bytes: number;
  /** By frames. A damaged segment ends with a `gap`. */
  readonly events: Iterable<readonly SessionEvent[]>;
}

export class RecordingService {
  readonly #blobs: BlobStore;
  readonly #store: ControlPlaneStore;
  readonly #sealer: Sealer;

  constructor(parts: { readonly blobs: BlobStore; readonly store: ControlPlaneStore; readonly sealer: Sealer }) {
    this.#blobs = parts.blobs;
    this.#store = parts.store;
    this.#sealer = parts.sealer;
  }

  /** A segment that is there already is accepted when it is the same one: the gateway repeats what it got no answer to. */
  async putSegment(sessionId: string, sequence: number, bytes: Uint8Array): Promise<void> {
    if (bytes.length > SEGMENT_LIMIT) throw new TidewaiterError("too_large", "a segment has more than 64 MiB");
    if (!Number.isInteger(sequence) || sequence < 1 || sequence > SEQUENCE_LIMIT) {
      throw new TidewaiterError("bad_request", "sequence: an integer from 1 to 999999");
    }
    await this.#store.units.sessions.get({ id: sessionId });
    const key = segmentKey(sessionId, sequence);
    if ((await this.#blobs.putIfAbsent(key, bytes)) === "exists") {
      const known = await this.#blobs.get(key);
      if (known === undefined || Buffer.compare(known, bytes) !== 0) {
        throw new TidewaiterError("conflict", `segment ${sequence} exists already and is another one`);
      }
    }
    const { watches } = this.#store.units;
    if (await watches.isWatched({ sessionId })) await watches.stored({ sessionId });
  }

  /** The events of a session in order, by frames. A damaged segment ends with a `gap`, so that nobody takes it for the whole. */
  async *events(session: SessionRow): AsyncGenerator<readonly SessionEvent[]> {
    const key = await this.#sealer.dataKey(session.recordingKeyId);
    try {
      for (const name of await this.#blobs.list(segmentPrefix(session.id))) {
        const bytes = await this.#blobs.get(name);
        if (bytes !== undefined) yield* eventsOf(bytes, key, session);
      }
    } finally {
      key.fill(0);
    }
  }

  /** In order, as far as they are stored without a gap; of a session that has ended all that there are. */
  async *segmentsAfter(session: SessionRow, after: number): AsyncGenerator<StoredSegment> {
    const key = await this.#sealer.dataKey(session.recordingKeyId);
    try {
      for (let sequence: number | undefined = after + 1; sequence !== undefined; ) {
        const bytes: Uint8Array | undefined = await this.#blobs.get(segmentKey(session.id, sequence));
        if (bytes !== undefined) yield { sequence, bytes: bytes.length, events: eventsOf(bytes, key, session) };
        else if (session.endedAt === null) return;
        sequence = bytes === undefined ? await this.#firstFrom(session.id, sequence) : sequence + 1;
      }
    } finally {
      key.fill(0);
    }
  }

  async #firstFrom(sessionId: string, sequence: number): Promise<number | undefined> {
    const from = segmentKey(sessionId, sequence);
    const names = await this.#blobs.list(segmentPrefix(sessionId));
    const found = names.find((name) => name >= from);
    return found === undefined ? undefined : Number.parseInt(found.slice(segmentPrefix(sessionId).length), 10);
  }

  /** Needs no key: the chain is over the stored bytes. One segment in memory at a time. */
  async verify(session: SessionRow): Promise<RecordingVerification> {
    const facts: SegmentFacts[] = [];
    for (const name of await this.#blobs.list(segmentPrefix(session.id))) {
      const bytes = await this.#blobs.get(name);
      if (bytes !== undefined) facts.push(inspectSegment(bytes, primitives));
    }
    const end = session.segments === null ? {} : { segments: session.segments };
    const last = session.lastSegmentHash === null ? {} : { lastSegmentHash: session.lastSegmentHash };
    const result = verifyChain(facts, { sessionId: session.id, ...end, ...last });
    if (!result.ok) {
      return {
        ok: false,
        segments: facts.length,
        tail: "unknown",
        problems: result.problems.map(({ detail }) => detail),
      };
    }
    const recovered = result.recovered.map(
      ({ sequence, lostBytes }) => `segment ${sequence} was recovered; ${lostBytes} bytes were torn off`,
    );
    const incomplete = result.incomplete.map((sequence) => `the recorder failed after segment ${sequence}`);
    return { ok: true, segments: result.segments, tail: result.tail, problems: [...recovered, ...incomplete] };
  }
}

function* eventsOf(bytes: Uint8Array, key: Uint8Array, session: SessionRow): Generator<readonly SessionEvent[]> {
  const frames = readSegment(bytes, key, primitives);
  let at = Date.parse(session.startedAt);
  for (;;) {
    const next = frames.next();
    if (next.done) {
      if (!next.value.ok) yield [{ at, type: "gap", reason: next.value.problem.detail, lost: 0 }];
      return;
    }
    at = next.value.at(-1)?.at ?? at;
    yield next.value;
  }
}
