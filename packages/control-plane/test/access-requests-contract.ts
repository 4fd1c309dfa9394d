import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY, type Harness } from "./running.ts";
import { COUNTERS, expectStatus, openSession, sessionRequest, setTheScene } from "./scene.ts";

const HOUR = 3600;

/** Access for some time: asked for, decided by others, given back. */
export function accessRequestsContract(name: string, start: () => Promise<Harness>): void {
  describe(`access requests ${name}`, () => {
    let harness: Harness;
    let call: Harness["call"];
    const tokens = new Map<string, string>();
    const as = (who: string) => tokens.get(who) ?? "";

    beforeAll(async () => {
      harness = await start();
      ({ call } = harness);
      await setTheScene(harness);
      await call("PUT", "/v1/resources/shop/credentials/write", { type: "trust", username: "shop_writer" });
      for (const who of ["dev", "dora", "mia", "max", "oncall", "boss", "stan"])
        tokens.set(who, await harness.addUser(who));
      await expectStatus(call("POST", "/v1/groups", { name: "devs", members: ["dev", "dora", "root"] }), 201);
      await expectStatus(call("POST", "/v1/groups", { name: "dbas", members: ["mia", "max", "dora", "root"] }), 201);
      await expectStatus(call("PATCH", "/v1/principals/dev", { attributes: { manager: "boss" } }), 200);
      await expectStatus(call("PUT", "/v1/access-rules/devs-write", rule()), 200);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const rule = (more: object = {}) => ({
      requesters: ["group:devs"],
      tags: { env: "prod" },
      level: "write",
      maxDuration: "4h",
      reviewers: { by: ["group:dbas"] },
      ...more,
    });
    const ask = async (token: string, more: object = {}) => {
      const body = { resource: "shop", level: "write", durationSeconds: HOUR, reason: "ticket 812", ...more };
      return (await expectStatus(call("POST", "/v1/access-requests", body, token), 201)).json;
    };
    const decide = (id: string, token: string, verb = "approve") =>
      call("POST", `/v1/access-requests/${id}/${verb}`, { comment: "ok" }, token);
    const ownId = async (who: string) => (await call("GET", `/v1/principals/${who}`)).json.id as string;
    const opens = async (who: string, level: "read" | "write" = "write") =>
      (await harness.port.authorizeSession(sessionRequest(await ownId(who), { level }))).ok;
    const renew = async (sessionId: string) =>
      (await harness.port.renewLeases(GATEWAY, [{ sessionId, counters: COUNTERS }]))[0];
    const refused = async (answer: ReturnType<Harness["call"]>) =>
      expect((await expectStatus(answer, 403)).json).toMatchObject({ code: "permission_missing" });

    it("says at a refusal how to ask, to those who may", async () => {
      const refusal = async (who: string, level?: "read" | "write" | "admin") =>
        harness.port.authorizeSession(sessionRequest(await ownId(who), level === undefined ? {} : { level }));
      const ask = (level: string) => `tw request shop --level ${level} --for 2h --reason "..."`;
      expect(await refusal("dev", "write")).toMatchObject({ reason: "no_grant", next: ask("write") });
      expect(await refusal("dev")).toMatchObject({ reason: "no_grant", next: ask("read") });
      // by no rule; by a rule, but the level has no credential; a resource that is not there
      expect(await refusal("mia", "write")).not.toHaveProperty("next");
      expect(await refusal("dev", "admin")).not.toHaveProperty("next");
      const nowhere = sessionRequest(await ownId("dev"), { resourceName: "nowhere" });
      expect(await harness.port.authorizeSession(nowhere)).not.toHaveProperty("next");
      await expectStatus(call("POST", "/v1/grants", { name: "dev-reads", principal: "dev", resource: "shop" }), 201);
      expect(await refusal("dev", "write")).toMatchObject({
        reason: "level_not_granted",
        detail: "level write is not granted to you on shop",
        next: ask("write"),
      });
      // its person has no more than dev has now, and dev's rule is not for it
      const bot = { name: "devs-bot", kind: "ai_agent", onBehalfOf: "dev" };
      await expectStatus(call("POST", "/v1/principals", bot), 201);
      const bots = rule({ requesters: ["principal:devs-bot"], maxDuration: "45m" });
      await expectStatus(call("PUT", "/v1/access-rules/bots", bots), 200);
      expect(await refusal("devs-bot", "write")).not.toHaveProperty("next");
      expect(await refusal("devs-bot", "read")).toMatchObject({
        next: 'tw request shop --level read --for 45m --reason "..."',
      });
      await expectStatus(call("DELETE", "/v1/access-rules/bots"), 204);
      await expectStatus(call("DELETE", "/v1/principals/devs-bot"), 204);
      const grants = (await call("GET", "/v1/grants")).json.grants as { id: string; name: string }[];
      const given = grants.find(({ name }) => name === "dev-reads");
      await expectStatus(call("DELETE", `/v1/grants/${given?.id}`), 204);
    });

    it("shows what one may ask for, and only that", async () => {
      const options = (await call("GET", "/v1/access-requests/options", undefined, as("dev"))).json.options;
      expect(options).toEqual([
        {
          resource: "shop",
          level: "write",
          maxSeconds: 4 * HOUR,
          rule: "devs-write",
          autoApprove: false,
          reviewers: ["group:dbas"],
        },
      ]);
      expect((await call("GET", "/v1/access-requests/options", undefined, as("stan"))).json.options).toEqual([]);
    });

    it("gives access from the approval on, for as long as was asked, and then ends the session", async () => {
      const asked = await ask(as("dev"));
      expect(asked).toMatchObject({ state: "pending", active: false, requester: "dev", rule: "devs-write" });
      harness.clock.advance(30 * 60_000);
      expect(await opens("dev")).toBe(false);
      const approved = (await expectStatus(decide(asked.shortId, as("mia")), 200)).json;
      const until = new Date(harness.clock.now() + HOUR * 1000).toISOString();
      expect(approved).toMatchObject({
        state: "approved",
        active: true,
        grantExpiresAt: until,
        decisions: [{ reviewer: "mia" }],
      });
      const grant = (await call("GET", "/v1/grants")).json.grants.find(
        (one: { principal: string }) => one.principal === "dev",
      );
      expect(grant).toMatchObject({ resource: "shop", level: "write", expiresAt: until, requestId: asked.id });
      const session = await openSession(harness, await ownId("dev"), { level: "write" });
      harness.clock.advance(HOUR * 1000 - 1);
      expect(await renew(session.id)).toMatchObject({ ok: true });
      harness.clock.advance(1);
      expect(await renew(session.id)).toMatchObject({ ok: false, reason: "the time of your access request is over" });
      expect((await call("GET", `/v1/access-requests/${asked.id}`, undefined, as("dev"))).json).toMatchObject({
        active: false,
      });
      const events = (await call("GET", "/v1/audit?type=access_request&limit=1000")).json.events;
      const types = events.filter((event: { data: { shortId: string } }) => event.data.shortId === asked.shortId);
      expect(types.map((event: { type: string }) => event.type)).toEqual([
        "access_request.requested",
        "access_request.approved",
        "access_request.granted",
      ]);
    });

    it("is refused when the rule allows no such thing, in the same words as what is not there", async () => {
      const body = { resource: "shop", level: "write", durationSeconds: HOUR, reason: "let me in" };
      const stranger = await expectStatus(call("POST", "/v1/access-requests", body, as("stan")), 404);
      const nothing = await expectStatus(
        call("POST", "/v1/access-requests", { ...body, resource: "nope" }, as("stan")),
        404,
      );
      expect(stranger.json.detail.replace("shop", "nope")).toBe(nothing.json.detail);
      await expectStatus(call("POST", "/v1/access-requests", { ...body, level: "admin" }, as("dev")), 400);
      await expectStatus(call("POST", "/v1/access-requests", { ...body, durationSeconds: 5 * HOUR }, as("dev")), 400);
      await expectStatus(call("POST", "/v1/access-requests", { ...body, reason: "  " }, as("dev")), 400);
    });

    describe("nobody approves their own:", () => {
      it("not as a member of the group that decides, nor as an administrator", async () => {
        const doras = await ask(as("dora"));
        await refused(decide(doras.id, as("dora")));
        const roots = await ask(harness.adminToken);
        await refused(decide(roots.id, harness.adminToken));
        await expectStatus(call("PATCH", "/v1/principals/dora", { roles: ["admin", "reviewer"] }), 200);
        await refused(decide(doras.id, as("dora")));
        await expectStatus(call("PATCH", "/v1/principals/dora", { roles: ["user"] }), 200);
        await expectStatus(decide(doras.id, harness.adminToken), 200);
        await expectStatus(decide(roots.id, as("mia"), "deny"), 200);
      });

      it("not through an AI agent: of the person, as it was when it asked", async () => {
        await call("POST", "/v1/principals", { name: "maxbot", kind: "ai_agent", onBehalfOf: "max" });
        await call("PUT", "/v1/groups/devs/members", { members: ["dev", "dora", "root", "maxbot"] });
        const key = await expectStatus(
          call(
            "POST",
            "/v1/delegations",
            { agent: "maxbot", purpose: "tests of requests", ttlSeconds: HOUR },
            as("max"),
          ),
          201,
        );
        const asked = await ask(key.json.token);
        expect(asked.requester).toBe("maxbot");
        await refused(decide(asked.id, as("max")));
        await call("PATCH", "/v1/principals/maxbot", { onBehalfOf: null });
        await refused(decide(asked.id, as("max")));
        const reason = await decide(asked.id, key.json.token);
        expect([401, 403, 404]).toContain(reason.status);
        await expectStatus(decide(asked.id, as("mia")), 200);
      });

      it("not through a service account that one made, or whose key one made", async () => {
        await call("PATCH", "/v1/principals/max", { roles: ["admin"] });
        await expectStatus(call("POST", "/v1/principals", { name: "robot", kind: "service" }, as("max")), 201);
        await call("PUT", "/v1/groups/devs/members", { members: ["dev", "dora", "root", "robot"] });
        const key = await expectStatus(
          call("POST", "/v1/api-keys", { name: "robots", principal: "robot", ttlSeconds: HOUR }),
          201,
        );
        const asked = await ask(key.json.key);
        // max made it, root made its key
        await refused(decide(asked.id, as("max")));
        await refused(decide(asked.id, harness.adminToken));
        expect((await decide(asked.id, key.json.key)).status).not.toBe(200);
        // nor when its key is gone meanwhile
        await expectStatus(call("DELETE", `/v1/api-keys/${key.json.id}`), 204);
        await refused(decide(asked.id, harness.adminToken));
        await expectStatus(decide(asked.id, as("mia")), 200);
        await call("PATCH", "/v1/principals/max", { roles: ["user"] });
      });

      it("not as one's own manager", async () => {
        await expectStatus(call("PUT", "/v1/access-rules/by-manager", rule({ reviewers: { by: ["manager"] } })), 200);
        await call("PATCH", "/v1/principals/dora", { attributes: { manager: "dora" } });
        const asked = await ask(as("dora"), { rule: "by-manager" });
        await refused(decide(asked.id, as("dora")));
        const devs = await ask(as("dev"), { rule: "by-manager" });
        expect((await decide(devs.id, as("mia"))).status).toBe(404);
        await expectStatus(decide(devs.id, as("boss")), 200);
        await call("DELETE", "/v1/access-rules/by-manager");
      });
    });

    it("asks those whom the rule names and nobody else; others do not see it", async () => {
      const asked = await ask(as("dev"));
      expect((await decide(asked.id, as("stan"))).status).toBe(404);
      expect((await call("GET", `/v1/access-requests/${asked.shortId}`, undefined, as("stan"))).status).toBe(404);
      const listed = (await call("GET", "/v1/access-requests?state=pending", undefined, as("mia"))).json.requests;
      expect(listed.map((one: { id: string }) => one.id)).toContain(asked.id);
      expect((await call("GET", "/v1/access-requests", undefined, as("stan"))).json.requests).toEqual([]);
      expect((await expectStatus(decide(asked.id, as("mia"), "deny"), 200)).json.state).toBe("denied");
      await expectStatus(decide(asked.id, as("max")), 409);
    });

    it("counts different people, once each, however fast they are", async () => {
      await expectStatus(
        call("PUT", "/v1/access-rules/two", rule({ reviewers: { by: ["group:dbas"], count: 2 } })),
        200,
      );
      const asked = await ask(as("dev"), { rule: "two" });
      const answers = await Promise.all([1, 2, 3].map(() => decide(asked.id, as("mia"))));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
      expect((await decide(asked.id, as("max"))).json.state).toBe("approved");
      await call("DELETE", "/v1/access-rules/two");
    });

    it("with `all` needs another person for each entry, and forgets who may not decide any more", async () => {
      const reviewers = { by: ["group:dbas", "principal:mia", "manager"], count: "all" };
      await expectStatus(call("PUT", "/v1/access-rules/all", rule({ reviewers })), 200);
      const asked = await ask(as("dev"), { rule: "all" });
      expect((await decide(asked.id, as("boss"))).json.state).toBe("pending");
      expect((await decide(asked.id, as("mia"))).json.state).toBe("pending");
      await call("PATCH", "/v1/principals/boss", { disabled: true });
      expect((await decide(asked.id, as("max"))).json.state).toBe("pending");
      await call("PATCH", "/v1/principals/boss", { disabled: false });
      expect((await decide(asked.id, harness.adminToken)).json.state).toBe("approved");
      await call("DELETE", "/v1/access-rules/all");
    });

    it("goes to others after a time", async () => {
      const reviewers = { by: ["principal:boss"], escalate: { after: "30m", to: ["principal:oncall"] } };
      await expectStatus(call("PUT", "/v1/access-rules/slow", rule({ reviewers })), 200);
      const asked = await ask(as("dev"), { rule: "slow" });
      expect((await decide(asked.id, as("oncall"))).status).toBe(404);
      harness.clock.advance(30 * 60_000);
      expect((await decide(asked.id, as("oncall"))).json.state).toBe("approved");
      await call("DELETE", "/v1/access-rules/slow");
    });

    it("asks nobody only where a rule says so", async () => {
      const auto = { ...rule({ level: "read", maxDuration: "30m", autoApprove: true }), reviewers: undefined };
      await expectStatus(call("PUT", "/v1/access-rules/quick", { ...auto, autoApprove: false }), 400);
      await expectStatus(call("PUT", "/v1/access-rules/quick", { ...auto, reviewers: { by: ["group:dbas"] } }), 400);
      await expectStatus(call("PUT", "/v1/access-rules/quick", auto), 200);
      expect(await ask(as("dev"), { level: "read", durationSeconds: 600 })).toMatchObject({
        state: "approved",
        active: true,
      });
      expect(await ask(as("dev"), { level: "write", durationSeconds: 600 })).toMatchObject({ state: "pending" });
      await call("DELETE", "/v1/access-rules/quick");
    });

    it("cannot be approved once its rule, resource or requester is not what it was", async () => {
      await expectStatus(call("PUT", "/v1/access-rules/gone", rule()), 200);
      const asked = await ask(as("dev"), { rule: "gone" });
      await expectStatus(call("PUT", "/v1/access-rules/gone", rule({ level: "read" })), 200);
      await expectStatus(decide(asked.id, as("mia")), 409);
      await expectStatus(call("DELETE", "/v1/access-rules/gone"), 204);
      expect((await decide(asked.id, as("mia"))).status).not.toBe(200);
      const late = await ask(as("dev"));
      harness.clock.advance(25 * HOUR * 1000);
      expect((await expectStatus(decide(late.id, as("mia")), 409)).json.detail).toContain("expired");
      const left = await ask(as("dev"));
      await call("PATCH", "/v1/principals/dev", { disabled: true });
      await expectStatus(decide(left.id, as("mia")), 409);
      await call("PATCH", "/v1/principals/dev", { disabled: false });
    });

    it("is given back early, which ends its session, and withdrawn while it waits", async () => {
      const asked = await ask(as("dev"));
      await decide(asked.id, as("mia"));
      const session = await openSession(harness, await ownId("dev"), { level: "write" });
      expect((await call("POST", `/v1/access-requests/${asked.id}/return`, undefined, as("stan"))).status).toBe(404);
      await refused(call("POST", `/v1/access-requests/${asked.id}/return`, undefined, as("mia")));
      const back = await expectStatus(
        call("POST", `/v1/access-requests/${asked.id}/return`, undefined, as("dev")),
        200,
      );
      expect(back.json).toMatchObject({ state: "returned", active: false });
      expect(await renew(session.id)).toMatchObject({ ok: false, reason: "the grant was removed" });
      const waiting = await ask(as("dev"));
      await expectStatus(call("POST", `/v1/access-requests/${waiting.id}/return`, undefined, as("dev")), 200);
      await expectStatus(decide(waiting.id, as("mia")), 409);
    });

    it("is prolonged by a new decision only, and live sessions go on", async () => {
      const asked = await ask(as("dev"));
      await decide(asked.id, as("mia"));
      const session = await openSession(harness, await ownId("dev"), { level: "write" });
      harness.clock.advance(50 * 60_000);
      const more = { durationSeconds: HOUR, reason: "still at it" };
      expect((await call("POST", `/v1/access-requests/${asked.id}/extend`, more, as("mia"))).status).toBe(404);
      const extension = await expectStatus(
        call("POST", `/v1/access-requests/${asked.id}/extend`, more, as("dev")),
        201,
      );
      expect(extension.json).toMatchObject({ state: "pending", extends: asked.id });
      await refused(decide(extension.json.id, as("dev")));
      await expectStatus(decide(extension.json.id, as("max")), 200);
      harness.clock.advance(50 * 60_000);
      expect(await renew(session.id)).toMatchObject({ ok: true });
      harness.clock.advance(10 * 60_000);
      expect(await renew(session.id)).toMatchObject({ ok: false });
      await expectStatus(call("POST", `/v1/access-requests/${asked.id}/extend`, more, as("dev")), 409);
    });

    it("limits how many one principal may have open", async () => {
      await call("PUT", "/v1/groups/devs/members", { members: ["dev", "stan"] });
      for (let count = 0; count < 16; count++) await ask(as("stan"));
      const body = { resource: "shop", durationSeconds: HOUR, reason: "again" };
      await expectStatus(call("POST", "/v1/access-requests", body, as("stan")), 429);
    });
  });
}
