import { open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ControlPlane } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { type RecoveredSegment, recoverSegment } from "@tidewaiter/core/recording/recover-segment";
import { type Clock, systemClock } from "./clock.ts";
import { JOURNAL_SUFFIX, nodeJournalFs } from "./journal.ts";
import { primitives } from "./primitives.ts";
import { uploadSegment } from "./upload.ts";

export interface RecoverJournalsOptions {
  /** The journal directory of this gateway. Call before the first session: every journal in it counts as left behind. */
  readonly directory: string;
  readonly controlPlane: Pick<ControlPlane, "putSegment" | "appendAudit" | "endSession">;
  readonly clock?: Clock;
  /** Ends the attempts to reach the control plane; what is left waits for the next start. */
  readonly signal?: AbortSignal;
}

export interface JournalRecovery {
  /** Sessions whose recording is now whole and ended. */
  readonly sessions: readonly string[];
  /** Journals with a torn end: the bytes that were cut. */
  readonly torn: readonly { readonly sessionId: string; readonly sequence: number; readonly lostBytes: number }[];
  /** Files that could not be handed over: kept under this name. */
  readonly kept: readonly { readonly file: string; readonly reason: string }[];
}

interface Leftover {
  readonly path: string;
  readonly segment: Exclude<RecoveredSegment, { state: "unreadable" }>;
}

/**
 * Hands over what a killed gateway left behind, without any key: torn ends are named in the audit log and cut, open
 * journals closed (footer flag `recovered`), everything uploaded in order, each session ended as `gateway lost`. Killed
 * in the middle, it does the rest at the next start.
 */
export async function recoverJournals(options: RecoverJournalsOptions): Promise<JournalRecovery> {
  const recovery = new Recovery(options);
  const bySession = new Map<string, Leftover[]>();
  for (const name of (await readdir(options.directory)).sort()) {
    const leftover = name.endsWith(JOURNAL_SUFFIX) ? await recovery.close(join(options.directory, name)) : undefined;
    if (leftover === undefined) continue;
    const { sessionId } = leftover.segment.header;
    bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), leftover]);
  }
  for (const [sessionId, leftovers] of bySession) await recovery.handOver(sessionId, leftovers);
  return recovery;
}

class Recovery implements JournalRecovery {
  readonly sessions: string[] = [];
  readonly torn: { sessionId: string; sequence: number; lostBytes: number }[] = [];
  readonly kept: { file: string; reason: string }[] = [];
  readonly #options: RecoverJournalsOptions;
  readonly #clock: Clock;

  constructor(options: RecoverJournalsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Closes one journal in place. Undefined when nothing was ever accepted into it. */
  async close(path: string): Promise<Leftover | undefined> {
    const journal = await readFile(path);
    const segment = recoverSegment(journal, { closedAt: this.#clock.now() }, primitives);
    if (segment.state === "unreadable") {
      await this.#setAside(path, journal.length);
      return undefined;
    }
    if (segment.state === "repaired") {
      const { sessionId, sequence } = segment.header;
      if (segment.lostBytes > 0) await this.#nameTorn(sessionId, sequence, segment.lostBytes);
      await this.#replace(path, segment.bytes);
    }
    return { path, segment };
  }

  async handOver(sessionId: string, leftovers: readonly Leftover[]): Promise<void> {
    const { controlPlane, signal } = this.#options;
    const inOrder = leftovers.toSorted((a, b) => a.segment.header.sequence - b.segment.header.sequence);
    const last = inOrder.at(-1);
    if (last === undefined) return;
    const stored: string[] = [];
    for (const { path, segment } of inOrder) {
      const upload = { sessionId, sequence: segment.header.sequence, bytes: segment.bytes };
      const result = await uploadSegment(controlPlane, upload, { clock: this.#clock, signal });
      if (result.stored) stored.push(path);
      else if (result.refused) await this.#setRefusedAside(path, sessionId, result.reason);
      else return this.#keep(path, result.reason);
    }
    const end = { segments: last.segment.header.sequence, lastSegmentHash: last.segment.hash };
    try {
      await controlPlane.endSession(sessionId, { reason: "gateway lost", ...end });
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      return this.#keep(last.path, `the session could not be ended: ${error.code}`);
    }
    // Only now: until the end is known, the last journal is what tells it.
    for (const path of stored) await unlink(path);
    this.sessions.push(sessionId);
  }

  async #nameTorn(sessionId: string, sequence: number, lostBytes: number): Promise<void> {
    this.torn.push({ sessionId, sequence, lostBytes });
    await this.#options.controlPlane.appendAudit({ type: "recording.torn", sessionId, data: { sequence, lostBytes } });
  }

  /** Killed before, during or after: the journal is either the old one or the closed one. */
  async #replace(path: string, bytes: Uint8Array): Promise<void> {
    const closing = `${path}.closing`;
    const file = await open(closing, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(closing, path);
    await nodeJournalFs.syncDirectory(this.#options.directory);
  }

  async #setAside(path: string, bytes: number): Promise<void> {
    // A file without one byte was made a moment before the end.
    if (bytes === 0) return unlink(path);
    const file = await this.#renamed(path, "unreadable");
    this.kept.push({ file, reason: "no readable header" });
    await this.#options.controlPlane.appendAudit({
      type: "recording.torn",
      data: { file, sequence: null, lostBytes: bytes },
    });
  }

  /** It is tried again at the next start. */
  #keep(path: string, reason: string): void {
    this.kept.push({ file: basename(path), reason });
  }

  /** The chain shows that it is missing; the file is left for the administrator. */
  async #setRefusedAside(path: string, sessionId: string, reason: string): Promise<void> {
    const file = await this.#renamed(path, "refused");
    this.kept.push({ file, reason });
    await this.#options.controlPlane.appendAudit({ type: "recording.refused", sessionId, data: { file, reason } });
  }

  async #renamed(path: string, suffix: string): Promise<string> {
    await rename(path, `${path}.${suffix}`);
    return basename(`${path}.${suffix}`);
  }
}
