import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createControlPlane } from "../src/create-control-plane.ts";
import { PageVisitor } from "./page-visitor.ts";
import { caller, GATEWAY, type Harness } from "./running.ts";
import { COUNTERS, openSession, setTheScene } from "./scene.ts";

const FACTORS = "/account/second-factors";

/** Passkeys need a browser: see passkeys.test.ts. */
export function secondFactorsContract(name: string, start: () => Promise<Harness>): void {
  describe(`second factors: ${name}`, () => {
    let harness: Harness;

    beforeAll(async () => {
      harness = await start();
      await setTheScene(harness);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const password = (who: string) => `${who}-has-a-long-password`;
    const codeOf = (secret: string) =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: harness.clock.now() });
    const audit = async (type: string) => (await harness.call("GET", `/v1/audit?type=${type}&limit=500`)).json.events;

    /** A person who has just signed in with the password alone. */
    async function person(who: string, address?: string) {
      await harness.addUser(who);
      const visitor = new PageVisitor(harness, address);
      await visitor.post("/sign-in", { name: who, password: password(who), next: "/" });
      await visitor.get(FACTORS);
      return visitor;
    }

    const secretOf = (body: string) => /<code>([A-Z2-7 ]+)<\/code>/.exec(body)?.[1]?.replaceAll(" ", "") ?? "";

    async function addTotp(visitor: PageVisitor) {
      const secret = secretOf((await visitor.post(`${FACTORS}/totp`)).body);
      const shown = await visitor.post(`${FACTORS}/totp/confirm`, { code: codeOf(secret) });
      const codes = shown.body.match(/[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}/g) ?? [];
      harness.clock.advance(30_000);
      return { secret, codes };
    }

    const signIn = async (who: string, address?: string) => {
      const visitor = new PageVisitor(harness, address);
      const answer = await visitor.post("/sign-in", { name: who, password: password(who), next: "/reviews" });
      return { visitor, answer };
    };

    it("adds an authenticator app after its first code, with ten recovery codes that are shown once", async () => {
      const visitor = await person("ada");
      const offered = await visitor.post(`${FACTORS}/totp`);
      expect(offered.body).toContain('<svg class="qr"');
      const wrong = await visitor.post(`${FACTORS}/totp/confirm`, { code: "000000" });
      expect(wrong.status).toBe(400);
      expect(secretOf(wrong.body)).toBe(secretOf(offered.body));
      const before = visitor.cookies.get("tw_session");
      const { codes } = await addTotp(visitor);
      expect(new Set(codes).size).toBe(10);
      expect(visitor.cookies.get("tw_session")).not.toBe(before);
      const page = await visitor.get(FACTORS);
      expect(page.body).toContain("10 left");
      for (const code of codes) expect(page.body).not.toContain(code);
      expect((await audit("second_factor.added")).at(-1)).toMatchObject({ data: { kind: "totp" } });
      const again = await visitor.post(`${FACTORS}/totp`);
      expect(again.status).toBe(409);
    });

    it("asks for it at the next sign-in, and takes a code once", async () => {
      const { secret } = await addTotp(await person("bea"));
      const { visitor, answer } = await signIn("bea");
      expect(answer.location).toBe("/sign-in/factor?next=%2Freviews");
      expect(visitor.cookies.has("tw_session")).toBe(false);
      expect((await visitor.get("/reviews")).location).toContain("/sign-in");
      const code = codeOf(secret);
      const right = await visitor.post("/sign-in/factor", { code, next: "/reviews" });
      expect(right.location).toBe("/reviews");
      expect(visitor.cookies.has("tw_factor")).toBe(false);
      const methods = (await audit("login.succeeded")).at(-1).data.methods;
      expect(methods).toBe("pwd otp mfa");
      const second = await signIn("bea");
      const replayed = await second.visitor.post("/sign-in/factor", { code, next: "/" });
      expect(replayed.status).toBe(401);
      harness.clock.advance(30_000);
      expect((await second.visitor.post("/sign-in/factor", { code: codeOf(secret), next: "/" })).status).toBe(303);
    });

    it("lets one of two that come at once with the same code in", async () => {
      const { secret } = await addTotp(await person("cyd"));
      const visitors = await Promise.all([signIn("cyd"), signIn("cyd")]);
      const code = codeOf(secret);
      const answers = await Promise.all(
        visitors.map(({ visitor }) => visitor.post("/sign-in/factor", { code, next: "/" })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 401]);
    });

    it("takes a recovery code once, however it is typed, and none of another person", async () => {
      const { codes } = await addTotp(await person("dot"));
      const { codes: others } = await addTotp(await person("eve"));
      const [code = "", kept = ""] = codes;
      const give = async (recoveryCode: string) => {
        const { visitor } = await signIn("dot");
        return (await visitor.post("/sign-in/factor", { recoveryCode, next: "/" })).status;
      };
      expect(await give(others[0] ?? "")).toBe(401);
      expect(await give(code.toUpperCase().replaceAll("-", " "))).toBe(303);
      expect(await give(code)).toBe(401);
      expect(await give(kept)).toBe(303);
      expect((await audit("second_factor.recovery_used")).at(-1)).toMatchObject({ data: { left: 8 } });
    });

    it("gives five answers to one sign-in, binds it to its browser, and lets it wait five minutes", async () => {
      const { secret } = await addTotp(await person("fay"));
      const { visitor } = await signIn("fay", "192.0.2.10");
      // The limit of one address and name comes with the fifth as well; another address for the last try.
      for (let count = 0; count < 5; count++) {
        const moved = new PageVisitor(harness, `192.0.2.${20 + count}`);
        moved.cookies.set("tw_factor", visitor.cookies.get("tw_factor") ?? "");
        expect((await moved.post("/sign-in/factor", { code: "000000", next: "/" })).status).not.toBe(200);
      }
      const late = await visitor.post("/sign-in/factor", { code: codeOf(secret), next: "/" });
      expect(late.location).toBe("/sign-in?next=%2F");
      const stranger = new PageVisitor(harness);
      expect((await stranger.post("/sign-in/factor", { code: codeOf(secret), next: "/" })).location).toContain(
        "/sign-in",
      );
      const { visitor: slow } = await signIn("fay");
      harness.clock.advance(301_000);
      expect((await slow.post("/sign-in/factor", { code: codeOf(secret), next: "/" })).location).toContain("/sign-in?");
    });

    it("slows guessing from many addresses, and does not keep the person out by it", async () => {
      const { secret, codes } = await addTotp(await person("gil", "198.51.100.7"));
      let refused = 0;
      for (let count = 0; count < 60; count++) {
        const address = `203.0.113.${count}`;
        const { visitor } = await signIn("gil", address);
        const answer = await visitor.post("/sign-in/factor", { code: "000000", next: "/" });
        if (answer.body.includes("addresses where you never signed in")) refused++;
      }
      expect(refused).toBeGreaterThan(5);
      const away = await signIn("gil", "203.0.113.99");
      const good = codeOf(secret);
      expect((await away.visitor.post("/sign-in/factor", { code: good, next: "/" })).status).toBe(401);
      expect((await away.visitor.post("/sign-in/factor", { recoveryCode: codes[0] ?? "", next: "/" })).status).toBe(
        303,
      );
      const home = await signIn("gil", "198.51.100.7");
      expect((await home.visitor.post("/sign-in/factor", { code: good, next: "/" })).status).toBe(303);
    });

    it("holds for the API's sign-in too", async () => {
      const { secret, codes } = await addTotp(await person("hal"));
      const login = (more: object = {}) =>
        harness.call("POST", "/v1/login", { name: "hal", password: password("hal"), ...more }, null);
      expect((await login()).json).toMatchObject({ status: 401, code: "second_factor_required" });
      expect((await login({ code: "000000" })).json).toMatchObject({ code: "unauthenticated" });
      const answer = await login({ code: codeOf(secret) });
      expect(answer.status).toBe(200);
      const me = (await harness.call("GET", "/v1/me", undefined, answer.json.accessToken)).json;
      expect(me.methods).toEqual(["pwd", "otp", "mfa"]);
      expect((await login({ recoveryCode: codes[0] })).status).toBe(200);
      const wrong = await harness.call("POST", "/v1/login", { name: "hal", password: "not this one" }, null);
      expect(wrong.json).toMatchObject({ code: "unauthenticated" });
    });

    it("changes factors only for somebody who has just proven it, and steps up by the factor", async () => {
      const visitor = await person("ida");
      harness.clock.advance(11 * 60_000);
      const stale = await visitor.post(`${FACTORS}/totp`);
      expect(stale.location).toContain("/step-up?next=");
      const page = await visitor.get(`/step-up?next=${FACTORS}`);
      expect(page.body).toContain('type="password"');
      expect((await visitor.post("/step-up", { password: "wrong wrong wrong", next: FACTORS })).status).toBe(401);
      const before = visitor.cookies.get("tw_session");
      const done = await visitor.post("/step-up", { password: password("ida"), next: FACTORS });
      expect(done.location).toBe(FACTORS);
      expect(visitor.cookies.get("tw_session")).not.toBe(before);
      await visitor.get(FACTORS);
      const { secret } = await addTotp(visitor);
      await visitor.get(FACTORS);
      harness.clock.advance(11 * 60_000);
      expect((await visitor.post(`${FACTORS}/totp/remove`)).location).toContain("/step-up");
      const asked = await visitor.get("/step-up");
      expect(asked.body).not.toContain('type="password"');
      // The password alone is not enough any more.
      expect((await visitor.post("/step-up", { password: password("ida"), next: "/" })).status).toBe(401);
      expect((await visitor.post("/step-up", { code: codeOf(secret), next: "/" })).location).toBe("/");
      await visitor.get(FACTORS);
      expect((await visitor.post(`${FACTORS}/totp/remove`)).location).toBe(FACTORS);
      expect((await audit("second_factor.removed")).at(-1)).toMatchObject({ data: { kind: "totp" } });
      expect((await signIn("ida")).answer.location).toBe("/reviews");
    });

    it("gives a terminal a link that the same person completes in a browser", async () => {
      const visitor = await person("jon");
      const { secret } = await addTotp(visitor);
      await visitor.get(FACTORS);
      const login = { name: "jon", password: password("jon"), code: codeOf(secret) };
      const token = (await harness.call("POST", "/v1/login", login, null)).json.accessToken as string;
      harness.clock.advance(10 * 60_000);
      const freshness = async () => {
        const { authenticatedAt } = (await harness.call("GET", "/v1/me", undefined, token)).json;
        return harness.clock.now() - Date.parse(authenticatedAt);
      };
      expect(await freshness()).toBe(600_000);
      const link = (await harness.call("POST", "/v1/step-up/links", undefined, token)).json;
      const path = link.url.replace("http://127.0.0.1:8080", "");
      const completed = async () =>
        (await harness.call("GET", `/v1/step-up/links/${link.id}`, undefined, token)).json.completed;
      expect(await completed()).toBe(false);
      const stranger = await person("kit");
      expect((await stranger.get(path)).status).toBe(404);
      await stranger.post("/step-up", { password: password("kit"), link: link.id, next: "/" });
      expect(await completed()).toBe(false);
      const page = await visitor.get(path);
      expect(page.body).toContain("A terminal at 127.0.0.1 waits for this");
      expect((await visitor.post("/step-up", { code: codeOf(secret), link: link.id, next: "/" })).body).toContain(
        "Done",
      );
      expect(await completed()).toBe(true);
      expect(await freshness()).toBe(0);
      harness.clock.advance(10 * 60_000);
      expect((await harness.call("POST", "/v1/step-up", { code: "000000" }, token)).status).toBe(401);
      expect((await harness.call("POST", "/v1/step-up", { code: codeOf(secret) }, token)).status).toBe(204);
      expect(await freshness()).toBe(0);
    });

    it("is reset by an administrator, which ends sign-ins and what they gave out", async () => {
      const visitor = await person("lea");
      const { secret } = await addTotp(visitor);
      const login = { name: "lea", password: password("lea"), code: codeOf(secret) };
      const token = (await harness.call("POST", "/v1/login", login, null)).json.accessToken as string;
      await harness.call("POST", "/v1/grants", { principal: "lea", resource: "shop" });
      const made = (await harness.call("POST", "/v1/connection-secrets", {}, token)).json;
      const id = (await harness.call("GET", "/v1/principals/lea")).json.id as string;
      const session = await openSession(harness, id, { secretId: made.id });
      expect((await harness.call("GET", "/v1/principals/lea/second-factors")).json).toMatchObject({
        recoveryCodes: 10,
      });
      expect((await harness.call("DELETE", "/v1/principals/root/second-factors", undefined, token)).status).toBe(403);
      expect((await harness.call("DELETE", "/v1/principals/lea/second-factors")).status).toBe(204);
      expect((await audit("second_factor.reset")).at(-1)).toMatchObject({ data: { by: "root", name: "lea" } });
      expect((await harness.call("GET", "/v1/me", undefined, token)).status).toBe(401);
      expect((await visitor.get(FACTORS)).location).toContain("/sign-in");
      const [state] = await harness.port.renewLeases(GATEWAY, [{ sessionId: session.id, counters: COUNTERS }]);
      expect(state).toMatchObject({ ok: false, reason: "the second factors were reset" });
      expect((await signIn("lea")).answer.location).toBe("/reviews");
    });

    it("is added in the course of the first sign-in where it is required", async () => {
      const strict = await createControlPlane({ ...harness.deps, requireSecondFactor: true });
      const root = new PageVisitor({ running: strict });
      const { name, password: secret } = { name: "root", password: "correct-horse-battery" };
      const answer = await root.post("/sign-in", { name, password: secret, next: "/" });
      expect(answer.location).toBe("/sign-in/enrol?next=%2F");
      const page = await root.get("/sign-in/enrol?next=%2F");
      const code = new TOTP({ secret: Secret.fromBase32(secretOf(page.body)) }).generate({
        timestamp: harness.clock.now(),
      });
      expect((await root.post("/sign-in/enrol", { code: "000000", next: "/" })).status).toBe(401);
      const done = await root.post("/sign-in/enrol", { code, next: "/" });
      expect(done.body).toContain("Recovery codes");
      expect((await root.get("/")).status).toBe(200);
      const api = await caller(strict)("POST", "/v1/login", { name, password: secret }, null);
      expect(api.json).toMatchObject({ code: "second_factor_required" });
      await strict.close();
    });
  });
}
