import type { AuthorizedSession, ControlPlane } from "@tidewaiter/core";
import { recoverSegment } from "@tidewaiter/core/recording/recover-segment";
import { createSegmentWriter, NO_PREVIOUS_HASH, type SegmentWriter } from "@tidewaiter/core/recording/segment";
import type { Clock } from "./clock.ts";
import { primitives } from "./primitives.ts";
import type { Spool, SpooledSegment } from "./spool.ts";
import { uploadSegment } from "./upload.ts";

export interface SegmentChainOptions {
  readonly session: Pick<AuthorizedSession, "id" | "recordingKey">;
  readonly spool: Spool;
  readonly controlPlane: Pick<ControlPlane, "putSegment">;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** A closed segment could not be synced, read or handed over. Returns whether later segments are handed over still. */
  readonly onLost: (reason: string, events: number) => boolean;
}

interface OpenSegment {
  readonly writer: SegmentWriter;
  readonly stored: SpooledSegment;
  readonly sequence: number;
  events: number;
}

/** The segments of one session: one open at the end, the closed ones on their way to the control plane in order. */
export class SegmentChain {
  readonly #options: SegmentChainOptions;
  readonly #key: Uint8Array;
  #open: OpenSegment | undefined;
  #segments = 0;
  #lastHash = NO_PREVIOUS_HASH;
  #finishing: Promise<void> = Promise.resolve();
  #uploads: Promise<boolean> = Promise.resolve(true);

  /** Opens the first segment; throws what the system says. `key`: 32 bytes. */
  constructor(options: SegmentChainOptions, key: Uint8Array) {
    this.#options = options;
    this.#key = key;
    this.begin();
  }

  /** Count and hash of the segments closed so far. */
  get closed(): { readonly segments: number; readonly lastSegmentHash: string } {
    return { segments: this.#segments, lastSegmentHash: this.#lastHash };
  }

  /** Bytes in the open segment. */
  get bytes(): number {
    return this.#open?.writer.bytes ?? 0;
  }

  get frames(): number {
    return this.#open?.writer.frames ?? 0;
  }

  /** Seals and writes one frame of so many events. Throws what the system says; the chain is to be salvaged then. */
  write(plain: Uint8Array, events: number): void {
    if (this.#open === undefined) throw new Error("no segment is open");
    this.#open.stored.write(this.#open.writer.frame(plain));
    this.#open.events += events;
  }

  begin(): void {
    const { session, spool, clock } = this.#options;
    const sequence = this.#segments + 1;
    const { keyId, wrapped } = session.recordingKey;
    const place = { sessionId: session.id, sequence, previousHash: this.#lastHash, createdAt: clock.now() };
    const writer = createSegmentWriter({ ...place, keyId, wrappedKey: wrapped }, this.#key, primitives);
    const stored = spool.open(sequence);
    this.#open = { writer, stored, sequence, events: 0 };
    stored.write(writer.header);
  }

  /** Closes the open segment and queues it for the control plane. */
  close(): void {
    if (this.#open === undefined) return;
    const { writer, stored } = this.#open;
    const { bytes, hash } = writer.close({ closedAt: this.#options.clock.now(), incomplete: false });
    stored.write(bytes);
    const finished = stored.finish();
    this.#finishing = Promise.all([this.#finishing, finished]).then(() => {});
    // Whoever asks for durability hears of it there, everybody else through onLost.
    this.#finishing.catch(() => {});
    this.#enqueue(this.#open, hash, async () => {
      await finished;
      return stored.read();
    });
  }

  /** After a failed write: what was accepted is closed in memory and handed over. The file stays until it has arrived. */
  async salvage(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    try {
      await open.stored.finish().catch(() => {});
      const close = { closedAt: this.#options.clock.now(), incomplete: true };
      const recovered = recoverSegment(await open.stored.read(), close, primitives);
      if (recovered.state === "unreadable") await open.stored.remove();
      else this.#enqueue(open, recovered.hash, async () => recovered.bytes);
    } catch (error) {
      // It cannot even be read back: the chain ends before it, and its file stays for the next start.
      this.#options.onLost(reasonOf(error), open.events);
    }
  }

  /** Resolves when everything written so far survives power loss. */
  async sync(): Promise<void> {
    await Promise.all([this.#open?.stored.sync(), this.#finishing]);
  }

  /** Resolves when every closed segment was acknowledged (true), or when that will not happen in this process. */
  acknowledged(): Promise<boolean> {
    return this.#uploads;
  }

  #enqueue(segment: OpenSegment, hash: string, bytes: () => Promise<Uint8Array>): void {
    this.#open = undefined;
    this.#segments = segment.sequence;
    this.#lastHash = hash;
    // In order, so that what a crash leaves behind is always the end of the chain.
    this.#uploads = this.#uploads.then(async (before) => {
      if (!before) return false;
      try {
        return await this.#upload(segment, await bytes());
      } catch (error) {
        return this.#options.onLost(reasonOf(error), segment.events);
      }
    });
  }

  async #upload({ stored, sequence, events }: OpenSegment, bytes: Uint8Array): Promise<boolean> {
    const { controlPlane, session, clock, signal } = this.#options;
    const upload = { sessionId: session.id, sequence, bytes };
    const result = await uploadSegment(controlPlane, upload, { clock, signal });
    if (result.stored) await stored.remove();
    if (result.stored || !result.refused) return result.stored;
    const goOn = this.#options.onLost(result.reason, events);
    if (goOn) await stored.remove();
    return goOn;
  }
}

/** The system's code (`ENOSPC`) with words for the usual ones; never a path or content. */
export function reasonOf(error: unknown): string {
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
  const words: Readonly<Record<string, string>> = {
    ENOSPC: "the disk of the recording journal is full",
    EDQUOT: "the disk quota of the recording journal is used up",
    EIO: "the disk of the recording journal failed",
    EROFS: "the recording journal's file system is read-only",
    EACCES: "the recording journal may not be written",
    EMFILE: "too many open files",
    EEXIST: "the session has a recording journal already",
    ENOENT: "the directory of the recording journal is missing",
  };
  return words[code] === undefined ? `the recording failed (${code})` : `${words[code]} (${code})`;
}
