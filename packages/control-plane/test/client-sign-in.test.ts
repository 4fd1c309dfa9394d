import { createHash, randomBytes } from "node:crypto";
import { CookieClient, freePort } from "@tidewaiter/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { onEitherStore } from "./on-stores.ts";
import { GATEWAY, type Harness, startHarness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const PASSWORD = "ana-has-a-long-password";

onEitherStore("signing in a command line", (kind) => {
  let harness: Harness;
  let web: string;
  let anaId: string;
  let browser: CookieClient;

  beforeAll(async () => {
    const port = await freePort();
    web = `http://127.0.0.1:${port}`;
    const endpoints = {
      postgres: { host: "127.0.0.1", port: 6432, tls: true },
      web,
      gatewayId: GATEWAY,
      tunnelUrls: [],
    };
    harness = await startHarness(kind, { endpoints: () => endpoints, accessTokenLifeMs: 15 * 60_000 });
    ({ anaId } = await setTheScene(harness));
    await harness.running.app.listen({ host: "127.0.0.1", port });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  /** The limits on attempts come back with time. */
  beforeEach(async () => {
    harness.clock.advance(10 * 60_000);
    browser = new CookieClient();
    const page = await browser.get(`${web}/sign-in`);
    expect((await browser.submit(page, { name: "ana", password: PASSWORD })).status).toBe(200);
  });

  const post = (url: string, body: unknown) => harness.call("POST", url, body, null);
  const works = async (token: string) => (await harness.call("GET", "/v1/me", undefined, token)).status === 200;
  const login = async () => (await post("/v1/login", { name: "ana", password: PASSWORD })).json;
  const refresh = (refreshToken: string) => post("/v1/login/refresh", { refreshToken });

  describe("by a code", () => {
    const start = async () => (await post("/v1/login/device", { client: "tw on <b>build-7</b>" })).json;
    const poll = async (deviceCode: string) => {
      harness.clock.advance(5000);
      return (await post("/v1/login/device/token", { deviceCode })).json;
    };

    it("waits for the yes of somebody who is signed in, and is them then", async () => {
      const { deviceCode, userCode, verificationUri, verificationUriComplete, interval } = await start();
      expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
      expect([verificationUri, verificationUriComplete]).toEqual([`${web}/device`, `${web}/device?code=${userCode}`]);
      expect(interval).toBe(5);
      expect(await poll(deviceCode)).toEqual({ state: "pending" });
      const typed = await browser.submit(await browser.get(`${web}/device`), { code: userCode.toLowerCase() }, 1);
      expect(typed.status, typed.body).toBe(200);
      expect(typed.body).toContain("tw on &lt;b&gt;build-7&lt;/b&gt;");
      expect(typed.body).toContain("127.0.0.1");
      const done = await browser.submit(typed, { answer: "yes" }, 1);
      expect(done.body).toContain("is signed in");
      const { state, tokens } = await poll(deviceCode);
      expect([state, tokens.principal.name]).toEqual(["ready", "ana"]);
      expect(await works(tokens.accessToken)).toBe(true);
      expect(await poll(deviceCode)).toEqual({ state: "expired" });
    });

    it("hears a no, and asks again no more than it should", async () => {
      const { deviceCode, userCode } = await start();
      await poll(deviceCode);
      expect((await post("/v1/login/device/token", { deviceCode })).json).toEqual({ state: "slow_down" });
      const page = await browser.get(`${web}/device?code=${userCode}`);
      expect((await browser.submit(page, { answer: "no" }, 1)).body).toContain("was refused");
      expect(await poll(deviceCode)).toEqual({ state: "denied" });
    });

    it("ends after ten minutes", async () => {
      const { deviceCode, userCode } = await start();
      harness.clock.advance(10 * 60_000);
      expect(await poll(deviceCode)).toEqual({ state: "expired" });
      expect((await browser.get(`${web}/device?code=${userCode}`)).status).toBe(404);
    });

    it("lets nobody guess codes, nor say yes without being signed in", async () => {
      const { deviceCode, userCode } = await start();
      const statuses: number[] = [];
      for (let count = 0; count < 7; count++) {
        statuses.push((await browser.get(`${web}/device?code=BBBB-BBB${"BCDFGHJ"[count]}`)).status);
      }
      expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429]);
      const stranger = await new CookieClient().get(`${web}/device?code=${userCode}`);
      expect(stranger.url).toBe(`${web}/sign-in?next=${encodeURIComponent(`/device?code=${userCode}`)}`);
      expect(await poll(deviceCode)).toEqual({ state: "pending" });
    });

    it("gives nothing when the browser was signed out, or its person disabled, meanwhile", async () => {
      const { deviceCode, userCode } = await start();
      const page = await browser.get(`${web}/device?code=${userCode}`);
      const done = await browser.submit(page, { answer: "yes" }, 1);
      await browser.submit(done, {}, 0);
      expect(await poll(deviceCode)).toEqual({ state: "denied" });
    });
  });

  describe("by the browser on the same machine", () => {
    const begin = () => {
      const codeVerifier = randomBytes(32).toString("base64url");
      const challenge = createHash("sha256").update(codeVerifier).digest("base64url");
      const state = randomBytes(32).toString("base64url");
      const query = new URLSearchParams({ port: "43210", state, challenge, client: "tw" });
      return { codeVerifier, state, url: `${web}/command-line?${query}` };
    };
    const codeOf = async (url: string) => {
      const address = await browser.submitUntil(await browser.get(url), {}, "http://127.0.0.1:43210/", 1);
      return new URL(address).searchParams;
    };

    it("brings a code to the port that asked, and the code is worth tokens once, with its verifier", async () => {
      const { codeVerifier, state, url } = begin();
      const given = await codeOf(url);
      expect(given.get("state")).toBe(state);
      const code = given.get("code");
      const tokens = await post("/v1/login/code", { code, codeVerifier });
      expect([tokens.status, tokens.json.principal.name]).toEqual([200, "ana"]);
      expect(await works(tokens.json.accessToken)).toBe(true);
      expect((await post("/v1/login/code", { code, codeVerifier })).status).toBe(401);
    });

    it("spends a code by a wrong verifier, and by time", async () => {
      const first = begin();
      const code = (await codeOf(first.url)).get("code");
      expect((await post("/v1/login/code", { code, codeVerifier: "x".repeat(43) })).status).toBe(401);
      expect((await post("/v1/login/code", { code, codeVerifier: first.codeVerifier })).status).toBe(401);
      const second = begin();
      const late = (await codeOf(second.url)).get("code");
      harness.clock.advance(61_000);
      expect((await post("/v1/login/code", { code: late, codeVerifier: second.codeVerifier })).status).toBe(401);
    });

    it("goes to a port of this machine and nowhere else", async () => {
      for (const port of ["80", "99999", "1@evil.example", "8080/..", ""]) {
        const { url } = begin();
        expect((await browser.get(url.replace("43210", encodeURIComponent(port)))).status, port).toBe(400);
      }
    });
  });

  describe("refreshing", () => {
    it("gives a new pair for a refresh token, past the life of an access token and up to that of the sign-in", async () => {
      const first = await login();
      expect(Date.parse(first.expiresAt) - harness.clock.now()).toBe(15 * 60_000);
      harness.clock.advance(16 * 60_000);
      expect(await works(first.accessToken)).toBe(false);
      const second = (await refresh(first.refreshToken)).json;
      expect(second.signInExpiresAt).toBe(first.signInExpiresAt);
      expect(second.refreshToken).not.toBe(first.refreshToken);
      expect(await works(second.accessToken)).toBe(true);
      harness.clock.advance(11.7 * 3600_000);
      const last = (await refresh(second.refreshToken)).json;
      expect(last.expiresAt).toBe(new Date(Math.floor(Date.parse(last.signInExpiresAt) / 1000) * 1000).toISOString());
      harness.clock.advance(16 * 60_000);
      const over = await refresh(last.refreshToken);
      expect([over.status, over.json.detail]).toEqual([401, "the sign-in has expired"]);
    });

    it("ends the whole sign-in, its secrets and its live sessions when a token is used twice", async () => {
      const stolen = await login();
      const other = await login();
      const mine = (await refresh(stolen.refreshToken)).json;
      const secret = (await harness.call("POST", "/v1/connection-secrets", {}, mine.accessToken)).json;
      const proof = { type: "secret", principalName: "ana", secretId: secret.id } as const;
      expect(await harness.port.authenticate(proof)).toMatchObject({ ok: true });
      const session = await openSession(harness, anaId, { secretId: secret.id });
      const again = await refresh(stolen.refreshToken);
      expect([again.status, again.json.detail]).toEqual([401, expect.stringContaining("was used before")]);
      expect((await refresh(mine.refreshToken)).status).toBe(401);
      expect(await works(mine.accessToken)).toBe(false);
      expect(await works(other.accessToken)).toBe(true);
      expect(await harness.port.authenticate(proof)).toEqual({ ok: false, reason: "revoked" });
      const [renewed] = await harness.port.renewLeases(GATEWAY, [
        {
          sessionId: session.id,
          counters: { statements: 0, refused: 0, held: 0, rows: 0, bytesToClient: 0, bytesToTarget: 0 },
        },
      ]);
      expect(renewed).toMatchObject({ ok: false, reason: expect.stringContaining("a refresh token was used twice") });
      const admin = await harness.login("root", "correct-horse-battery");
      const { events } = (await harness.call("GET", "/v1/audit?type=login&limit=1000", undefined, admin)).json;
      expect(events.map((event: { type: string }) => event.type)).toContain("login.refresh_token_reused");
    });

    it("leaves nothing to two that come at once with the same one", async () => {
      const { refreshToken } = await login();
      const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
      expect(answers.map(({ status }) => status)).toContain(401);
      for (const { json } of answers) expect(await works(json.accessToken ?? "none")).toBe(false);
    });

    it("takes nothing else for a refresh token", async () => {
      const { accessToken } = await login();
      for (const text of ["", "twr_", accessToken, `twr_${"A".repeat(43)}`]) {
        expect((await refresh(text.slice(0, 100))).status).toBe(401);
      }
    });
  });
});
