import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { openSegment } from "@tidewaiter/core/recording/segment";
import { eventually } from "@tidewaiter/testkit/eventually";
import { fakeClock } from "@tidewaiter/testkit/fake-clock";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { nodeJournalFs } from "../../src/recorder/journal.ts";
import { primitives } from "../../src/recorder/primitives.ts";
import { createRecorder, type RecorderOptions, SEGMENT_AGE_MS } from "../../src/recorder/recorder.ts";
import { recoverJournals } from "../../src/recorder/recover-journals.ts";
import { KEY, notice, recordingStore, SUMMARY, testSession, texts } from "./recording-store.ts";

const folder = tempDir("recorder");
afterAll(() => folder.remove());
let made = 0;

function setUp(options: Partial<RecorderOptions> = {}) {
  const directory = join(folder.path, `journals-${++made}`);
  mkdirSync(directory, { mode: 0o700 });
  const store = recordingStore();
  const failures: string[] = [];
  const onFailure = (reason: string) => failures.push(reason);
  const base = { session: testSession("ses_t"), directory, controlPlane: store, mode: "strict", onFailure } as const;
  return { directory, store, failures, recorder: createRecorder({ ...base, ...options }) };
}

const lost = () => Promise.reject(new TidewaiterError("control_plane_lost", "gone"));

