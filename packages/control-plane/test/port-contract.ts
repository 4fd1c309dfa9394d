import { createHash, createHmac, createPublicKey, pbkdf2Sync, sign } from "node:crypto";
import type { ControlPlane, ReviewRequest } from "@tidewaiter/core";
import { gatewayNumber, readCancelChange, SESSION_BITS } from "@tidewaiter/core";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY, type Harness } from "./running.ts";
import { COUNTERS, joinAgent, openSession, sessionRequest, setTheScene, TARGET_PASSWORD } from "./scene.ts";

/**
 * What a gateway may rely on. `portOf` gives the port under test: the one in process, or later one over HTTP to the
 * same service.
 */
export function portContract(
  name: string,
  start: () => Promise<Harness>,
  portOf: (harness: Harness) => ControlPlane = (harness) => harness.port,
): void {
  describe(`control plane port: ${name}`, () => {
    let harness: Harness;
    let port: ControlPlane;
    let scene: Awaited<ReturnType<typeof setTheScene>>;

    beforeAll(async () => {
      harness = await start();
      port = portOf(harness);
      scene = await setTheScene(harness);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const makeSecret = async (body: Record<string, unknown> = {}, token = scene.anaToken) => {
      const answer = await harness.call("POST", "/v1/connection-secrets", body, token);
      expect(answer.status).toBe(201);
      return answer.json as { id: string; secret: string; username: string };
    };
    const prove = (secretId: string, principalName = "ana") =>
      port.authenticate({ type: "secret", principalName, secretId });

    it("gives verifiers that fit the secret, by RFC 5802", async () => {
      const { id, secret, username } = await makeSecret();
      expect(username).toBe("ana");
      expect(secret).toMatch(/^tws_[a-z2-7]{40}$/);
      const account = await port.lookupVerifiers("ana");
      const verifier = account?.verifiers.find((candidate) => candidate.id === id);
      const salted = pbkdf2Sync(secret, Buffer.from(account?.salt ?? "", "base64"), 4096, 32, "sha256");
      const clientKey = createHmac("sha256", salted).update("Client Key").digest();
      expect(account?.iterations).toBe(4096);
      expect(verifier?.storedKey).toBe(createHash("sha256").update(clientKey).digest("base64"));
      expect(verifier?.serverKey).toBe(createHmac("sha256", salted).update("Server Key").digest("base64"));
    });

    it("knows no verifiers of a stranger or of a disabled principal", async () => {
      await harness.addUser("nora");
      expect(await port.lookupVerifiers("nobody")).toBeUndefined();
      expect(await port.lookupVerifiers("nora")).toMatchObject({ verifiers: [] });
      await harness.call("PATCH", "/v1/principals/nora", { disabled: true });
      expect(await port.lookupVerifiers("nora")).toBeUndefined();
    });

    it("counts uses, and refuses a secret that is used up, expired, revoked, unknown or another's", async () => {
      const once = await makeSecret({ uses: 1 });
      expect(await prove(once.id)).toMatchObject({ ok: true, principal: { name: "ana" }, secretId: once.id });
      expect(await prove(once.id)).toEqual({ ok: false, reason: "used_up" });
      const short = await makeSecret({ ttlSeconds: 60 });
      harness.clock.advance(61_000);
      expect(await prove(short.id)).toMatchObject({ ok: false, reason: "expired", expiredAt: expect.any(String) });
      const revoked = await makeSecret();
      await harness.call("DELETE", `/v1/connection-secrets/${revoked.id}`, undefined, scene.anaToken);
      expect(await prove(revoked.id)).toEqual({ ok: false, reason: "revoked" });
      expect(await prove("sec_unknown")).toEqual({ ok: false, reason: "unknown" });
      expect(await prove(revoked.id, "root")).toEqual({ ok: false, reason: "other_principal" });
      const told = (await port.lookupVerifiers("ana"))?.verifiers.map(({ id }) => id) ?? [];
      expect(told).toEqual(expect.arrayContaining([short.id, revoked.id]));
      expect(told.length).toBeLessThanOrEqual(16);
    });

    it("lets only one of two win the last use", async () => {
      const { id } = await makeSecret({ uses: 1 });
      const results = await Promise.all([prove(id), prove(id), prove(id)]);
      expect(results.filter((result) => result.ok)).toHaveLength(1);
    });

    it("takes an access token until it is revoked", async () => {
      const token = await harness.addUser("tess");
      const proof = { type: "access_token", token } as const;
      expect(await port.authenticate(proof)).toMatchObject({ ok: true, principal: { name: "tess", kind: "user" } });
      await harness.call("POST", "/v1/logout", undefined, token);
      expect(await port.authenticate(proof)).toEqual({ ok: false, reason: "revoked" });
      expect(await port.authenticate({ type: "access_token", token: `${token}x` })).toMatchObject({ ok: false });
    });

    it("opens a session on a grant, with a signed session grant for the agent", async () => {
      const session = await openSession(harness, scene.anaId);
      expect(session).toMatchObject({ level: "read", grantId: scene.grantId, resource: { name: "shop" } });
      expect(Buffer.from(session.recordingKey.key, "base64")).toHaveLength(32);
      const { keys } = await port.grantKeys();
      const header = decodeProtectedHeader(session.sessionGrant);
      const key = keys.find((candidate) => candidate.kid === header.kid);
      expect(header).toMatchObject({ alg: "EdDSA", typ: "tw-session-grant+jwt" });
      const { payload } = await jwtVerify(
        session.sessionGrant,
        createPublicKey({ key: key as Record<string, string>, format: "jwk" }),
        { issuer: "tidewaiter", audience: scene.agent.id, currentDate: new Date(harness.clock.now()) },
      );
      expect(payload).toMatchObject({ sid: session.id, addr: "db.internal:5432", gw: GATEWAY });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    });

    it("gives the same token key to every session, and a recording key of its own to each", async () => {
      const [one, two] = [await openSession(harness, scene.anaId), await openSession(harness, scene.anaId)];
      expect(one.tokenKey).toBe(two.tokenKey);
      expect(one.recordingKey.key).not.toBe(two.recordingKey.key);
    });

    it("refuses with a reason", async () => {
      const refused = async (more: Parameters<typeof sessionRequest>[1], principalId = scene.anaId) => {
        const result = await port.authorizeSession(sessionRequest(principalId, more));
        return result.ok ? "ok" : result.reason;
      };
      const noah = await principalId(harness, "noah");
      expect(await refused({ resourceName: "nothing" })).toBe("resource_unknown");
      expect(await refused({}, noah)).toBe("no_grant");
      expect(await refused({ level: "write" })).toBe("level_not_granted");
      expect(await refused({ protocol: "ssh" })).toBe("protocol_mismatch");
      expect(await refused({ gatewayId: "gw_elsewhere" })).toBe("agent_offline");
      expect(await refused({}, "prn_unknown")).toBe("principal_disabled");
      await harness.call("POST", "/v1/resources", {
        name: "other",
        protocol: "postgres",
        target: { host: "o" },
        agent: "site",
      });
      // that there is such a resource is for those who may reach it
      const hidden = { resource: "other" };
      expect((await harness.call("POST", "/v1/connection-secrets", hidden, scene.anaToken)).status).toBe(404);
      await harness.call("POST", "/v1/grants", {
        name: "ana-other",
        principal: "ana",
        resource: "other",
        level: "read",
      });
      const { id: secretId } = await makeSecret(hidden);
      expect(await refused({ secretId })).toBe("secret_other_resource");
    });

    it("lists what a principal may choose from, by the rules that open sessions", async () => {
      const list = async (more: object = {}) =>
        port.reachableResources({ principalId: scene.anaId, protocol: "postgres", ...more });
      const shop = { name: "shop", tags: { env: "prod" }, levels: ["read"] };
      // "other" has no credential
      expect(await list()).toEqual({ resources: [shop], more: false });
      expect(await list({ protocol: "ssh" })).toEqual({ resources: [], more: false });
      expect(await list({ principalId: await principalId(harness, "nick") })).toEqual({ resources: [], more: false });
      const password = { type: "password", username: "x", password: TARGET_PASSWORD };
      for (const level of ["read", "write"])
        await harness.call("PUT", `/v1/resources/other/credentials/${level}`, password);
      const other = { name: "other", tags: {}, levels: ["read"] };
      expect((await list()).resources).toEqual([other, shop]);
      const { id: secretId } = await makeSecret({ resource: "other" });
      expect((await list({ secretId })).resources).toEqual([other]);
      await harness.call("DELETE", `/v1/connection-secrets/${secretId}`, undefined, scene.anaToken);
      expect((await list({ secretId })).resources).toEqual([]);
      expect((await list({ secretId: "sec_unknown" })).resources).toEqual([]);
      await harness.call("DELETE", "/v1/resources/other/credentials/read");
      await harness.call("DELETE", "/v1/resources/other/credentials/write");
    });

    it("opens the credential of a live session only", async () => {
      const session = await openSession(harness, scene.anaId);
      const opened = { type: "password", username: "shop_reader", password: TARGET_PASSWORD };
      expect(await port.openCredential(session.id)).toEqual(opened);
      await port.endSession(session.id, end("client left"));
      await expect(port.openCredential(session.id)).rejects.toMatchObject({ code: "session_ended" });
      await expect(port.openCredential("ses_unknown")).rejects.toMatchObject({ code: "session_ended" });
    });

    it("gives a check what it needs to connect once, and opens no session", async () => {
      const check = (more: object = {}) =>
        port.authorizeCheck({ gatewayId: GATEWAY, resourceName: "shop", level: "read", ...more });
      const sessions = (await harness.call("GET", "/v1/sessions?limit=500")).text;
      const credential = { type: "password", username: "shop_reader", password: TARGET_PASSWORD };
      const resource = { name: "shop" };
      expect(await check()).toMatchObject({ ok: true, resource, credential, agentId: scene.agent.id });
      expect((await harness.call("GET", "/v1/sessions?limit=500")).text).toBe(sessions);
      expect(await check({ level: "admin" })).toMatchObject({ ok: false, detail: expect.stringContaining("admin") });
      expect(await check({ resourceName: "nothing" })).toMatchObject({ ok: false });
      expect(await check({ gatewayId: "gw_elsewhere" })).toMatchObject({ ok: false });
      const [event] = (await harness.call("GET", "/v1/audit?type=resource.check_started")).json.events;
      expect(event.data).toMatchObject({ level: "read", gateway: GATEWAY });
    });

    it("extends leases by five seconds and keeps the counters", async () => {
      const session = await openSession(harness, scene.anaId);
      harness.clock.advance(3000);
      const [state] = await port.renewLeases(GATEWAY, [{ sessionId: session.id, counters: COUNTERS }]);
      const leaseExpiresAt = new Date(harness.clock.now() + 5000).toISOString();
      expect(state).toMatchObject({ ok: true, leaseExpiresAt, principal: { name: "ana" } });
      expect((await harness.call("GET", `/v1/sessions/${session.id}`)).json.counters).toEqual(COUNTERS);
      const [other] = await port.renewLeases("gw_other", [{ sessionId: session.id, counters: COUNTERS }]);
      expect(other).toMatchObject({ ok: false, reason: "the session belongs to another gateway" });
      expect(await port.renewLeases(GATEWAY, [{ sessionId: "ses_no", counters: COUNTERS }])).toMatchObject([
        { ok: false },
      ]);
    });

    it("keeps the end of a session, told once", async () => {
      const session = await openSession(harness, scene.anaId);
      await port.endSession(session.id, { ...end("client left"), segments: 2, lastSegmentHash: "ab" });
      await port.endSession(session.id, end("told again"));
      const shown = (await harness.call("GET", `/v1/sessions/${session.id}`)).json;
      expect(shown).toMatchObject({ state: "ended", endReason: "client left", segments: 2, counters: COUNTERS });
      const [state] = await port.renewLeases(GATEWAY, [{ sessionId: session.id, counters: COUNTERS }]);
      expect(state).toMatchObject({ ok: false, reason: "client left" });
    });

    describe("reviews", () => {
      it("holds, is approved by another person, and is used exactly once", async () => {
        const { session, ask, token } = await reviewScene(harness, "hold-1");
        const review = await port.requestReview(ask(session.id, "hold"));
        expect(review).toMatchObject({ state: "pending", decisions: [] });
        expect(review.shortId).toMatch(/^[0-9A-Z]{5}$/);
        const answer = await harness.call(
          "POST",
          `/v1/reviews/${review.shortId}/approve`,
          { comment: "ticket 812" },
          token,
        );
        expect(answer.status).toBe(200);
        const decided = await port.getReview(review.id);
        expect(decided).toMatchObject({ state: "approved", decisions: [{ reviewer: "mia", comment: "ticket 812" }] });
        expect(await port.consumeReview(review.id, "0".repeat(64))).toBe(false);
        const uses = await Promise.all([1, 2, 3].map(() => port.consumeReview(review.id, BINDING("hold-1"))));
        expect(uses.filter(Boolean)).toHaveLength(1);
        expect(await port.getReview(review.id)).toMatchObject({ state: "consumed" });
      });

      it("gives a ticket back instead of a second one, and consumes it when it was approved", async () => {
        const { session, ask, token } = await reviewScene(harness, "ticket-1");
        const first = await port.requestReview(ask(session.id, "ticket"));
        const again = await port.requestReview(ask(session.id, "ticket"));
        expect(again.id).toBe(first.id);
        await harness.call("POST", `/v1/reviews/${first.id}/approve`, {}, token);
        const results = await Promise.all([1, 2].map(() => port.requestReview(ask(session.id, "ticket"))));
        expect(results.map((review) => review.state).sort()).toEqual(["approved", "pending"]);
        expect(results.find((review) => review.state === "approved")?.id).toBe(first.id);
      });

      it("expires by the clock, and an approval of a hold no longer counts then", async () => {
        const { session, ask, token } = await reviewScene(harness, "late-1");
        const review = await port.requestReview(ask(session.id, "hold"));
        await harness.call("POST", `/v1/reviews/${review.id}/approve`, {}, token);
        harness.clock.advance(10 * 60_000);
        expect(await port.getReview(review.id)).toMatchObject({ state: "expired" });
        expect(await port.consumeReview(review.id, BINDING("late-1"))).toBe(false);
      });

      it("is withdrawn by the client, or by the end of its session", async () => {
        const { session, ask, token } = await reviewScene(harness, "gone-1");
        const review = await port.requestReview(ask(session.id, "hold"));
        await port.withdrawReview(review.id, "Ctrl-C");
        const late = await harness.call("POST", `/v1/reviews/${review.id}/approve`, {}, token);
        expect(late.status).toBe(409);
        const second = await port.requestReview(ask(session.id, "hold"));
        await port.endSession(session.id, end("client left"));
        expect(await port.getReview(second.id)).toMatchObject({ state: "withdrawn" });
        await expect(port.requestReview(ask(session.id, "hold"))).rejects.toMatchObject({ code: "session_ended" });
      });
    });

    it("keeps a segment once, and refuses another one in its place", async () => {
      const session = await openSession(harness, scene.anaId);
      const bytes = new Uint8Array([1, 2, 3]);
      await port.putSegment(session.id, 1, bytes);
      await port.putSegment(session.id, 1, bytes);
      const other = port.putSegment(session.id, 1, new Uint8Array([9]));
      await expect(other).rejects.toMatchObject({ code: "conflict" });
      await expect(port.putSegment("ses_unknown", 1, bytes)).rejects.toMatchObject({ code: "not_found" });
      await expect(port.putSegment(session.id, 0, bytes)).rejects.toMatchObject({ code: "bad_request" });
    });

    it("verifies an agent by its own key, until it is removed", async () => {
      const agent = await joinAgent(harness, "edge");
      const challenge = new TextEncoder().encode("a challenge");
      const signature = sign(null, challenge, agent.privateKey);
      expect(await port.verifyAgent(agent.id, challenge, signature)).toEqual({ ok: true, name: "edge" });
      expect(await port.verifyAgent(agent.id, new TextEncoder().encode("another"), signature)).toMatchObject({
        ok: false,
      });
      expect(await port.verifyAgent(scene.agent.id, challenge, signature)).toMatchObject({ ok: false });
      expect(await port.verifyAgent(agent.id, challenge, new Uint8Array(3))).toMatchObject({ ok: false });
      await harness.call("DELETE", "/v1/agents/edge");
      expect(await port.verifyAgent(agent.id, challenge, signature)).toMatchObject({ ok: false });
      expect(await port.findAgent("edge")).toBeUndefined();
    });

    it("knows where an agent is online", async () => {
      const report = { agentId: scene.agent.id, gatewayId: "gw_two", version: "1.1.0", data: { load: 1 } } as const;
      await port.reportAgent({ ...report, state: "online" });
      expect(await port.findAgent("site")).toMatchObject({ online: true, version: "1.1.0" });
      await port.reportAgent({ ...report, state: "offline" });
      expect(await port.findAgent("site")).toMatchObject({ online: true });
      expect(await port.findAgent("nobody")).toBeUndefined();
    });

    it("has policy version 0 before any, and says which never existed", async () => {
      expect(await port.getPolicy()).toEqual({ version: 0, documents: [] });
      await expect(port.getPolicy(99)).rejects.toMatchObject({ code: "not_found" });
    });

    it("takes audit events in one form only", async () => {
      await port.appendAudit({ type: "session.refused_statement", data: { rule: "no-unbounded-write" } });
      await expect(port.appendAudit({ type: "nonsense", data: {} })).rejects.toMatchObject({ code: "bad_request" });
      const large = port.appendAudit({ type: "a.b", data: { text: "x".repeat(9000) } });
      await expect(large).rejects.toMatchObject({ code: "too_large" });
      expect((await harness.call("GET", "/v1/audit/verify")).json).toMatchObject({ ok: true });
    });

    it("tells of a change at once to whoever waits, and of nothing after the wait", async () => {
      const { last } = await port.changes(1_000_000, 0);
      expect(await port.changes(last, 0)).toEqual({ changes: [], last });
      const waiting = port.changes(last, 20_000);
      await harness.call("PUT", "/v1/groups/night-shift", { description: "at night" });
      expect(await waiting).toMatchObject({ changes: [{ kind: "group", sequence: last + 1 }], last: last + 1 });
      const stop = new AbortController();
      const stopped = port.changes(last + 1, 20_000, stop.signal);
      stop.abort();
      expect(await stopped).toEqual({ changes: [], last: last + 1 });
    });

    describe("a cancel request for a session of another gateway", () => {
      const keyDigest = "ab".repeat(32);
      const processIdOf = (gatewayId: string) => gatewayNumber(gatewayId) * 2 ** SESSION_BITS + 4711;
      const news = async (since: number) =>
        (await port.changes(since, 0)).changes
          .filter(({ kind }) => kind === "cancel")
          .map(({ id }) => readCancelChange(id));

      it("is told to the gateways, and its answer", async () => {
        await newSubject(harness, "cancel");
        const { last } = await port.changes(1_000_000, 0);
        const processId = processIdOf(GATEWAY);
        const id = await port.forwardCancel({ gatewayId: "gw_elsewhere", processId, keyDigest });
        expect(await news(last)).toEqual([{ type: "asked", id, processId, keyDigest }]);
        await port.cancelHandled(id ?? "");
        expect(await news(last)).toContainEqual({ type: "handled", id });
      });

      it("is told to nobody where no other gateway can have the session", async () => {
        const { last } = await port.changes(1_000_000, 0);
        const own = { gatewayId: GATEWAY, processId: processIdOf(GATEWAY), keyDigest };
        const nobodys = { gatewayId: "gw_elsewhere", processId: processIdOf("gw_nobody"), keyDigest };
        const nonsense = { gatewayId: "gw_elsewhere", processId: processIdOf(GATEWAY), keyDigest: "no digest" };
        for (const request of [own, nobodys, nonsense]) expect(await port.forwardCancel(request)).toBeUndefined();
        expect(await news(last)).toEqual([]);
      });
    });

    describe("lease re-check", () => {
      const cases: Record<string, (subject: Subject) => Promise<string>> = {
        "the principal is disabled": async ({ call, user }) => {
          await call("PATCH", `/v1/principals/${user}`, { disabled: true });
          return "the principal was disabled";
        },
        "the principal is deleted": async ({ call, user }) => {
          await call("DELETE", `/v1/principals/${user}`);
          return "the principal was deleted";
        },
        "the grant is removed": async ({ call, grantId }) => {
          await call("DELETE", `/v1/grants/${grantId}`);
          return "the grant was removed";
        },
        "the group loses the principal": async ({ call, group }) => {
          await call("PUT", `/v1/groups/${group}/members`, { members: [] });
          return "the grant does not cover it any more";
        },
        "the secret is revoked": async ({ call, secretId }) => {
          await call("DELETE", `/v1/connection-secrets/${secretId}`);
          return "the connection secret was revoked";
        },
        "the credential is replaced": async ({ call, resource }) => {
          await call("PUT", `/v1/resources/${resource}/credentials/read`, { type: "trust", username: "new" });
          return "the credential was replaced or removed";
        },
        "the resource moves": async ({ call, resource }) => {
          await call("PATCH", `/v1/resources/${resource}`, { target: { host: "elsewhere" } });
          return "the resource has another address now";
        },
        "the tags change": async ({ call, resource }) => {
          await call("PATCH", `/v1/resources/${resource}`, { tags: { set: "none" } });
          return "the grant does not cover it any more";
        },
        "the resource is deleted": async ({ call, resource }) => {
          await call("DELETE", `/v1/resources/${resource}`);
          return "the resource was deleted";
        },
        "the agent is removed": async ({ call, agent }) => {
          await call("DELETE", `/v1/agents/${agent}`);
          return "the agent was removed";
        },
        "somebody ends it": async ({ call, sessionId }) => {
          await call("POST", `/v1/sessions/${sessionId}/kill`, { reason: "looked odd" });
          return "ended by root: looked odd";
        },
      };
      let number = 0;
      it.each(Object.entries(cases))("ends the session when %s", async (_when, change) => {
        const subject = await newSubject(harness, `case-${number++}`);
        const renew = () => port.renewLeases(GATEWAY, [{ sessionId: subject.sessionId, counters: COUNTERS }]);
        expect(await renew()).toMatchObject([{ ok: true }]);
        const since = (await port.changes(1_000_000, 0)).last;
        const reason = await change(subject);
        expect(await renew()).toEqual([{ sessionId: subject.sessionId, ok: false, reason }]);
        expect((await port.changes(since, 0)).changes.length).toBeGreaterThan(0);
        await expect(port.openCredential(subject.sessionId)).rejects.toMatchObject({ code: "session_ended" });
      });

      it("lets the session outlive the expiry of its secret, not that of its grant", async () => {
        const subject = await newSubject(harness, "outlive", { ttlSeconds: 60, grantMs: 120_000 });
        const renew = () => port.renewLeases(GATEWAY, [{ sessionId: subject.sessionId, counters: COUNTERS }]);
        harness.clock.advance(90_000);
        expect(await renew()).toMatchObject([{ ok: true }]);
        harness.clock.advance(60_000);
        expect(await renew()).toMatchObject([{ ok: false, reason: "the grant has expired" }]);
      });
    });

    describe("an AI agent that acts for a person", () => {
      it("gets no more than both have, and loses it with the person", async () => {
        await harness.call("POST", "/v1/principals", { name: "bot", kind: "ai_agent", onBehalfOf: "ana" });
        const bot = (await harness.call("GET", "/v1/principals/bot")).json.id as string;
        const open = (level?: "read" | "write") =>
          port.authorizeSession(sessionRequest(bot, level === undefined ? {} : { level }));
        expect(await open()).toMatchObject({ ok: false, reason: "no_grant" });
        await harness.call("PUT", "/v1/resources/shop/credentials/write", { type: "trust", username: "shop_writer" });
        await harness.call("POST", "/v1/grants", { principal: "bot", resource: "shop", level: "write" });
        const opened = await open();
        expect(opened).toMatchObject({
          ok: true,
          session: { level: "read", principal: { onBehalfOf: { name: "ana" } } },
        });
        expect(await open("write")).toMatchObject({ ok: false, reason: "level_not_granted" });
        const sessionId = opened.ok ? opened.session.id : "";
        await harness.call("DELETE", `/v1/grants/${scene.grantId}`);
        const [state] = await port.renewLeases(GATEWAY, [{ sessionId, counters: COUNTERS }]);
        expect(state).toMatchObject({ ok: false, reason: "the person it acts for has no such grant any more" });
      });
    });
  });
}

const BINDING = (name: string) => createHash("sha256").update(name).digest("hex");

function end(reason: string) {
  return { reason, counters: COUNTERS, segments: 0, lastSegmentHash: "" };
}

async function principalId(harness: Harness, name: string): Promise<string> {
  await harness.call("POST", "/v1/principals", { name });
  return (await harness.call("GET", `/v1/principals/${name}`)).json.id as string;
}

/** A session of ana's and a reviewer, mia, of the group that the rule asks. */
async function reviewScene(harness: Harness, binding: string) {
  if ((await harness.call("GET", "/v1/principals/mia")).status === 404) {
    await harness.addUser("mia");
    await harness.call("POST", "/v1/groups", { name: "data-owners", members: ["mia"] });
  }
  const token = await harness.login("mia", "mia-has-a-long-password");
  const ana = (await harness.call("GET", "/v1/principals/ana")).json.id as string;
  const session = await openSession(harness, ana);
  const ask = (sessionId: string, mode: ReviewRequest["mode"]): ReviewRequest => ({
    sessionId,
    mode,
    ruleId: "pii-bulk-needs-a-person",
    reason: "many people's addresses",
    by: ["group:data-owners"],
    count: 1,
    expiresAt: new Date(harness.clock.now() + 120_000).toISOString(),
    binding: BINDING(binding),
    statement: "select email from customers",
    parameters: [],
    summary: "reads pii.email",
    labels: ["pii.email"],
    inTransaction: false,
  });
  return { session, ask, token };
}

type Subject = Awaited<ReturnType<typeof newSubject>>;

/** A principal, group, resource, agent, grant and secret of its own, and a live session on them. */
async function newSubject(harness: Harness, name: string, times: { ttlSeconds?: number; grantMs?: number } = {}) {
  const { call, port } = harness;
  const user = `u-${name}`;
  const token = await harness.addUser(user);
  const agent = await joinAgent(harness, `a-${name}`);
  await port.reportAgent({ agentId: agent.id, gatewayId: GATEWAY, state: "online", version: "1", data: {} });
  const resource = {
    name: `r-${name}`,
    protocol: "postgres",
    target: { host: "h" },
    agent: agent.name,
    tags: { set: name },
  };
  await call("POST", "/v1/resources", resource);
  await call("PUT", `/v1/resources/${resource.name}/credentials/read`, { type: "trust", username: "t" });
  await call("POST", "/v1/groups", { name: `g-${name}`, members: [user] });
  const expires =
    times.grantMs === undefined ? {} : { expiresAt: new Date(harness.clock.now() + times.grantMs).toISOString() };
  const grant = await call("POST", "/v1/grants", { group: `g-${name}`, tags: { set: name }, ...expires });
  const secret = await call("POST", "/v1/connection-secrets", { ttlSeconds: times.ttlSeconds ?? 3600 }, token);
  const me = await call("GET", `/v1/principals/${user}`);
  const session = await openSession(harness, me.json.id, { resourceName: resource.name, secretId: secret.json.id });
  const ids = { sessionId: session.id, grantId: grant.json.id as string, secretId: secret.json.id as string };
  return { call, user, resource: resource.name, group: `g-${name}`, agent: agent.name, ...ids };
}
