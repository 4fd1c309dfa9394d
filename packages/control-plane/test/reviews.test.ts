import type { ReviewRequest } from "@tidewaiter/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const SECRET_STATEMENT = "select email from customers where name = 'Quentin Lindqvist-Abara'";

describe("reviews through the API", () => {
  let harness: Harness;
  let anaToken: string;
  let miaToken: string;
  let zoeToken: string;
  let anaId: string;
  let number = 0;

  beforeAll(async () => {
    harness = await startHarness();
    ({ anaToken, anaId } = await setTheScene(harness));
    miaToken = await harness.addUser("mia");
    zoeToken = await harness.addUser("zoe", ["reviewer"]);
    await harness.addUser("lea");
    await harness.call("POST", "/v1/groups", { name: "data-owners", members: ["mia", "ana", "lea"] });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const ask = async (more: Partial<ReviewRequest> = {}, principalId = anaId) => {
    const session = await openSession(harness, principalId);
    return harness.port.requestReview({
      sessionId: session.id,
      mode: "ticket",
      ruleId: "needs-a-person",
      reason: "addresses",
      by: ["group:data-owners"],
      count: 1,
      expiresAt: new Date(harness.clock.now() + 600_000).toISOString(),
      binding: String(number++).padStart(64, "0"),
      statement: SECRET_STATEMENT,
      parameters: ["p-secret-parameter"],
      summary: "reads pii.email",
      labels: ["pii.email"],
      inTransaction: false,
      ...more,
    });
  };
  const decide = (id: string, token: string, verb = "approve") =>
    harness.call("POST", `/v1/reviews/${id}/${verb}`, { comment: "ok" }, token);

  it("lets nobody approve what they asked for, whatever group or role they have", async () => {
    const review = await ask();
    const own = await decide(review.id, anaToken);
    expect(own.json).toMatchObject({ status: 403, detail: "nobody decides their own request" });
    await harness.call("PATCH", "/v1/principals/ana", { roles: ["admin", "reviewer"] });
    expect((await decide(review.id, anaToken)).status).toBe(403);
    await harness.call("PATCH", "/v1/principals/ana", { roles: ["user"] });
    expect((await decide(review.id, miaToken)).json).toMatchObject({ state: "approved" });
  });

  it("lets nobody approve what their AI agent asked for, nor an AI agent approve anything", async () => {
    const password = "the-bots-long-password";
    await harness.call("POST", "/v1/principals", { name: "bot", kind: "ai_agent", onBehalfOf: "ana", password });
    await harness.call("POST", "/v1/grants", { principal: "bot", resource: "shop" });
    const botId = (await harness.call("GET", "/v1/principals/bot")).json.id as string;
    const review = await ask({}, botId);
    expect((await decide(review.id, anaToken)).json.detail).toBe("nobody decides their own request");
    // Not even after the bond was cut.
    await harness.call("PATCH", "/v1/principals/bot", { onBehalfOf: null });
    expect((await decide(review.id, anaToken)).json.detail).toBe("nobody decides their own request");
    expect((await harness.call("POST", "/v1/login", { name: "bot", password }, null)).status).toBe(401);
    expect((await decide(review.id, miaToken)).status).toBe(200);
  });

  it("lets nobody approve what a program asked for that they made or have had a way into", async () => {
    const kindOf = { kind: "service", roles: ["user"] };
    await harness.call("PATCH", "/v1/principals/mia", { roles: ["admin"] });
    await harness.call("POST", "/v1/principals", { name: "robot", ...kindOf }, miaToken);
    await harness.call("POST", "/v1/principals", { name: "robot-two", ...kindOf });
    const ids: string[] = [];
    for (const name of ["robot", "robot-two"]) {
      await harness.call("POST", "/v1/grants", { principal: name, resource: "shop" });
      ids.push((await harness.call("GET", `/v1/principals/${name}`)).json.id);
    }
    const made = await ask({}, ids[0]);
    expect((await decide(made.id, miaToken)).json.detail).toBe("nobody decides their own request");
    const held = await ask({}, ids[1]);
    const secret = await harness.call("POST", "/v1/connection-secrets", { forPrincipal: "robot-two" }, miaToken);
    expect(secret.status).toBe(201);
    expect((await decide(held.id, miaToken)).json.detail).toBe("nobody decides their own request");
    expect((await decide(held.id, await harness.login("lea", "lea-has-a-long-password"))).status).toBe(200);
    await harness.call("PATCH", "/v1/principals/mia", { roles: ["user"] });
  });

  it("asks those whom the rule names and nobody else, administrators included", async () => {
    const review = await ask();
    expect((await decide(review.id, harness.adminToken)).json).toMatchObject({ code: "permission_missing" });
    expect((await decide(review.id, zoeToken)).json).toMatchObject({ code: "permission_missing" });
    const open = await ask({ by: [] });
    expect((await decide(open.id, miaToken)).status).toBe(403);
    expect((await decide(open.id, zoeToken)).status).toBe(200);
  });

  it("counts different people, and one rejection ends it", async () => {
    const leaToken = await harness.login("lea", "lea-has-a-long-password");
    const two = await ask({ count: 2 });
    expect((await decide(two.id, miaToken)).json.state).toBe("pending");
    expect((await decide(two.id, miaToken)).status).toBe(409);
    expect((await decide(two.id, leaToken)).json.state).toBe("approved");
    const refused = await ask({ count: 2 });
    await decide(refused.id, miaToken);
    expect((await decide(refused.id, leaToken, "reject")).json.state).toBe("rejected");
    expect((await decide(refused.id, miaToken)).status).toBe(409);
  });

  it("lets simultaneous decisions of one person count once", async () => {
    const review = await ask({ count: 2 });
    const results = await Promise.all([1, 2, 3].map(() => decide(review.id, miaToken)));
    expect(results.map((result) => result.status).sort()).toEqual([200, 409, 409]);
  });

  it("shows the statement to the requester and to those who are asked, and records the look", async () => {
    const review = await ask();
    const url = `/v1/reviews/${review.shortId.toLowerCase()}`;
    expect((await harness.call("GET", url, undefined, anaToken)).json.statement).toBe(SECRET_STATEMENT);
    expect((await harness.call("GET", url, undefined, miaToken)).json.parameters).toEqual(["p-secret-parameter"]);
    const stranger = await harness.addUser("stan");
    expect((await harness.call("GET", url, undefined, stranger)).status).toBe(404);
    const looks = (await harness.call("GET", "/v1/audit?type=review.viewed&limit=100")).json.events;
    expect(looks.at(-1)).toMatchObject({ data: { by: "mia", shortId: review.shortId } });
    const listed = await harness.call("GET", "/v1/reviews?state=pending", undefined, miaToken);
    expect(listed.json.reviews.map((row: { id: string }) => row.id)).toContain(review.id);
    expect(listed.text).not.toContain("Quentin");
    expect((await harness.call("GET", "/v1/reviews", undefined, stranger)).json.reviews).toEqual([]);
  });

  it("limits how many one principal may have open", async () => {
    const tess = await harness.addUser("tess");
    await harness.call("POST", "/v1/grants", { principal: "tess", resource: "shop" });
    const id = (await harness.call("GET", "/v1/me", undefined, tess)).json.principal.id as string;
    for (let count = 0; count < 32; count++) await ask({}, id);
    await expect(ask({}, id)).rejects.toMatchObject({ code: "rate_limited" });
  });
});
