import { randomBytes } from "node:crypto";
import type { SessionEvent } from "@tidewaiter/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { segmentKey } from "../src/blobs/index.ts";
import { createControlPlane } from "../src/create-control-plane.ts";
import { onEitherStore } from "./on-stores.ts";
import { caller, GATEWAY, type Harness, startHarness } from "./running.ts";
import { COUNTERS, expectStatus, openSession, setTheScene } from "./scene.ts";
import { segmentsOf } from "./segments.ts";

const notice = (text: string): SessionEvent => ({ at: 1, type: "notice", code: "N", text });
const SEALED: SessionEvent = {
  at: 1,
  type: "operation",
  operation: 1,
  kind: "SELECT",
  text: "select 'tok_1'",
  sealed: { text: "select 'quentin@example.com'" },
  outcome: "allow",
  policyVersion: 1,
  labels: [],
};

onEitherStore("watches", (store) => {
  let harness: Harness;
  let anaId: string;
  let anaToken: string;
  let auditor: string;

  beforeAll(async () => {
    harness = await startHarness(store);
    ({ anaId, anaToken } = await setTheScene(harness));
    auditor = await harness.addUser("otto", ["auditor"]);
  }, 60_000);
  afterAll(() => harness[Symbol.asyncDispose]());

  const open = async (session: string, token?: string, body: object = { reason: "ticket 812" }) =>
    harness.call("POST", `/v1/sessions/${session}/watches`, body, token);
  /** A session of ana's that root watches. */
  const watched = async () => {
    const session = await openSession(harness, anaId);
    const { id } = (await expectStatus(open(session.id), 201)).json as { id: string };
    return { session, url: `/v1/sessions/${session.id}/watches/${id}` };
  };
  const read = (text: string) => {
    const lines = text.trimEnd().split("\n");
    const last = JSON.parse(lines.pop() ?? "") as { watch: { after: number; more: boolean; ended: string | null } };
    return { events: lines.map((line) => JSON.parse(line) as SessionEvent), ...last.watch };
  };
  const ask = async (url: string, after: number, token?: string) =>
    read((await expectStatus(harness.call("GET", `${url}/events?after=${after}`, undefined, token), 200)).text);
  const renewed = async (sessionId: string) =>
    (await harness.port.renewLeases(GATEWAY, [{ sessionId, counters: COUNTERS }]))[0];
  const put = (sessionId: string, sequence: number, bytes: Uint8Array) =>
    harness.port.putSegment(sessionId, sequence, bytes);

  it("tells the session's gateway, and whoever may read the audit log", async () => {
    const session = await openSession(harness, anaId);
    expect(await renewed(session.id)).toMatchObject({ ok: true, watched: false });
    const { last } = await harness.port.changes(Number.MAX_SAFE_INTEGER, 0);
    const { id } = (await expectStatus(open(session.id, auditor), 201)).json as { id: string };
    const { changes } = await harness.port.changes(last, 0);
    expect(changes).toEqual([expect.objectContaining({ kind: "session", id: session.id })]);
    expect(await renewed(session.id)).toMatchObject({ ok: true, watched: true });
    const audited = async (type: string) =>
      (await harness.call("GET", `/v1/audit?type=${type}`)).json.events.find(
        (event: { sessionId: string }) => event.sessionId === session.id,
      );
    expect(await audited("session.watched")).toMatchObject({
      data: { by: "otto", reason: "ticket 812", originals: false },
    });
    harness.clock.advance(2_000);
    await expectStatus(harness.call("DELETE", `/v1/sessions/${session.id}/watches/${id}`, undefined, auditor), 204);
    expect(await audited("session.watch_ended")).toMatchObject({ data: { by: "otto", seconds: 2 } });
    expect(await renewed(session.id)).toMatchObject({ ok: true, watched: false });
  });

  it("gives what is stored at once, then each segment as it comes, then why it ended", async () => {
    const { session, url } = await watched();
    const batches = [[notice("one"), notice("two")], [notice("three")], [notice("four")]];
    const segments = segmentsOf(session, batches);
    const bytesOf = (sequence: number) => segments[sequence - 1]?.bytes ?? Buffer.alloc(0);
    await put(session.id, 1, bytesOf(1));
    await put(session.id, 2, bytesOf(2));
    expect(await ask(url, 0)).toEqual({
      events: [notice("one"), notice("two"), notice("three")],
      after: 2,
      more: false,
      ended: null,
    });
    const waiting = ask(url, 2);
    const began = performance.now();
    setTimeout(() => void put(session.id, 3, bytesOf(3)), 300);
    expect(await waiting).toEqual({ events: [notice("four")], after: 3, more: false, ended: null });
    const waited = performance.now() - began;
    expect(waited).toBeGreaterThan(250);
    expect(waited).toBeLessThan(2_000);
    const end = { reason: "client left", counters: COUNTERS, segments: 3, lastSegmentHash: segments[2]?.hash ?? "" };
    await harness.port.endSession(session.id, end);
    expect(await ask(url, 3)).toEqual({ events: [], after: 3, more: false, ended: "client left" });
  });

  it("answers after 3 s when nothing comes, so that rights are asked for again", async () => {
    const { url } = await watched();
    const began = performance.now();
    expect(await ask(url, 0)).toEqual({ events: [], after: 0, more: false, ended: null });
    expect(performance.now() - began).toBeGreaterThan(2_900);
    expect(performance.now() - began).toBeLessThan(4_500);
  });

  it("is answered by another control plane on the same store as well", async () => {
    const { session, url } = await watched();
    const other = await createControlPlane(harness.deps);
    try {
      const waiting = caller(other)("GET", `${url}/events?after=0`, undefined, harness.adminToken);
      const [segment] = segmentsOf(session, [[notice("from elsewhere")]]);
      setTimeout(() => void put(session.id, 1, segment?.bytes ?? Buffer.alloc(0)), 200);
      expect(read((await waiting).text)).toEqual({
        events: [notice("from elsewhere")],
        after: 1,
        more: false,
        ended: null,
      });
    } finally {
      await other.close();
    }
  });

  it("gives what is long in parts, so that nobody needs room for all of it", async () => {
    const { session, url } = await watched();
    const large = notice(randomBytes(600_000).toString("hex"));
    const batches = [[large], [large], [large], ...Array.from({ length: 70 }, () => [notice("small")])];
    for (const [index, { bytes }] of segmentsOf(session, batches).entries()) await put(session.id, index + 1, bytes);
    const answers = [await ask(url, 0)];
    while (answers.at(-1)?.more) answers.push(await ask(url, answers.at(-1)?.after ?? 0));
    expect(answers.map(({ after, more }) => [after, more])).toEqual([
      [2, true],
      [66, true],
      [73, false],
    ]);
    expect(answers.map(({ events }) => events.length)).toEqual([2, 64, 7]);
  });

  it("of a session that has ended gives what there is, also behind a hole", async () => {
    const { session, url } = await watched();
    const segments = segmentsOf(session, [[notice("one")], [notice("lost")], [notice("three")]]);
    for (const sequence of [1, 3]) await put(session.id, sequence, segments[sequence - 1]?.bytes ?? Buffer.alloc(0));
    expect(await ask(url, 0)).toMatchObject({ events: [notice("one")], after: 1, ended: null });
    const end = { reason: "killed", counters: COUNTERS, segments: 3, lastSegmentHash: segments[2]?.hash ?? "" };
    await harness.port.endSession(session.id, end);
    expect(await ask(url, 1)).toMatchObject({ events: [notice("three")], after: 3, ended: null });
    expect(await ask(url, 3)).toMatchObject({ events: [], ended: "killed" });
    const again = await open(session.id);
    expect([again.status, again.json.code]).toEqual([410, "session_ended"]);
    expect(again.json.next).toBe(`tw sessions replay ${session.id}`);
  });

  it("is of no use to anybody else: not to plain users, not to another who may watch", async () => {
    const { session, url } = await watched();
    expect((await open(session.id, anaToken)).status).toBe(403);
    expect((await open(session.id, undefined, {})).status).toBe(400);
    expect((await open("ses_unknown")).status).toBe(404);
    const events = (token: string | null) => harness.call("GET", `${url}/events`, undefined, token);
    expect((await events(anaToken)).status).toBe(403);
    expect((await events(null)).status).toBe(401);
    expect((await events(auditor)).status).toBe(404);
    expect((await harness.call("DELETE", url, undefined, auditor)).status).toBe(204);
    const other = await openSession(harness, anaId);
    const elsewhere = url.replace(session.id, other.id);
    expect((await harness.call("GET", `${elsewhere}/events`)).status).toBe(404);
    expect(await renewed(session.id)).toMatchObject({ watched: true });
  });

  it("ends with the right to it, in the middle of a watch", async () => {
    const session = await openSession(harness, anaId);
    const token = await harness.addUser("nina", ["auditor"]);
    const { id } = (await expectStatus(open(session.id, token), 201)).json as { id: string };
    const events = () =>
      harness.call("GET", `/v1/sessions/${session.id}/watches/${id}/events?after=0`, undefined, token);
    const [segment] = segmentsOf(session, [[notice("one")]]);
    await put(session.id, 1, segment?.bytes ?? Buffer.alloc(0));
    expect((await events()).status).toBe(200);
    await expectStatus(harness.call("PATCH", "/v1/principals/nina", { roles: ["user"] }), 200);
    expect((await events()).status).toBe(403);
    await harness.call("PATCH", "/v1/principals/nina", { roles: ["auditor"], disabled: true });
    expect((await events()).status).toBe(401);
  });

  it("shows originals to whom they may be shown, as long as they may", async () => {
    const { session, url } = await watched();
    const [segment] = segmentsOf(session, [[SEALED]]);
    await put(session.id, 1, segment?.bytes ?? Buffer.alloc(0));
    expect(JSON.stringify(await ask(url, 0))).not.toContain("quentin");
    const body = { reason: "ticket 812", originals: true };
    expect((await open(session.id, undefined, body)).status).toBe(403);
    const { id } = (await expectStatus(open(session.id, auditor, body), 201)).json as { id: string };
    const shown = await ask(`/v1/sessions/${session.id}/watches/${id}`, 0, auditor);
    expect(shown.events).toEqual([SEALED]);
  });

  it("is over 15 s after the last question, however many there are; so many may watch", async () => {
    const { session, url } = await watched();
    const [segment] = segmentsOf(session, [[notice("one")]]);
    await put(session.id, 1, segment?.bytes ?? Buffer.alloc(0));
    for (let round = 0; round < 4; round++) {
      harness.clock.advance(10_000);
      await ask(url, 0);
      // the lease of the session is its gateway's matter
      expect(await renewed(session.id)).toMatchObject({ watched: true });
    }
    for (let more = 1; more < 8; more++) await expectStatus(open(session.id), 201);
    expect((await open(session.id, auditor)).status).toBe(409);
    const others = await Promise.all(Array.from({ length: 2 }, () => openSession(harness, anaId)));
    for (let more = 8; more < 16; more++) await expectStatus(open(others[0]?.id ?? ""), 201);
    expect((await open(others[1]?.id ?? "")).json.detail).toBe("you watch 16 sessions already");
    await expectStatus(open(others[1]?.id ?? "", auditor), 201);
    harness.clock.advance(16_000);
    expect((await harness.call("GET", `${url}/events`)).status).toBe(404);
    expect(await renewed(session.id)).toMatchObject({ watched: false });
    await harness.running.sweep();
    const { events } = (await harness.call("GET", "/v1/audit?type=session.watch_ended")).json;
    const ended = events.filter((event: { sessionId: string }) => event.sessionId === session.id);
    expect(ended).toHaveLength(8);
    expect(ended.map(({ data }: { data: { seconds: number } }) => data.seconds).toSorted()).toContain(55);
    expect((await open(session.id)).status).toBe(201);
  });

  it("costs an unwatched session nothing: no change is told", async () => {
    const session = await openSession(harness, anaId);
    const { last } = await harness.port.changes(Number.MAX_SAFE_INTEGER, 0);
    const [segment] = segmentsOf(session, [[notice("one")]]);
    await put(session.id, 1, segment?.bytes ?? Buffer.alloc(0));
    expect((await harness.port.changes(last, 0)).changes).toEqual([]);
    expect(await harness.deps.blobs.get(segmentKey(session.id, 1))).toBeDefined();
  });
});
