import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { eventually } from "@tidewaiter/testkit/eventually";
import { fakeClock } from "@tidewaiter/testkit/fake-clock";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { afterAll, describe, expect, it } from "vitest";
import { createRecorder, type RecorderOptions, SEGMENT_AGE_MS } from "../../src/recorder/recorder.ts";
import { notice, recordingStore, SUMMARY, testSession, texts } from "./recording-store.ts";

const folder = tempDir("recorder-watched");
afterAll(() => folder.remove());
let made = 0;

function setUp(options: Partial<RecorderOptions> = {}) {
  const directory = join(folder.path, `journals-${++made}`);
  mkdirSync(directory, { mode: 0o700 });
  const store = recordingStore();
  const clock = fakeClock();
  const failures: string[] = [];
  const onFailure = (reason: string) => failures.push(reason);
  const base = { session: testSession("ses_w"), directory, controlPlane: store, mode: "strict", onFailure } as const;
  const recorder = createRecorder({ ...base, clock, ...options });
  const record = (text: string) => {
    recorder.append(notice(text));
    void recorder.flush();
  };
  /** What a watcher could read by now. */
  const stored = () => texts(store.events("ses_w"));
  return { store, clock, recorder, failures, record, stored };
}

describe("a watched session", () => {
  it.each(["strict", "durable", "bounded", "best_effort"] as const)(
    "hands over what it records within about a second, in one chain (%s)",
    async (mode) => {
      const { store, clock, recorder, record, stored, failures } = setUp({ mode });
      record("before");
      await clock.advance(10_000);
      expect(stored()).toEqual([]);
      recorder.watched(true);
      await clock.advance(100);
      await eventually(() => stored().length === 1);
      for (let second = 1; second <= 4; second++) {
        record(`at ${second}`);
        await clock.advance(1_000);
        await eventually(() => stored().length === second + 1);
      }
      const end = await recorder.end(SUMMARY);
      expect(stored()).toEqual(["before", "at 1", "at 2", "at 3", "at 4"]);
      expect(store.verify("ses_w", end)).toMatchObject({ ok: true, tail: "complete", segments: 6 });
      expect(failures).toEqual([]);
    },
  );

  it("shows a keystroke after a pause at once", async () => {
    const { clock, recorder, record, stored } = setUp();
    recorder.watched(true);
    await clock.advance(3_000);
    record("l");
    await clock.advance(100);
    await eventually(() => stored().length === 1);
  });

  it("makes one segment a second at most, however much there is", async () => {
    const { store, clock, recorder, record } = setUp({ mode: "bounded" });
    for (let tick = 0; tick < 100; tick++) {
      if (tick % 20 === 0) recorder.watched(true);
      for (let chunk = 0; chunk < 5; chunk++) record(randomBytes(3_000).toString("hex"));
      await clock.advance(100);
    }
    await recorder.end(SUMMARY);
    expect(store.segments("ses_w").length).toBeGreaterThanOrEqual(10);
    expect(store.segments("ses_w").length).toBeLessThanOrEqual(12);
  });

  it("stops when nobody watches any more, told or not", async () => {
    const { store, clock, recorder, record } = setUp();
    const segments = () => store.segments("ses_w").length;
    recorder.watched(true);
    record("one");
    await clock.advance(100);
    await eventually(() => segments() === 1);
    recorder.watched(false);
    record("two");
    await clock.advance(SEGMENT_AGE_MS - 1_000);
    expect(segments()).toBe(1);
    await clock.advance(1_000);
    await eventually(() => segments() === 2);
    recorder.watched(true);
    await clock.advance(6_000);
    // the control plane is lost: no renewal says it again
    record("three");
    await clock.advance(SEGMENT_AGE_MS - 7_000);
    expect(segments()).toBe(2);
    expect((await recorder.end(SUMMARY)).segments).toBe(3);
  });

  it("makes no empty segments while it is silent", async () => {
    const { store, clock, recorder } = setUp();
    for (let second = 0; second < 10; second++) {
      recorder.watched(true);
      await clock.advance(1_000);
    }
    expect(store.segments("ses_w")).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  it("goes at the pace of a slow store, and is not held up by a lost one", async () => {
    const waiting: (() => void)[] = [];
    const inner = recordingStore();
    const controlPlane: RecorderOptions["controlPlane"] = {
      putSegment: async (...put) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        await inner.putSegment(...put);
      },
    };
    const { clock, recorder, record } = setUp({ controlPlane });
    record("first");
    recorder.watched(true);
    await clock.advance(100);
    await eventually(() => waiting.length === 1);
    for (let second = 0; second < 20; second++) {
      recorder.watched(true);
      record(`${second}`);
      await clock.advance(1_000);
    }
    expect(waiting).toHaveLength(1);
    waiting.shift()?.();
    await eventually(async () => {
      await clock.advance(100);
      return waiting.length === 1;
    });
    expect(texts(inner.events("ses_w"))).toEqual(["first"]);
    waiting.shift()?.();
    await eventually(() => inner.segments("ses_w").length === 2);
    expect(texts(inner.events("ses_w"))).toHaveLength(21);
  });

  it("goes on by the rules of its recording when the control plane is lost", async () => {
    const lost = () => Promise.reject(new TidewaiterError("control_plane_lost", "gone"));
    const { clock, recorder, record, failures } = setUp({ controlPlane: { putSegment: lost } });
    for (let second = 0; second < 60; second++) {
      recorder.watched(second < 30);
      record(`${second}`);
      await clock.advance(1_000);
    }
    expect(failures).toEqual([]);
    expect(recorder.failed).toBeUndefined();
    const ending = recorder.end(SUMMARY);
    await clock.advance(11_000);
    expect(await ending).toMatchObject({ stored: false, segments: 2 });
  });
});
