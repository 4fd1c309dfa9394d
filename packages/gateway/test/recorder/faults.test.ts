import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { skipUnless } from "@tidewaiter/testkit/skip-unless";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { afterAll, expect, it } from "vitest";
import { createJournalSpool, type JournalFs, nodeJournalFs } from "../../src/recorder/journal.ts";
import { createRecorder } from "../../src/recorder/recorder.ts";
import { notice, recordingStore, SUMMARY, testSession, texts } from "./recording-store.ts";

const folder = tempDir("recorder-faults");
afterAll(() => folder.remove());
let made = 0;

function freshDirectory(): string {
  const directory = join(folder.path, `journals-${++made}`);
  mkdirSync(directory);
  return directory;
}

function failure(code: string): Error {
  return Object.assign(new Error("injected"), { code });
}

/** Appends until the recorder fails; returns what had been accepted. */
async function recordUntilFailure(directory: string, io: JournalFs) {
  const store = recordingStore();
  const failures: string[] = [];
  const onFailure = (reason: string) => failures.push(reason);
  const session = testSession("ses_f");
  const recorder = createRecorder({ session, directory, controlPlane: store, mode: "durable", onFailure, io });
  const accepted: string[] = [];
  const text = () => `${accepted.length}:${randomBytes(1_000).toString("hex")}`;
  let refused: unknown;
  while (refused === undefined && accepted.length < 1_000) {
    const event = text();
    recorder.append(notice(event));
    try {
      await recorder.flush();
      accepted.push(event);
    } catch (error) {
      refused = error;
    }
  }
  expect(refused).toBeInstanceOf(TidewaiterError);
  expect(refused).toMatchObject({ code: "recording_failed" });
  expect(() => recorder.flush()).toThrow(TidewaiterError);
  const end = await recorder.end(SUMMARY);
  expect(failures).toHaveLength(1);
  expect(recorder.failed).toBe(failures[0]);
  return { store, accepted, end, reason: failures[0] };
}

it.each([0, 1, 2, 3, 7])("disk full in write %i, half of it done: what was accepted is handed over", async (at) => {
  const directory = freshDirectory();
  let writes = 0;
  const io: JournalFs = {
    ...nodeJournalFs,
    writeSync(fd, bytes, offset) {
      if (writes++ !== at) return nodeJournalFs.writeSync(fd, bytes, offset);
      writeSync(fd, bytes, offset, (bytes.length - offset) >> 1);
      throw failure("ENOSPC");
    },
  };
  if (at === 0) {
    await expect(recordUntilFailure(directory, io)).rejects.toMatchObject({ code: "recording_failed" });
    return;
  }
  const { store, accepted, end, reason } = await recordUntilFailure(directory, io);
  expect(reason).toContain("full (ENOSPC)");
  expect(texts(store.events("ses_f"))).toEqual(accepted);
  expect(accepted).toHaveLength(at - 1);
  expect(store.verify("ses_f", end)).toMatchObject({ ok: true, incomplete: [1], tail: "complete" });
  expect(readdirSync(directory)).toEqual([]);
});

it("writes on after short writes", async () => {
  const io: JournalFs = { ...nodeJournalFs, writeSync: (fd, bytes, offset) => writeSync(fd, bytes, offset, 1) };
  const store = recordingStore();
  const session = testSession("ses_s");
  const recorder = createRecorder({
    session,
    directory: freshDirectory(),
    controlPlane: store,
    mode: "strict",
    onFailure: () => {},
    io,
  });
  recorder.append(notice("short"));
  await recorder.end(SUMMARY);
  expect(texts(store.events("ses_s"))).toEqual(["short"]);
});

it("a failed fdatasync ends the recording, and no later one is believed", async () => {
  let syncs = 0;
  const io: JournalFs = {
    ...nodeJournalFs,
    fdatasync: (fd) => (++syncs === 3 ? Promise.reject(failure("EIO")) : nodeJournalFs.fdatasync(fd)),
  };
  const { accepted, reason } = await recordUntilFailure(freshDirectory(), io);
  expect(accepted).toHaveLength(2);
  expect(reason).toContain("EIO");
  expect(syncs).toBe(3);
});

it("a journal never calls its disk good again after one failed sync", async () => {
  let syncs = 0;
  const fdatasync = () => (++syncs === 1 ? Promise.reject(failure("EIO")) : Promise.resolve());
  const journal = createJournalSpool(freshDirectory(), "ses_j", { ...nodeJournalFs, fdatasync }).open(1);
  journal.write(Uint8Array.of(1));
  await expect(journal.sync()).rejects.toMatchObject({ code: "EIO" });
  journal.write(Uint8Array.of(2));
  await expect(journal.sync()).rejects.toMatchObject({ code: "EIO" });
  await expect(journal.finish()).rejects.toMatchObject({ code: "EIO" });
  expect(syncs).toBe(1);
});

it("strict: a failed background sync is told once, without a flush", async () => {
  const told = Promise.withResolvers<string>();
  const io: JournalFs = { ...nodeJournalFs, fdatasync: () => Promise.reject(failure("EIO")) };
  const session = testSession("ses_b");
  const recorder = createRecorder({
    session,
    directory: freshDirectory(),
    controlPlane: recordingStore(),
    mode: "strict",
    onFailure: told.resolve,
    io,
  });
  recorder.append(notice("x"));
  expect(recorder.flush()).toBeUndefined();
  expect(await told.promise).toContain("EIO");
  expect(() => recorder.flush()).toThrow(TidewaiterError);
});

it("a segment that the control plane will never take fails the recording and keeps its file", async () => {
  const told = Promise.withResolvers<string>();
  const directory = freshDirectory();
  const putSegment = () => Promise.reject(new TidewaiterError("conflict", "there is another"));
  const session = testSession("ses_c");
  const recorder = createRecorder({
    session,
    directory,
    controlPlane: { putSegment },
    mode: "strict",
    onFailure: told.resolve,
  });
  expect(await recorder.end(SUMMARY)).toMatchObject({ stored: false });
  expect(await told.promise).toBe("segment 1 was refused: conflict");
  expect(readdirSync(directory)).toEqual(["ses_c.000001.journal"]);
});

it.each(["../ses", "", "a/b", "a.000001"])("refuses the session id %j as a file name", (id) => {
  const options = {
    directory: freshDirectory(),
    controlPlane: recordingStore(),
    mode: "strict",
    onFailure: () => {},
  } as const;
  expect(() => createRecorder({ ...options, session: testSession(id) })).toThrow("cannot name a journal");
});

it("says what is wrong when the directory is missing", () => {
  const options = {
    session: testSession("ses_m"),
    controlPlane: recordingStore(),
    mode: "strict",
    onFailure: () => {},
  } as const;
  expect(() => createRecorder({ ...options, directory: join(folder.path, "nowhere") })).toThrow("ENOENT");
});

function mountTiny(path: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const tiny = freshDirectory();
const mounted = mountTiny(tiny);
afterAll(() => void (mounted && execFileSync("umount", ["-l", tiny])));

skipUnless(mounted, "the right to mount a tmpfs").it("a really full disk: nothing accepted is lost", async () => {
  const { store, accepted, end, reason } = await recordUntilFailure(tiny, nodeJournalFs);
  expect(reason).toBe("the disk of the recording journal is full (ENOSPC)");
  expect(accepted.length).toBeGreaterThan(10);
  expect(texts(store.events("ses_f"))).toEqual(accepted);
  expect(store.verify("ses_f", end)).toMatchObject({ ok: true, incomplete: [1] });
});
