import type { ReviewRequest } from "@tidewaiter/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserSession } from "./browser-session.ts";
import { type Harness, startHarness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const STATEMENT = "select email\nfrom customers where note = '<script>alert(1)</script>' -- \u202e hidden";

describe("pages of reviews", () => {
  let harness: Harness;
  let anaId: string;
  let botId: string;
  let number = 0;

  beforeAll(async () => {
    harness = await startHarness();
    ({ anaId } = await setTheScene(harness));
    for (const name of ["mia", "lea", "eve"]) await harness.addUser(name);
    await harness.call("POST", "/v1/groups", { name: "data-owners", members: ["mia", "lea", "ana"] });
    const bot = await harness.call("POST", "/v1/principals", { name: "bot", kind: "ai_agent", onBehalfOf: "ana" });
    botId = bot.json.id as string;
    await harness.call("POST", "/v1/grants", { principal: "bot", resource: "shop" });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const ask = async (more: Partial<ReviewRequest> = {}, principalId = anaId) => {
    const session = await openSession(harness, principalId);
    return harness.port.requestReview({
      sessionId: session.id,
      mode: "hold",
      ruleId: "pii-needs-a-person",
      reason: "addresses leave the house",
      by: ["group:data-owners"],
      count: 1,
      expiresAt: new Date(harness.clock.now() + 100_000).toISOString(),
      binding: String(number++).padStart(64, "0"),
      statement: STATEMENT,
      parameters: ["DE", "(pii.email, 15 characters)"],
      summary: "SELECT on customers, reads pii.email",
      labels: ["pii.email"],
      estimatedRows: 48_000,
      inTransaction: true,
      ...more,
    });
  };
  const stateOf = async (id: string) => (await harness.port.getReview(id)).state;
  const views = async () =>
    ((await harness.call("GET", "/v1/audit?type=review.viewed&limit=1000")).json.events as unknown[]).length;

  it("shows a reviewer all that the decision needs, as text", async () => {
    const review = await ask({}, botId);
    const mia = await browserSession(harness, "mia");
    const { body, headers, statusCode } = await mia.get(`/r/${review.shortId}`);
    expect(statusCode).toBe(200);
    for (const text of [
      "bot, an AI agent of ana asks to run 1 statement on shop",
      "where note = &#39;&lt;script&gt;alert(1)&lt;/script&gt;&#39;",
      "<dt>$1</dt><dd><code>DE</code>",
      "(pii.email, 15 characters)",
      "addresses leave the house [pii-needs-a-person]",
      "about 48,000",
      "It is inside one, which holds its locks until this is decided.",
      "Waits for a person.",
      "Ends in 1 min 40 s",
      "group:data-owners",
      'value="approve"',
    ]) {
      expect(body, text).toContain(text);
    }
    expect(body).not.toContain("<script>alert");
    expect(body).not.toContain("\u202e");
    expect(headers["content-security-policy"]).toContain("script-src 'self'");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    const list = await mia.get("/reviews");
    expect(list.body).toContain(`<a href="/r/${review.shortId}">`);
    expect(list.body).not.toContain("where note");
  });

  it("takes an approval with a comment, once", async () => {
    const review = await ask();
    const mia = await browserSession(harness, "mia");
    const url = `/r/${review.shortId}`;
    const done = await mia.post(url, { decision: "approve", comment: "ticket 812" });
    expect([done.statusCode, done.headers.location]).toEqual([303, url]);
    expect(await stateOf(review.id)).toBe("approved");
    const page = (await mia.get(url)).body;
    expect(page).toContain("Approved: it runs now.");
    expect(page).toContain("Approved by mia");
    expect(page).toContain("ticket 812");
    expect(page).not.toContain('value="approve"');
    const again = await mia.post(url, { decision: "reject", comment: "" });
    expect(again.statusCode).toBe(409);
    expect(again.body).toContain("is approved already");
    expect(await stateOf(review.id)).toBe("approved");
  });

  it("takes a rejection", async () => {
    const review = await ask();
    const lea = await browserSession(harness, "lea");
    await lea.post(`/r/${review.shortId}`, { decision: "reject", comment: "no" });
    expect(await stateOf(review.id)).toBe("rejected");
  });

  it("lets nobody decide without being signed in, by a link, from another site, or with another form's token", async () => {
    const review = await ask();
    const url = `/r/${review.shortId}`;
    const mia = await browserSession(harness, "mia");
    const lea = await browserSession(harness, "lea");
    const leasToken = /name="_form" value="([^"]+)"/.exec((await lea.get("/")).body)?.[1] ?? "";
    const form = { decision: "approve", comment: "" };
    const { app } = harness.running;
    const nobody = await app.inject({
      method: "POST",
      url,
      headers: { "content-type": "application/x-www-form-urlencoded", origin: "http://127.0.0.1:8080" },
      payload: new URLSearchParams(form).toString(),
    });
    expect([nobody.statusCode, nobody.headers.location]).toEqual([303, "/sign-in"]);
    const byLink = await app.inject({ method: "GET", url: `${url}?decision=approve`, headers: { cookie: mia.cookie } });
    expect(byLink.statusCode).toBe(200);
    const evil = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    expect((await mia.post(url, form, { headers: evil })).statusCode).toBe(403);
    expect((await mia.post(url, form, { token: leasToken })).statusCode).toBe(403);
    expect((await mia.post(url, form, { token: "" })).statusCode).toBe(403);
    expect(
      (await app.inject({ method: "GET", url: `${url}/approve`, headers: { cookie: mia.cookie } })).statusCode,
    ).toBe(404);
    expect(await stateOf(review.id)).toBe("pending");
  });

  it("lets nobody decide what they, or their AI agent, asked for, and shows others nothing of it", async () => {
    const [own, byBot] = [await ask(), await ask({}, botId)];
    const ana = await browserSession(harness, "ana");
    for (const review of [own, byBot]) {
      const { body } = await ana.get(`/r/${review.shortId}`);
      expect(body).toContain("another person decides");
      expect(body).not.toContain('value="approve"');
      const tried = await ana.post(`/r/${review.shortId}`, { decision: "approve", comment: "" });
      expect([tried.statusCode, await stateOf(review.id)]).toEqual([403, "pending"]);
    }
    const eve = await browserSession(harness, "eve");
    for (const url of [`/r/${own.shortId}`, `/r/${own.shortId}/state`, "/r/ZZZZZ"]) {
      const answer = await eve.get(url);
      expect(answer.statusCode, url).toBe(404);
      expect(answer.body).not.toContain("customers");
    }
    const tried = await eve.post(`/r/${own.shortId}`, { decision: "approve", comment: "" });
    expect([tried.statusCode, await stateOf(own.id)]).toEqual([404, "pending"]);
    expect((await eve.get("/reviews")).body).not.toContain(own.shortId);
  });

  it("tells its state again and again without a look being written down each time", async () => {
    const review = await ask();
    const mia = await browserSession(harness, "mia");
    const before = await views();
    const pending = (await mia.get(`/r/${review.shortId}/state`)).body;
    expect(pending).toContain('data-state="pending"');
    expect(pending).not.toContain("customers");
    await harness.port.withdrawReview(review.id, "the client left");
    expect((await mia.get(`/r/${review.shortId}/state`)).body).toContain("Taken back: the client left");
    expect(await views()).toBe(before);
    await mia.get(`/r/${review.shortId}`);
    expect(await views()).toBe(before + 1);
  });

  it("counts until enough people have approved", async () => {
    const review = await ask({ count: 2 });
    const mia = await browserSession(harness, "mia");
    await mia.post(`/r/${review.shortId}`, { decision: "approve", comment: "" });
    const page = (await mia.get(`/r/${review.shortId}`)).body;
    expect(page).toContain("another person is needed");
    expect(page).toContain("Waits for a person.");
    const lea = await browserSession(harness, "lea");
    await lea.post(`/r/${review.shortId}`, { decision: "approve", comment: "" });
    expect(await stateOf(review.id)).toBe("approved");
  });

  it("takes no approval of a browser that was left open, before it is proven that it is the person", async () => {
    const mia = await browserSession(harness, "mia");
    harness.clock.advance(6 * 60_000);
    const review = await ask();
    const url = `/r/${review.shortId}`;
    const form = { decision: "approve", comment: "" };
    const headers = { referer: `http://127.0.0.1:8080${url}` };
    const asked = await mia.post(url, form, { headers });
    expect([asked.statusCode, asked.headers.location]).toEqual([303, `/step-up?next=${encodeURIComponent(url)}`]);
    expect(await stateOf(review.id)).toBe("pending");
    const proven = await mia.post("/step-up", { password: "mia-has-a-long-password", next: url });
    expect([proven.statusCode, proven.headers.location]).toEqual([303, url]);
    const [cookie = ""] = String(proven.headers["set-cookie"]).split(";");
    expect(cookie).not.toBe(mia.cookie);
    const token = /name="_form" value="([^"]+)"/.exec((await mia.get(url, cookie)).body)?.[1] ?? "";
    expect((await mia.post(url, form, { token, headers: { cookie } })).statusCode).toBe(303);
    expect(await stateOf(review.id)).toBe("approved");
  });

  it("asks the command line for the person's presence as well, where the resource does", async () => {
    const lea = await harness.login("lea", "lea-has-a-long-password");
    const resource = {
      kind: "resource",
      name: "shop",
      protocol: "postgres",
      target: { host: "db.internal" },
      agent: "site",
    };
    const source = (secrets: object) => JSON.stringify({ ...resource, tags: { env: "prod" }, secrets });
    const apply = (secrets: object) =>
      harness.call("POST", "/v1/apply", { documents: [{ name: "shop.yaml", source: source(secrets) }] });
    harness.clock.advance(6 * 60_000);
    const later = await ask();
    expect((await apply({ presence: "required" })).status).toBe(200);
    const refused = await harness.call("POST", `/v1/reviews/${later.id}/approve`, {}, lea);
    expect(refused.json).toMatchObject({ code: "step_up_required" });
    expect((await harness.call("POST", `/v1/reviews/${later.id}/reject`, {}, lea)).status).toBe(200);
    expect((await apply({})).status).toBe(200);
  });
});
