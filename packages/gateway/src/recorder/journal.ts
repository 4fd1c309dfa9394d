import fs from "node:fs";
import { join } from "node:path";
import type { Spool, SpooledSegment } from "./spool.ts";

/** The file calls that a journal makes; tests put faults into them. */
export interface JournalFs {
  openSync(path: string, flags: "wx", mode: number): number;
  writeSync(fd: number, bytes: Uint8Array, offset: number): number;
  closeSync(fd: number): void;
  fdatasync(fd: number): Promise<void>;
  /** Makes the directory's entries durable. */
  syncDirectory(path: string): Promise<void>;
  readFile(path: string): Promise<Uint8Array>;
  unlink(path: string): Promise<void>;
}

export const nodeJournalFs: JournalFs = {
  openSync: fs.openSync,
  writeSync: fs.writeSync,
  closeSync: fs.closeSync,
  fdatasync: (fd) => {
    return new Promise((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve())));
  },
  async syncDirectory(path) {
    const directory = await fs.promises.open(path, "r");
    await directory.sync().finally(() => directory.close());
  },
  readFile: fs.promises.readFile,
  unlink: fs.promises.unlink,
};

export const JOURNAL_SUFFIX = ".journal";

/** `SESSION.000001.journal`: sorts by session, then by sequence. */
export function journalName(sessionId: string, sequence: number): string {
  return `${sessionId}.${String(sequence).padStart(6, "0")}${JOURNAL_SUFFIX}`;
}

/**
 * A spool of journal files (mode 0600) in a directory that belongs to one gateway process. The file holds the segment's
 * own bytes; a sequence that is there already is never written over.
 */
export function createJournalSpool(directory: string, sessionId: string, io: JournalFs = nodeJournalFs): Spool {
  return {
    kind: "journal",
    hasRoom: () => true,
    open: (sequence) => openJournal(directory, join(directory, journalName(sessionId, sequence)), io),
  };
}

function openJournal(directory: string, path: string, io: JournalFs): SpooledSegment {
  const fd = io.openSync(path, "wx", 0o600);
  const syncing = groupCommit(async () => {
    await io.fdatasync(fd);
    if (!syncing.everSynced) await io.syncDirectory(directory);
  });
  let open = true;
  return {
    write(bytes) {
      syncing.markDirty();
      for (let at = 0; at < bytes.length; ) at += io.writeSync(fd, bytes, at);
    },
    sync: syncing.sync,
    async finish() {
      if (!open) return;
      open = false;
      await syncing.sync().finally(() => io.closeSync(fd));
    },
    read: () => io.readFile(path),
    remove: () => io.unlink(path),
  };
}

/**
 * Callers that come while a sync runs share the next one: theirs may have been written too late for the running one.
 * After a failure no later sync is believed: the kernel may have dropped the pages and would report success.
 */
function groupCommit(run: () => Promise<void>) {
  const state = { everSynced: false, markDirty, sync };
  let dirty = false;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let failure: unknown;

  function markDirty() {
    dirty = true;
  }
  async function once() {
    dirty = false;
    try {
      await run();
      state.everSynced = true;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      running = undefined;
    }
  }
  function sync(): Promise<void> {
    if (failure !== undefined) return Promise.reject(failure);
    if (!dirty) return running ?? Promise.resolve();
    if (running === undefined) {
      running = once();
      return running;
    }
    next ??= running.then(() => {
      next = undefined;
      return sync();
    });
    return next;
  }
  return state;
}
