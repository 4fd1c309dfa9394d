import { type Received, type Reply, startHttpDouble } from "@tidewaiter/testkit/http-double";
import { expect, it } from "vitest";
import { openApi } from "../../api/client.ts";
import { type Followed, followSession } from "./follow-session.ts";

const OPENED: Reply = { status: 201, json: { id: "wch_1", startedAt: "2026-03-01T08:00:00Z" } };
const line = (value: object) => `${JSON.stringify(value)}\n`;
const notice = (text: string) => line({ at: 1, type: "notice", code: "N", text });
const position = (after: number, ended: string | null = null) => line({ watch: { after, more: false, ended } });
const problem = (status: number, code: string): Reply => {
  return { status, json: { type: "t", title: "title", status, detail: `it is ${code}`, code } };
};

/** A DOUBLE of the API: it fails on demand, which the real one does not. */
async function follow(answers: readonly Reply[], opened: readonly Reply[] = [OPENED]) {
  const [asked, openings] = [[...answers], [...opened]];
  const server = await startHttpDouble(({ method }: Received): Reply => {
    if (method === "DELETE") return { status: 204 };
    return (method === "POST" ? openings : asked).shift() ?? problem(500, "internal");
  });
  const told: string[] = [];
  const leave = new AbortController();
  const followed: Followed[] = [];
  try {
    const parts = followSession({
      api: async () => openApi({ server: server.url }),
      sessionId: "ses_1",
      reason: "ticket 812",
      originals: false,
      signal: leave.signal,
      onBegin: () => told.push("begun"),
      onAway: (away) => told.push(away ? "away" : "back"),
    });
    for await (const part of parts) {
      followed.push(part);
      if (part.events.some((event) => event.type === "notice" && event.text === "enough")) leave.abort();
    }
    const texts = followed.flatMap(({ events }) => events.map((event) => (event.type === "notice" ? event.text : "")));
    const requests = server.requests.map(({ method, path, body }) => `${method} ${path}${body}`);
    return { texts, told, requests, ended: followed.at(-1)?.ended };
  } finally {
    await server.stop();
  }
}

const EVENTS = "GET /v1/sessions/ses_1/watches/wch_1/events?after=";

it("asks on from the last segment until the session has ended, and closes the watch", async () => {
  const answers = [{ text: notice("one") + position(3) }, { text: position(3) }, { text: position(3, "killed") }];
  const { texts, told, requests, ended } = await follow(answers);
  expect([texts, told, ended]).toEqual([["one"], ["begun"], "killed"]);
  expect(requests).toEqual([
    'POST /v1/sessions/ses_1/watches{"reason":"ticket 812"}',
    `${EVENTS}0`,
    `${EVENTS}3`,
    `${EVENTS}3`,
    "DELETE /v1/sessions/ses_1/watches/wch_1",
  ]);
});

it("loses nothing and shows nothing twice when an answer breaks off or the store is away", async () => {
  const answers = [
    { text: notice("one") + position(1) },
    { text: notice("two") },
    problem(503, "storage_unavailable"),
    { text: notice("two") + position(2, "over") },
  ];
  const { texts, told, ended } = await follow(answers);
  expect([texts, told, ended]).toEqual([["one", "two"], ["begun", "away", "back"], "over"]);
});

it("goes on by another watch when the first is over, and ends with a session that ended meanwhile", async () => {
  const answers = [
    { text: notice("one") + position(7) },
    problem(404, "not_found"),
    { text: position(7) },
    problem(404, "not_found"),
  ];
  const { texts, told, requests, ended } = await follow(answers, [OPENED, OPENED, problem(410, "session_ended")]);
  expect([texts, told, ended]).toEqual([["one"], ["begun"], ""]);
  expect(requests.slice(3, 5)).toEqual(['POST /v1/sessions/ses_1/watches{"reason":"ticket 812"}', `${EVENTS}7`]);
});

it.each([
  ["permission_missing", 403, "refused"],
  ["unauthenticated", 401, "not_signed_in"],
])("ends with an error when the right to it is lost: %s", async (code, status, exit) => {
  await expect(follow([{ text: position(1) }, problem(status, code)])).rejects.toMatchObject({ exit });
  await expect(follow([], [problem(status, code)])).rejects.toMatchObject({ exit });
});

it("of a session that had ended before says so", async () => {
  await expect(follow([], [problem(410, "session_ended")])).rejects.toMatchObject({ code: "session_ended" });
  await expect(follow([], [problem(404, "not_found")])).rejects.toMatchObject({ code: "not_found" });
  const lapsed = [{ text: position(1) }, problem(404, "not_found")];
  await expect(follow(lapsed, [OPENED, problem(404, "not_found")])).rejects.toMatchObject({ code: "not_found" });
});

it("closes the watch when its person leaves", async () => {
  const { requests } = await follow([{ text: notice("enough") + position(1) }, { text: position(1) }]);
  expect(requests.at(-1)).toBe("DELETE /v1/sessions/ses_1/watches/wch_1");
  expect(requests).toHaveLength(3);
});