/** What a test does with a recorder: append so many characters, flush, or let it grow past a segment's age. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ append: fc.oneof(fc.nat(40), fc.nat(4_000)) }) },
    { weight: 4, arbitrary: fc.constant("flush" as const) },
    { weight: 1, arbitrary: fc.constant("age" as const) },
  ),
  { maxLength: 30 },
);

describe("recorder", () => {
  it.each(["strict", "durable", "bounded", "best_effort"] as const)(
    "records any events in order (%s)",
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(steps, async (plan) => {
          const clock = fakeClock();
          const { store, recorder, directory, failures } = setUp({ mode, clock });
          const expected: string[] = [];
          for (const step of plan) {
            if (step === "flush") await recorder.flush();
            else if (step === "age") await clock.advance(SEGMENT_AGE_MS);
            else {
              expected.push(`${expected.length}:${"é".repeat(step.append)}`);
              recorder.append(notice(expected.at(-1) ?? ""));
            }
          }
          const end = await recorder.end(SUMMARY);
          expect(texts(store.events("ses_t"))).toEqual(expected);
          expect(store.events("ses_t").at(-1)).toMatchObject({ type: "session_ended", reason: "client left" });
          expect(store.verify("ses_t", end)).toMatchObject({ ok: true, tail: "complete", segments: end.segments });
          expect(end.stored).toBe(true);
          expect(readdirSync(directory)).toEqual([]);
          expect(failures).toEqual([]);
        }),
        { numRuns: 15 },
      );
    },
  );

  it("loses nothing that was flushed when it is abandoned at any point", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const clock = fakeClock();
        const gone = new AbortController();
        const { store, recorder, directory } = setUp({
          clock,
          signal: gone.signal,
          controlPlane: { putSegment: lost },
        });
        const [accepted, buffered]: [string[], string[]] = [[], []];
        for (const step of plan) {
          if (step === "flush") {
            void recorder.flush();
            accepted.push(...buffered.splice(0));
          } else if (step === "age") await clock.advance(SEGMENT_AGE_MS);
          else {
            buffered.push(`${accepted.length + buffered.length}:${"x".repeat(step.append)}`);
            recorder.append(notice(buffered.at(-1) ?? ""));
          }
        }
        gone.abort();
        const recovery = await recoverJournals({ directory, controlPlane: store });
        expect(recovery).toMatchObject({ sessions: ["ses_t"], torn: [], kept: [] });
        expect(texts(store.events("ses_t"))).toEqual(accepted);
        expect(store.verify("ses_t")).toMatchObject({ ok: true, tail: "complete" });
      }),
      { numRuns: 25 },
    );
  });

  it("strict: the event is in the file, in the segment's own form, when flush returns", () => {
    const { recorder, directory } = setUp();
    recorder.append(notice("before"));
    expect(recorder.flush()).toBeUndefined();
    const path = join(directory, "ses_t.000001.journal");
    expect(texts(openSegment(readFileSync(path), KEY, primitives).events)).toEqual(["before"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path).includes("before")).toBe(false);
  });

  it("strict: is synced within 20 ms, many flushes together, with the directory once", async () => {
    const clock = fakeClock();
    const calls: string[] = [];
    const io = {
      ...nodeJournalFs,
      fdatasync: async () => void calls.push("data"),
      syncDirectory: async () => void calls.push("directory"),
    };
    const { recorder } = setUp({ clock, io });
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5; i++) {
        recorder.append(notice(`${i}`));
        void recorder.flush();
      }
      await clock.advance(20);
    }
    expect(calls).toEqual(["data", "directory", "data"]);
  });

  it("durable: resolves only after a sync that began after the write", async () => {
    const syncs: (() => void)[] = [];
    const began: (() => void)[] = [];
    const io = {
      ...nodeJournalFs,
      syncDirectory: async () => {},
      fdatasync: () =>
        new Promise<void>((resolve) => {
          syncs.push(resolve);
          began.shift()?.();
        }),
    };
    const { recorder } = setUp({ io });
    const settled: string[] = [];
    const durably = (name: string) => {
      recorder.append(notice(name));
      return recorder.flush({ durable: true })?.then(() => settled.push(name));
    };
    const first = durably("a");
    const [second, third] = [durably("b"), durably("c")];
    const secondBegan = new Promise<void>((resolve) => began.push(resolve));
    syncs[0]?.();
    await first;
    await secondBegan;
    expect(settled).toEqual(["a"]);
    expect(syncs).toHaveLength(2);
    syncs[1]?.();
    await Promise.all([second, third]);
    expect(syncs).toHaveLength(2);
  });

  it("rolls a segment at 4 MiB and keeps the chain", async () => {
    const { recorder, store } = setUp();
    const sent = Array.from({ length: 30 }, (_, i) => `${i}:${randomBytes(200_000).toString("base64")}`);
    for (const text of sent) {
      recorder.append(notice(text));
      void recorder.flush();
    }
    const end = await recorder.end(SUMMARY);
    expect(end.segments).toBe(2);
    expect(store.verify("ses_t", end)).toMatchObject({ ok: true });
    expect(texts(store.events("ses_t"))).toEqual(sent);
  });

  it("writes by itself above 1 MiB, in frames of that size", () => {
    const { recorder, directory } = setUp();
    for (let i = 0; i < 20; i++) recorder.append(notice("y".repeat(100_000)));
    const opened = openSegment(readFileSync(join(directory, "ses_t.000001.journal")), KEY, primitives);
    expect(opened.events).toHaveLength(10);
  });

  it("rolls a segment at 60 s when it holds something, and a silent session not at all", async () => {
    const clock = fakeClock();
    const { recorder, store } = setUp({ clock });
    await clock.advance(5 * SEGMENT_AGE_MS);
    expect(store.segments("ses_t")).toHaveLength(0);
    recorder.append(notice("a"));
    void recorder.flush();
    await clock.advance(SEGMENT_AGE_MS);
    await eventually(() => store.segments("ses_t").length === 1);
    await clock.advance(5 * SEGMENT_AGE_MS);
    expect(await recorder.end(SUMMARY)).toMatchObject({ segments: 2 });
    expect(store.segments("ses_t")).toHaveLength(2);
  });

  it("refuses an event that no frame can hold", () => {
    const { recorder } = setUp();
    recorder.append(notice("z".repeat(11 * 1024 * 1024)));
    expect(() => recorder.flush()).toThrow(expect.objectContaining({ code: "recording_failed" }));
  });

  it("accepts nothing after the end", async () => {
    const { recorder, store } = setUp();
    const [first, second] = [recorder.end(SUMMARY), recorder.end(SUMMARY)];
    expect(() => recorder.flush()).toThrow(expect.objectContaining({ code: "session_ended" }));
    expect(await first).toEqual(await second);
    expect(store.events("ses_t")).toHaveLength(1);
  });

  it("keeps a journal until the control plane has acknowledged it, with growing pauses", async () => {
    const clock = fakeClock();
    const store = recordingStore();
    let attempts = 0;
    const putSegment: RecorderOptions["controlPlane"]["putSegment"] = (...put) => {
      attempts += 1;
      return attempts < 6 ? lost() : store.putSegment(...put);
    };
    const { recorder, directory } = setUp({ clock, controlPlane: { putSegment } });
    recorder.append(notice("kept"));
    const ending = recorder.end(SUMMARY);
    while (attempts < 1) await clock.advance(0);
    expect(readdirSync(directory)).toHaveLength(1);
    while (attempts < 5) await clock.advance(50);
    expect(clock.now() - Date.UTC(2026, 0, 1)).toBeGreaterThan(700);
    expect(readdirSync(directory)).toHaveLength(1);
    while (attempts < 6) await clock.advance(200);
    // files take the time that they take: more of the clock's would be the end of patience
    expect(await ending).toMatchObject({ segments: 1, stored: true });
    await eventually(() => readdirSync(directory).length === 0);
    expect(texts(store.events("ses_t"))).toEqual(["kept"]);
  });

  it("does not wait for ever at the end, and keeps what is due", async () => {
    const clock = fakeClock();
    const { recorder, directory } = setUp({ clock, controlPlane: { putSegment: lost } });
    const ending = recorder.end(SUMMARY);
    await clock.advance(11_000);
    expect(await ending).toMatchObject({ segments: 1, stored: false });
    expect(readdirSync(directory)).toEqual(["ses_t.000001.journal"]);
  });

  it("refuses a second recording of the same session over a first", () => {
    const { directory, store } = setUp();
    expect(() => setUp({ directory, controlPlane: store })).toThrow(
      expect.objectContaining({ code: "recording_failed" }),
    );
  });

  it("bounded: fails when the spool is full", async () => {
    const gone = new AbortController();
    const options = {
      mode: "bounded",
      spoolLimit: 20_000,
      controlPlane: { putSegment: lost },
      signal: gone.signal,
    } as const;
    const { recorder, failures } = setUp(options);
    const fill = () => {
      for (let i = 0; i < 100; i++) {
        recorder.append(notice(`${i}:${randomBytes(400).toString("hex")}`));
        void recorder.flush();
      }
    };
    expect(fill).toThrow(expect.objectContaining({ code: "recording_failed" }));
    gone.abort();
    await recorder.end(SUMMARY);
    expect(failures).toEqual(["the recording spool is full"]);
  });

  it("bounded: durable waits for the control plane's acknowledgement", async () => {
    const { recorder, store } = setUp({ mode: "bounded" });
    recorder.append(notice("a"));
    expect(recorder.flush()).toBeUndefined();
    expect(store.segments("ses_t")).toHaveLength(0);
    await recorder.flush({ durable: true });
    expect(texts(store.events("ses_t"))).toEqual(["a"]);
  });

  it("best_effort: drops, goes on, and says how much is missing", async () => {
    const clock = fakeClock();
    const store = recordingStore();
    let online = false;
    const putSegment: RecorderOptions["controlPlane"]["putSegment"] = (...put) => {
      return online ? store.putSegment(...put) : lost();
    };
    const { recorder, failures } = setUp({
      mode: "best_effort",
      spoolLimit: 20_000,
      clock,
      controlPlane: { putSegment },
    });
    const one = (i: number) => {
      recorder.append(notice(`${i}:${randomBytes(400).toString("hex")}`));
      expect(recorder.flush()).toBeUndefined();
    };
    for (let i = 0; i < 100; i++) one(i);
    online = true;
    await clock.advance(20_000);
    one(100);
    one(101);
    const end = await recorder.end(SUMMARY);
    const events = store.events("ses_t");
    const gaps = events.flatMap((event) => (event.type === "gap" ? [event.lost] : []));
    expect(gaps.reduce((sum, lostHere) => sum + lostHere, texts(events).length)).toBe(102);
    expect(gaps).toHaveLength(1);
    expect(texts(events).at(-1)).toMatch(/^101:/);
    expect(store.verify("ses_t", end)).toMatchObject({ ok: true });
    expect(failures).toEqual([]);
  });
});
