import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN, type Harness, startHarness } from "./running.ts";

const WEB = "http://127.0.0.1:8080";
const OWN = { origin: WEB, "sec-fetch-site": "same-origin" };

describe("web sessions", () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await startHarness();
    await harness.addUser("uma");
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const get = (url: string, cookie?: string) =>
    harness.running.app.inject({ method: "GET", url, headers: cookie === undefined ? {} : { cookie } });

  const post = (url: string, form: Record<string, string>, headers: Record<string, string> = OWN, cookie?: string) =>
    harness.running.app.inject({
      method: "POST",
      url,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...headers,
        ...(cookie === undefined ? {} : { cookie }),
      },
      payload: new URLSearchParams(form).toString(),
    });

  async function signIn(name: string, password: string, planted?: string) {
    const answer = await post("/sign-in", { name, password, next: "/" }, OWN, planted);
    expect(answer.statusCode, answer.body).toBe(303);
    const [cookie = ""] = String(answer.headers["set-cookie"]).split(";");
    return cookie;
  }

  const uma = () => signIn("uma", "uma-has-a-long-password");
  const tokenOf = (body: string) => /name="_form" value="([^"]+)"/.exec(body)?.[1] ?? "";

  it("asks for a name and a password, and comes back to where one wanted to go", async () => {
    const first = await get("/?x=1");
    expect([first.statusCode, first.headers.location]).toEqual([303, "/sign-in?next=%2F%3Fx%3D1"]);
    const form = await get(String(first.headers.location));
    expect(form.body).toContain('<input type="hidden" name="next" value="/?x=1">');
    const wrong = await post("/sign-in", { name: "uma", password: "no", next: "/?x=1" });
    expect([wrong.statusCode, wrong.headers["set-cookie"]]).toEqual([401, undefined]);
    expect(wrong.body).toContain("Name and password do not fit");
    const right = await post("/sign-in", { name: "uma", password: "uma-has-a-long-password", next: "/?x=1" });
    expect([right.statusCode, right.headers.location]).toEqual([303, "/?x=1"]);
    expect(String(right.headers["set-cookie"])).toMatch(
      /^tw_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it("sends nobody to another host", async () => {
    for (const next of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "/\t/evil.example",
      "javascript:1",
    ]) {
      const answer = await post("/sign-in", { name: "uma", password: "uma-has-a-long-password", next });
      expect(answer.headers.location, next).toBe("/");
    }
  });

  it("names the caller, when and how they signed in", async () => {
    const me = (await get("/v1/me", await uma())).json();
    expect(me).toMatchObject({
      principal: { name: "uma" },
      provider: "local",
      methods: ["pwd"],
      authenticatedAt: new Date(harness.clock.now()).toISOString(),
    });
  });

  it("takes over no session id that was there before", async () => {
    const planted = `tw_session=${"A".repeat(43)}`;
    const cookie = await signIn("uma", "uma-has-a-long-password", planted);
    expect(cookie).not.toBe(planted);
    expect((await get("/v1/me", planted)).statusCode).toBe(401);
    const again = await signIn("uma", "uma-has-a-long-password", cookie);
    expect(again).not.toBe(cookie);
  });

  it("has none of two cookies of the same name", async () => {
    const cookie = await uma();
    expect((await get("/v1/me", `tw_session=${"B".repeat(43)}; ${cookie}`)).statusCode).toBe(401);
    expect((await get("/v1/me", `other=1; ${cookie}`)).statusCode).toBe(200);
  });

  it("does nothing that another site sent", async () => {
    const cookie = await uma();
    const secret = (headers: Record<string, string>) =>
      harness.running.app.inject({
        method: "POST",
        url: "/v1/connection-secrets",
        headers: { cookie, ...headers },
        payload: {},
      });
    for (const headers of [
      {},
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site", origin: WEB },
      { "sec-fetch-site": "same-site", origin: "http://127.0.0.1:9999" },
      { "sec-fetch-site": "none" },
    ]) {
      const answer = await secret(headers);
      expect([answer.statusCode, answer.json().code], JSON.stringify(headers)).toEqual([403, "permission_missing"]);
      expect((await post("/sign-in", { name: "uma", password: "uma-has-a-long-password" }, headers)).statusCode).toBe(
        403,
      );
    }
    expect((await secret(OWN)).statusCode).toBe(201);
    expect((await secret({ origin: WEB })).statusCode).toBe(201);
  });

  it("takes a form only with the token of its session", async () => {
    const [mine, other] = [await uma(), await signIn(ADMIN.name, ADMIN.password)];
    const token = tokenOf((await get("/", mine)).body);
    const theirs = tokenOf((await get("/", other)).body);
    expect(token).not.toBe(theirs);
    for (const form of [{}, { _form: theirs }, { _form: "" }]) {
      expect((await post("/sign-out", form as Record<string, string>, OWN, mine)).statusCode).toBe(403);
    }
    expect((await get("/v1/me", mine)).statusCode).toBe(200);
    const out = await post("/sign-out", { _form: token }, OWN, mine);
    expect([out.statusCode, out.headers.location]).toEqual([303, "/sign-in"]);
    expect(String(out.headers["set-cookie"])).toMatch(/^tw_session=; Max-Age=0; Path=\//);
    expect((await get("/v1/me", mine)).statusCode).toBe(401);
    expect((await get("/v1/me", other)).statusCode).toBe(200);
  });

  it("ends with two idle hours, with the day, with a new password and with disabling", async () => {
    const works = async (cookie: string) => (await get("/v1/me", cookie)).statusCode === 200;
    const idle = await uma();
    harness.clock.advance(119 * 60_000);
    expect(await works(idle)).toBe(true);
    harness.clock.advance(119 * 60_000);
    expect(await works(idle)).toBe(true);
    harness.clock.advance(121 * 60_000);
    expect(await works(idle)).toBe(false);
    const day = await uma();
    for (let hour = 0; hour < 11; hour++) {
      harness.clock.advance(3600_000);
      expect(await works(day)).toBe(true);
    }
    harness.clock.advance(3600_000);
    expect(await works(day)).toBe(false);
    const admin = await harness.login(ADMIN.name, ADMIN.password);
    const before = await uma();
    await harness.call("PUT", "/v1/principals/uma/password", { password: "another-long-password" }, admin);
    expect(await works(before)).toBe(false);
    const last = await signIn("uma", "another-long-password");
    await harness.call("PATCH", "/v1/principals/uma", { disabled: true }, admin);
    expect(await works(last)).toBe(false);
  });

  it("keeps the cookie out of the store and out of a token's way", async () => {
    const cookie = await signIn(ADMIN.name, ADMIN.password);
    const wrongToken = await harness.running.app.inject({
      method: "GET",
      url: "/v1/me",
      headers: { cookie, authorization: "Bearer nonsense" },
    });
    expect(wrongToken.statusCode).toBe(401);
  });

  it("shows pages that run nothing of others", async () => {
    const cookie = await signIn(ADMIN.name, ADMIN.password);
    for (const answer of [await get("/sign-in"), await get("/", cookie)]) {
      expect(answer.statusCode).toBe(200);
      const policy = String(answer.headers["content-security-policy"]);
      expect(policy).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
          "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect(answer.headers).toMatchObject({ "referrer-policy": "same-origin", "cache-control": "no-store" });
      expect(answer.body).not.toMatch(/<style|style="|onclick|<script>/);
      for (const [, url = ""] of answer.body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
        const asset = await get(url);
        expect([asset.statusCode, asset.headers["cache-control"]]).toEqual([
          200,
          "public, max-age=31536000, immutable",
        ]);
      }
    }
    expect((await get("/assets/..%2Fpage.ts")).statusCode).toBe(404);
  });

  it("shows an error as a page", async () => {
    const answer = await post("/sign-in", { name: "x".repeat(64), password: "y" });
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([400, "text/html; charset=utf-8"]);
    expect(answer.body).toContain("The request is not valid");
  });

  it("audits signing in and out", async () => {
    const admin = await harness.login(ADMIN.name, ADMIN.password);
    const { events } = (await harness.call("GET", "/v1/audit?type=login&limit=1000", undefined, admin)).json;
    const data = events.map((event: { type: string; data: { via?: string; reason?: string } }) => [
      event.type,
      event.data.via,
      event.data.reason,
    ]);
    expect(data).toContainEqual(["login.succeeded", "web", undefined]);
    expect(data).toContainEqual(["login.ended", "web", "you signed out"]);
    expect(data).toContainEqual(["login.ended", "web", "your password was changed"]);
    expect(data).toContainEqual(["login.refused", undefined, undefined]);
  });
});

it("takes a cookie over https only as this very host's own", async () => {
  const endpoints = {
    postgres: { host: "gw.example", port: 6432, tls: true },
    web: "https://gw.example",
    gatewayId: "gw_one",
    tunnelUrls: [],
  };
  await using harness = await startHarness("sqlite", { endpoints: () => endpoints });
  const answer = await harness.running.app.inject({
    method: "POST",
    url: "/sign-in",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://gw.example" },
    payload: new URLSearchParams({ ...ADMIN }).toString(),
  });
  const cookie = String(answer.headers["set-cookie"]);
  expect(cookie).toMatch(/^__Host-tw_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  const value = /=([^;]+)/.exec(cookie)?.[1] ?? "";
  const me = (header: string) =>
    harness.running.app.inject({ method: "GET", url: "/v1/me", headers: { cookie: header } });
  expect((await me(`__Host-tw_session=${value}`)).statusCode).toBe(200);
  expect((await me(`tw_session=${value}`)).statusCode).toBe(401);
});
