import { appendFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { fakeClock } from "@tidewaiter/testkit/fake-clock";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { afterAll, expect, it } from "vitest";
import { createRecorder, SEGMENT_AGE_MS } from "../../src/recorder/recorder.ts";
import { recoverJournals } from "../../src/recorder/recover-journals.ts";
import { notice, recordingStore, testSession, texts } from "./recording-store.ts";

const folder = tempDir("recover");
afterAll(() => folder.remove());
let made = 0;

/** A directory as a killed gateway leaves it: so many segments, the last one open, one event in each. */
async function leftBehind(segments: number, sessionId = "ses_r", directory = join(folder.path, `left-${++made}`)) {
  mkdirSync(directory, { recursive: true });
  const clock = fakeClock();
  const gone = AbortSignal.abort();
  const controlPlane = { putSegment: () => Promise.reject(new TidewaiterError("control_plane_lost", "gone")) };
  const options = {
    session: testSession(sessionId),
    directory,
    controlPlane,
    clock,
    signal: gone,
    onFailure: () => {},
  };
  const recorder = createRecorder({ ...options, mode: "durable" });
  for (let i = 1; i <= segments; i++) {
    recorder.append(notice(`${i}`));
    await recorder.flush();
    if (i < segments) await clock.advance(SEGMENT_AGE_MS);
  }
  return { directory, file: (sequence: number) => join(directory, `${sessionId}.00000${sequence}.journal`) };
}

it("closes, hands over and ends what was left behind", async () => {
  const { directory } = await leftBehind(3);
  expect(readdirSync(directory)).toHaveLength(3);
  const store = recordingStore();
  expect(await recoverJournals({ directory, controlPlane: store })).toMatchObject({
    sessions: ["ses_r"],
    torn: [],
    kept: [],
  });
  expect(texts(store.events("ses_r"))).toEqual(["1", "2", "3"]);
  expect(store.ended.get("ses_r")).toMatchObject({ reason: "gateway lost", segments: 3 });
  expect(store.verify("ses_r")).toMatchObject({
    ok: true,
    tail: "complete",
    recovered: [{ sequence: 3, lostBytes: 0 }],
  });
  expect(store.audit).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
  expect(await recoverJournals({ directory, controlPlane: store })).toMatchObject({ sessions: [] });
});

it.each(["noise", "zeros", "half"])("names a torn end: %s", async (how) => {
  const { directory, file } = await leftBehind(1);
  const whole = readFileSync(file(1)).length;
  if (how === "half") truncateSync(file(1), whole - 3);
  else appendFileSync(file(1), how === "zeros" ? new Uint8Array(5) : Uint8Array.of(0, 0, 0, 90, 1));
  const store = recordingStore();
  const recovery = await recoverJournals({ directory, controlPlane: store });
  const lostBytes = recovery.torn[0]?.lostBytes ?? 0;
  expect(store.audit).toEqual([{ type: "recording.torn", sessionId: "ses_r", data: { sequence: 1, lostBytes } }]);
  if (how !== "half") expect(lostBytes).toBe(5);
  expect(texts(store.events("ses_r"))).toEqual(how === "half" ? [] : ["1"]);
  expect(store.verify("ses_r")).toMatchObject({ ok: true, recovered: [{ sequence: 1, lostBytes }] });
});

it("sets aside what has no header, and drops what has no byte", async () => {
  const { directory } = await leftBehind(1);
  writeFileSync(join(directory, "ses_x.000001.journal"), "TWREC");
  writeFileSync(join(directory, "ses_y.000001.journal"), "");
  const store = recordingStore();
  const recovery = await recoverJournals({ directory, controlPlane: store });
  expect(recovery.sessions).toEqual(["ses_r"]);
  expect(recovery.kept).toEqual([{ file: "ses_x.000001.journal.unreadable", reason: "no readable header" }]);
  expect(store.audit).toMatchObject([{ type: "recording.torn", data: { lostBytes: 5 } }]);
  expect(readdirSync(directory)).toEqual(["ses_x.000001.journal.unreadable"]);
});

it("goes on where it was killed: the second start hands over the same bytes", async () => {
  const { directory, file } = await leftBehind(2);
  appendFileSync(file(2), "torn");
  const store = recordingStore();
  const endSession = () => Promise.reject(new TidewaiterError("control_plane_lost", "gone"));
  const interrupted = await recoverJournals({ directory, controlPlane: { ...store, endSession } });
  expect(interrupted).toMatchObject({ sessions: [], torn: [{ lostBytes: 4 }] });
  expect(interrupted.kept).toHaveLength(1);
  const clock = fakeClock(Date.UTC(2030, 0, 1));
  expect(await recoverJournals({ directory, controlPlane: store, clock })).toMatchObject({
    sessions: ["ses_r"],
    kept: [],
  });
  expect(store.verify("ses_r")).toMatchObject({
    ok: true,
    tail: "complete",
    recovered: [{ sequence: 2, lostBytes: 4 }],
  });
  expect(store.audit).toHaveLength(1);
});

it("one session that cannot be handed over does not keep back the others", async () => {
  const { directory } = await leftBehind(1, "ses_a");
  await leftBehind(2, "ses_b", directory);
  const store = recordingStore();
  await store.putSegment("ses_a", 1, Uint8Array.of(1));
  const recovery = await recoverJournals({ directory, controlPlane: store });
  expect(recovery.kept).toEqual([{ file: "ses_a.000001.journal.refused", reason: "segment 1 was refused: conflict" }]);
  expect(store.audit).toMatchObject([{ type: "recording.refused", sessionId: "ses_a" }]);
  expect(recovery.sessions).toEqual(["ses_a", "ses_b"]);
  expect(store.verify("ses_a")).toMatchObject({ ok: false });
  expect(store.verify("ses_b")).toMatchObject({ ok: true, tail: "complete" });
});

it("leaves everything for the next start when the control plane is away", async () => {
  const { directory } = await leftBehind(2);
  const putSegment = () => Promise.reject(new TidewaiterError("control_plane_lost", "gone"));
  const options = { directory, controlPlane: { ...recordingStore(), putSegment }, signal: AbortSignal.abort() };
  expect((await recoverJournals(options)).kept).toHaveLength(1);
  expect(readdirSync(directory)).toHaveLength(2);
});
