import type { SessionEvent } from "@tidewaiter/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { segmentKey } from "../src/blobs/index.ts";
import { type Harness, startHarness } from "./running.ts";
import { COUNTERS, openSession, setTheScene } from "./scene.ts";
import { segmentsOf } from "./segments.ts";

const AT = Date.parse("2026-03-01T08:00:00Z");

const operation: SessionEvent = {
  at: AT,
  type: "operation",
  operation: 1,
  kind: "SELECT",
  text: "select * from customers where email = 'tok_1'",
  sealed: { text: "select * from customers where email = 'quentin@example.com'" },
  outcome: "allow",
  policyVersion: 1,
  labels: ["pii.email"],
};

const notice = (text: string): SessionEvent => ({ at: AT + 1, type: "notice", code: "00000", text });

describe("recordings", () => {
  let harness: Harness;
  let anaId: string;
  let anaToken: string;
  let auditor: string;

  beforeAll(async () => {
    harness = await startHarness();
    ({ anaId, anaToken } = await setTheScene(harness));
    auditor = await harness.addUser("otto", ["auditor"]);
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const record = async (batches: readonly (readonly SessionEvent[])[]) => {
    const session = await openSession(harness, anaId);
    const segments = segmentsOf(session, batches, AT);
    for (const [index, { bytes }] of segments.entries()) await harness.port.putSegment(session.id, index + 1, bytes);
    const lastSegmentHash = segments.at(-1)?.hash ?? "";
    const end = { reason: "client left", counters: COUNTERS, segments: segments.length, lastSegmentHash };
    await harness.port.endSession(session.id, end);
    return session;
  };
  const verify = async (id: string) => (await harness.call("GET", `/v1/sessions/${id}/recording/verify`)).json;

  it("opens a recording for a reason, and records that", async () => {
    const session = await record([[operation], [notice("one"), notice("two")]]);
    const url = `/v1/sessions/${session.id}/recording`;
    expect((await harness.call("GET", url)).status).toBe(400);
    const opened = await harness.call("GET", `${url}?reason=ticket+812`);
    expect(opened.headers["content-type"]).toContain("application/x-ndjson");
    const events = opened.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as SessionEvent);
    const { sealed: _, ...withoutOriginal } = operation as Extract<SessionEvent, { type: "operation" }>;
    expect(events).toEqual([withoutOriginal, notice("one"), notice("two")]);
    const [look] = (await harness.call("GET", "/v1/audit?type=recording.opened")).json.events;
    expect(look).toMatchObject({ sessionId: session.id, data: { by: "root", reason: "ticket 812" } });
  });

  it("shows originals to an auditor only, and recordings to no plain user", async () => {
    const session = await record([[operation]]);
    const url = `/v1/sessions/${session.id}/recording?reason=because&originals=true`;
    expect((await harness.call("GET", url)).status).toBe(403);
    expect((await harness.call("GET", url, undefined, anaToken)).status).toBe(403);
    expect((await harness.call("GET", url, undefined, auditor)).text).toContain("quentin@example.com");
  });

  it("verifies a whole recording, and finds a missing tail and a changed segment", async () => {
    const whole = await record([[operation], [notice("end")]]);
    expect(await verify(whole.id)).toEqual({ ok: true, segments: 2, tail: "complete", problems: [] });
    const cut = await record([[operation], [notice("end")]]);
    await harness.deps.blobs.delete(segmentKey(cut.id, 2));
    expect(await verify(cut.id)).toMatchObject({ ok: false, segments: 1, problems: [expect.stringContaining("2")] });
    const changed = await record([[operation]]);
    const key = segmentKey(changed.id, 1);
    const bytes = Buffer.from((await harness.deps.blobs.get(key)) ?? []);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 60) ^ 1, bytes.length - 60);
    await harness.deps.blobs.delete(key);
    await harness.deps.blobs.putIfAbsent(key, bytes);
    expect((await verify(changed.id)).ok).toBe(false);
    const opened = await harness.call("GET", `/v1/sessions/${changed.id}/recording?reason=look`);
    expect(opened.text).toContain('"type":"gap"');
  });

  it("still opens after the master key was rotated", async () => {
    const session = await record([[notice("kept")]]);
    await harness.running.rotateMasterKey();
    const opened = await harness.call("GET", `/v1/sessions/${session.id}/recording?reason=look`);
    expect(opened.text).toContain("kept");
  });
});
