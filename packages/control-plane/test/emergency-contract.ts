import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY, type Harness } from "./running.ts";
import { COUNTERS, expectStatus, sessionRequest, setTheScene } from "./scene.ts";

const HOUR = 3_600_000;

/** Break-glass: with a code from the safe, when nobody can be asked. */
export function emergencyContract(name: string, start: () => Promise<Harness>): void {
  describe(`emergency ${name}`, () => {
    let harness: Harness;
    let call: Harness["call"];
    let codes: string[];
    let agentId: string;
    let ottoToken: string;

    beforeAll(async () => {
      harness = await start();
      ({ call } = harness);
      agentId = (await setTheScene(harness)).agent.id;
      ottoToken = await harness.addUser("otto", ["auditor"]);
      const made = await expectStatus(
        call("POST", "/v1/emergency/identities", { name: "night", resource: "shop" }),
        201,
      );
      codes = made.json.codes;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const body = (more: object = {}) => {
      return {
        name: "night",
        code: codes[0] ?? "",
        reason: "database down, provider away",
        claimedName: "ana",
        ...more,
      };
    };
    const use = (more: object = {}, verb = "use") => call("POST", `/v1/emergency/${verb}`, body(more), null);
    const take = async () => {
      const code = codes.shift();
      const used = await expectStatus(use({ code }), 201);
      const { id } = (await call("GET", "/v1/principals/emergency-night")).json;
      const opened = await harness.port.authorizeSession(sessionRequest(id));
      if (!opened.ok) throw new Error(opened.detail);
      return { used: used.json, id: id as string, sessionId: opened.session.id };
    };
    const renew = async (sessionId: string) =>
      (await harness.port.renewLeases(GATEWAY, [{ sessionId, counters: COUNTERS }]))[0];
    const last = async (type: string) =>
      (await call("GET", `/v1/audit?type=${type}&order=newest&limit=1`)).json.events[0];

    it("gives eight long codes once, and keeps only what verifies them", async () => {
      expect(new Set(codes).size).toBe(8);
      for (const code of codes) expect(code).toMatch(/^twe-([a-z2-7]{5}-){7}[a-z2-7]{5}$/);
      const listed = await call("GET", "/v1/emergency/identities");
      expect(listed.json.identities).toMatchObject([{ name: "night", resource: "shop", level: "read", codesLeft: 8 }]);
      for (const code of codes) expect(listed.text).not.toContain(code);
      expect((await call("GET", "/v1/principals/emergency-night")).json).toMatchObject({
        disabled: true,
        hasPassword: false,
      });
    });

    it("is of no use before it is used", async () => {
      const { id } = (await call("GET", "/v1/principals/emergency-night")).json;
      expect(await harness.port.authorizeSession(sessionRequest(id))).toMatchObject({ ok: false });
      expect(await harness.port.lookupVerifiers("emergency-night")).toBeUndefined();
    });

    it("is drilled end to end, without giving access and without spending the code", async () => {
      const drill = await expectStatus(use({}, "drill"), 200);
      expect(drill.json).toEqual({ ok: true, resource: "shop", level: "read", problems: [] });
      await harness.port.reportAgent({ agentId, gatewayId: GATEWAY, state: "offline", version: "1.0.0", data: {} });
      expect((await use({}, "drill")).json).toMatchObject({ ok: false, problems: ["its agent site is not online"] });
      await harness.port.reportAgent({ agentId, gatewayId: GATEWAY, state: "online", version: "1.0.0", data: {} });
      expect((await use({ code: "twe-wrong" }, "drill")).status).toBe(401);
      expect((await call("GET", "/v1/emergency/identities")).json.identities).toMatchObject([{ codesLeft: 8 }]);
      expect((await call("GET", "/v1/principals/emergency-night")).json.disabled).toBe(true);
      expect((await call("GET", "/v1/grants")).text).not.toContain("emergency");
      expect((await call("GET", "/v1/emergency/uses")).json.uses).toEqual([]);
      expect(await last("emergency.drilled")).toMatchObject({ data: { name: "night" } });
    });

    it("opens one resource for one hour with nobody signed in, and says so", async () => {
      const { used, id, sessionId } = await take();
      expect(used).toMatchObject({
        username: "emergency-night",
        resource: "shop",
        level: "read",
        codesLeft: 7,
        problems: [],
      });
      expect(used.secret).toMatch(/^tws_/);
      expect((await harness.port.lookupVerifiers("emergency-night"))?.verifiers).toHaveLength(1);
      await call("POST", "/v1/resources", {
        name: "other",
        protocol: "postgres",
        target: { host: "o" },
        agent: "site",
      });
      expect(await harness.port.authorizeSession(sessionRequest(id, { resourceName: "other" }))).toMatchObject({
        ok: false,
      });
      expect(await last("emergency.started")).toMatchObject({
        data: { reason: "database down, provider away", claimedName: "ana" },
      });
      harness.clock.advance(HOUR - 1);
      expect(await renew(sessionId)).toMatchObject({ ok: true });
      harness.clock.advance(1);
      expect(await renew(sessionId)).toMatchObject({ ok: false, reason: "the grant has expired" });
      await harness.running.sweep();
      expect((await call("GET", "/v1/principals/emergency-night")).json.disabled).toBe(true);
      expect(await last("emergency.ended")).toMatchObject({ data: { why: "its hour is over" } });
    });

    it("takes each code once, whoever is faster, and tells nothing about what was wrong", async () => {
      const code = codes.shift();
      const answers = await Promise.all([1, 2, 3].map(() => use({ code })));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401]);
      const wrong = await use({ code: "twe-aaaaa" });
      const nobody = await use({ name: "nobody", code: codes[0] });
      expect(wrong.text).toBe(nobody.text);
      expect(await last("emergency.refused")).toMatchObject({ data: { address: "127.0.0.1" } });
      await expectStatus(use({ reason: "urgent" }), 400);
    });

    it("slows whoever guesses", async () => {
      harness.clock.advance(600_000);
      const answers: number[] = [];
      for (let attempt = 0; attempt < 8; attempt++) answers.push((await use({ code: `twe-${attempt}` })).status);
      expect(answers).toContain(429);
      harness.clock.advance(600_000);
    });

    it("is typed from paper: capitals and missing hyphens are the same code", async () => {
      const code = (codes.shift() ?? "").toUpperCase().replaceAll("-", " ");
      await expectStatus(use({ code }), 201);
    });

    it("ends early, with its sessions", async () => {
      harness.clock.advance(2 * HOUR);
      await harness.running.sweep();
      const { used, sessionId } = await take();
      await expectStatus(call("POST", `/v1/emergency/uses/${used.shortId}/end`, undefined, ottoToken), 403);
      await expectStatus(call("POST", `/v1/emergency/uses/${used.shortId}/end`), 200);
      expect(await renew(sessionId)).toMatchObject({ ok: false });
    });

    it("opens nothing to the secret of a use that ended when another begins", async () => {
      harness.clock.advance(HOUR);
      const verifiers = async () => (await harness.port.lookupVerifiers("emergency-night"))?.verifiers ?? [];
      const first = await take();
      const [{ id: secretId } = { id: "" }] = await verifiers();
      const prove = () => harness.port.authenticate({ type: "secret", principalName: "emergency-night", secretId });
      expect(await prove()).toMatchObject({ ok: true });
      await expectStatus(call("POST", `/v1/emergency/uses/${first.used.shortId}/end`), 200);
      harness.clock.advance(60_000);
      const second = await take();
      expect(await prove()).toMatchObject({ ok: false, reason: "revoked" });
      expect(await renew(second.sessionId)).toMatchObject({ ok: true });
      await expectStatus(call("POST", `/v1/emergency/uses/${second.used.shortId}/end`), 200);
      for (const { used } of [first, second]) {
        const comment = { comment: "a rehearsal" };
        await expectStatus(call("POST", `/v1/emergency/uses/${used.shortId}/review`, comment), 200);
      }
    });

    it("is made only by who may give access to its resource", async () => {
      const role = { permissions: ["emergency.read", "emergency.write"] };
      await expectStatus(call("PUT", "/v1/roles/safe-keeper", role), 200);
      const token = await harness.addUser("sven", ["safe-keeper"]);
      const wanted = { name: "day", resource: "shop", level: "admin" };
      await expectStatus(call("POST", "/v1/emergency/identities", wanted, token), 403);
      await expectStatus(call("POST", "/v1/emergency/identities/night/codes", undefined, token), 403);
    });

    it("is open until somebody else has looked at it, and overdue after a day", async () => {
      const before = (await call("GET", "/v1/emergency/uses?open=true")).json.uses.length as number;
      const { used } = await take();
      const open = (await call("GET", "/v1/emergency/uses?open=true", undefined, ottoToken)).json.uses;
      expect(open).toHaveLength(before + 1);
      const mine = (uses: { shortId: string }[]) => uses.find(({ shortId }) => shortId === used.shortId);
      expect(mine(open)).toMatchObject({ overdue: false });
      harness.clock.advance(24 * HOUR);
      await harness.running.sweep();
      expect(mine((await call("GET", "/v1/emergency/uses?open=true")).json.uses)).toMatchObject({ overdue: true });
      expect(await last("emergency.overdue")).toMatchObject({ type: "emergency.overdue" });
      const review = { comment: "looked through the recording" };
      const ana = await harness.login("ana", "ana-has-a-long-password");
      await call("PATCH", "/v1/principals/ana", { roles: ["auditor"] });
      await expectStatus(call("POST", `/v1/emergency/uses/${used.shortId}/review`, review, ana), 403);
      const done = await expectStatus(
        call("POST", `/v1/emergency/uses/${used.shortId}/review`, review, ottoToken),
        200,
      );
      expect(done.json).toMatchObject({ reviewedBy: "otto", reviewComment: review.comment, overdue: false });
      await expectStatus(call("POST", `/v1/emergency/uses/${used.shortId}/review`, review, ottoToken), 409);
      expect((await call("GET", "/v1/emergency/uses?open=true")).json.uses).toHaveLength(before);
    });

    it("has new codes when they are made anew, and is gone when it is deleted", async () => {
      const old = codes.shift();
      codes = (await expectStatus(call("POST", "/v1/emergency/identities/night/codes"), 201)).json.codes;
      expect((await use({ code: old })).status).toBe(401);
      const { sessionId } = await take();
      await expectStatus(call("DELETE", "/v1/emergency/identities/night"), 204);
      expect(await renew(sessionId)).toMatchObject({ ok: false, reason: "the principal was deleted" });
      expect((await use({ code: codes[0] })).status).toBe(401);
    });

    it("takes two people to make where two are needed", async () => {
      const ada = await harness.addUser("ada", ["admin"]);
      await expectStatus(call("PUT", "/v1/settings/two-person", { twoPerson: "on" }), 204);
      const kept = await expectStatus(call("POST", "/v1/emergency/identities", { name: "two", resource: "shop" }), 409);
      expect(kept.json.code).toBe("second_person_needed");
      expect((await call("GET", "/v1/emergency/identities")).json.identities).toEqual([]);
      const id = /tw changes show (\w+)/.exec(kept.json.next)?.[1];
      await expectStatus(call("POST", `/v1/changes/${id}/approve`, {}, ada), 200);
      codes = (await expectStatus(call("POST", "/v1/emergency/identities/two/codes"), 201)).json.codes;
      await expectStatus(use({ name: "two", code: codes[0] }), 201);
      const anew = (await expectStatus(call("POST", "/v1/emergency/identities/two/codes"), 201)).json;
      expect((await use({ name: "two", code: anew.codes[0] })).status).toBe(401);
      await expectStatus(use({ name: "two", code: codes[1] }), 201);
      await expectStatus(call("POST", `/v1/changes/${anew.waitsFor}/approve`, {}), 403);
      await expectStatus(call("POST", `/v1/changes/${anew.waitsFor}/approve`, {}, ada), 200);
      expect((await use({ name: "two", code: codes[2] })).status).toBe(401);
      await expectStatus(use({ name: "two", code: anew.codes[0] }), 201);
      expect((await call("GET", "/v1/audit/verify")).json.ok).toBe(true);
    });
  });
}
