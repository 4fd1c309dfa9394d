import { randomUUID } from "node:crypto";
import { CookieClient } from "@tidewaiter/testkit";
import { generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { onEitherStore } from "../on-stores.ts";
import { ADMIN, GATEWAY } from "../running.ts";
import { COUNTERS, openSession, setTheScene } from "../scene.ts";
import { type OidcScene, startOidcScene } from "./scene.ts";

const EVENT = { "http://schemas.openid.net/event/backchannel-logout": {} };

onEitherStore("when the provider takes it back", (kind) => {
  let scene: OidcScene;
  let anaId: string;
  let admin: string;

  beforeAll(async () => {
    scene = await startOidcScene(kind);
    ({ anaId } = await setTheScene(scene.harness));
    const applied = await scene.apply({ linkBy: "name", revalidate: { every: "1m", by: "refresh" } });
    expect(applied.status, applied.text).toBe(200);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  beforeEach(async () => {
    Object.assign(scene, { ahead: 0 });
    Object.assign(scene.idp, { outage: undefined, refuse: undefined });
    admin = await scene.harness.login(ADMIN.name, ADMIN.password);
  });

  /** Ana by a browser, with a connection secret and a live session that came of it. */
  async function live() {
    const { client } = await scene.signIn("u-ana", new CookieClient());
    const made = await fetch(`${scene.web}/v1/connection-secrets`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        origin: scene.web,
        cookie: `tw_session=${client.cookie(scene.web, "tw_session")}`,
      },
      body: "{}",
    });
    const secret = (await made.json()) as { id: string };
    expect(made.status).toBe(201);
    const proven = await scene.harness.port.authenticate({ type: "secret", principalName: "ana", secretId: secret.id });
    if (!proven.ok || proven.signInId === undefined) throw new Error("the secret does not work");
    const session = await openSession(scene.harness, anaId, { secretId: secret.id, signInId: proven.signInId });
    const renew = async () =>
      (await scene.harness.port.renewLeases(GATEWAY, [{ sessionId: session.id, counters: COUNTERS }]))[0];
    expect(await renew()).toMatchObject({ ok: true });
    return { client, secret, renew };
  }

  async function logoutToken(claims: JWTPayload, header: Record<string, unknown> = {}, key?: Uint8Array) {
    const { idp } = scene;
    const signer = key ?? (await importJWK(idp.privateJwk, "RS256"));
    const now = Math.floor((Date.now() + scene.ahead) / 1000);
    const all = {
      iss: idp.issuer,
      aud: idp.clientId,
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      events: EVENT,
      ...claims,
    };
    return new SignJWT(all)
      .setProtectedHeader({ alg: "RS256", kid: "test-key", typ: "logout+jwt", ...header })
      .sign(signer);
  }

  const push = async (token: string) =>
    (
      await fetch(`${scene.web}/sign-in/corp/back-channel-logout`, {
        method: "POST",
        body: new URLSearchParams({ logout_token: token }),
      })
    ).status;

  it("fills no audit log for whoever knocks often", async () => {
    const ofType = async (type: string) =>
      (await scene.harness.call("GET", `/v1/audit?type=${type}&limit=500`, undefined, admin)).json.events.length;
    const types = ["identity_provider.logout_refused", "login.refused"];
    const before = await Promise.all(types.map(ofType));
    for (let index = 0; index < 60; index++) {
      expect(await push("no token")).toBe(400);
      expect((await fetch(`${scene.web}/sign-in/corp/callback?code=x&state=y`)).status).toBe(403);
    }
    const after = await Promise.all(types.map(ofType));
    for (const [index, count] of after.entries()) {
      const written = count - (before[index] ?? 0);
      expect(written).toBeGreaterThan(0);
      expect(written).toBeLessThan(30);
    }
  });

  it("ends the sign-in, its secrets and its sessions at a back-channel logout, and no others", async () => {
    const one = await live();
    const sid = scene.idp.sessions.get("u-ana");
    const other = await live();
    expect(scene.idp.sessions.get("u-ana")).not.toBe(sid);
    expect(await push(await logoutToken({ sub: "u-ana", sid: sid ?? "" }))).toBe(200);
    expect(await one.renew()).toMatchObject({ ok: false, reason: "you signed out at corp" });
    expect((await scene.me(one.client)).status).toBe(401);
    const proof = { type: "secret", principalName: "ana", secretId: one.secret.id } as const;
    expect(await scene.harness.port.authenticate(proof)).toEqual({ ok: false, reason: "revoked" });
    expect(await other.renew()).toMatchObject({ ok: true });
    // Without a session it means all that the person has.
    expect(await push(await logoutToken({ sub: "u-ana" }))).toBe(200);
    expect(await other.renew()).toMatchObject({ ok: false });
  });

  it("hears it from the real provider", async () => {
    const one = await live();
    const client = await scene.idp.provider.Client.find(scene.idp.clientId);
    await client?.backchannelLogout("u-ana", scene.idp.sessions.get("u-ana") ?? "");
    expect(await one.renew()).toMatchObject({ ok: false, reason: "you signed out at corp" });
  });

  it("believes no logout token that is tampered, old, for others, of another kind, or that was here before", async () => {
    const one = await live();
    const sid = scene.idp.sessions.get("u-ana") ?? "";
    const now = Math.floor(Date.now() / 1000);
    const good = await logoutToken({ sid });
    const [header = "", payload = ""] = good.split(".");
    const none = Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString("base64url");
    const hmac = new TextEncoder().encode(scene.idp.clientSecret);
    const stranger = await generateKeyPair("RS256");
    const forged = new SignJWT({ iss: scene.idp.issuer, aud: "tidewaiter", iat: now, jti: "x", events: EVENT, sid });
    for (const token of [
      "",
      "x",
      `${none}.${payload}.`,
      `${header}.${payload}.AAAA`,
      await logoutToken({ sid, aud: "other" }),
      await logoutToken({ sid, iss: "https://other.example" }),
      await logoutToken({ sid, iat: now - 600 }),
      await logoutToken({ sid, exp: now - 120 }),
      await logoutToken({ sid, nonce: "n" }),
      await logoutToken({ sid, events: {} }),
      await logoutToken({ sid, events: undefined }),
      await logoutToken({ sid, jti: undefined as unknown as string }),
      await logoutToken({}),
      await logoutToken({ sid }, { typ: "at+jwt" }),
      await logoutToken({ sid }, { alg: "HS256" }, hmac),
      await forged.setProtectedHeader({ alg: "RS256", kid: "test-key" }).sign(stranger.privateKey),
    ]) {
      expect(await push(token), token).toBe(400);
    }
    expect(await one.renew()).toMatchObject({ ok: true });
    expect(await push(good)).toBe(200);
    expect(await push(good)).toBe(400);
    expect(await one.renew()).toMatchObject({ ok: false });
  });

  it("asks again by and by, follows groups, and ends what came of somebody whom the provider refuses", async () => {
    await scene.harness.call("POST", "/v1/groups", { name: "analysts" }, admin);
    const ana = scene.idp.people.get("u-ana");
    if (ana === undefined) throw new Error("there is no ana");
    const one = await live();
    ana.claims.groups = [];
    await scene.harness.running.revalidate();
    expect((await scene.me(one.client)).json.principal.groups).toEqual(["analysts"]);
    scene.ahead += 61_000;
    await scene.harness.running.revalidate();
    expect((await scene.me(one.client)).json.principal.groups).toEqual([]);
    expect(await one.renew()).toMatchObject({ ok: true });
    ana.active = false;
    scene.ahead += 61_000;
    await scene.harness.running.revalidate();
    expect(await one.renew()).toMatchObject({ ok: false, reason: "corp says that you may not sign in" });
    expect((await scene.me(one.client)).status).toBe(401);
    ana.active = true;
    ana.claims.groups = ["analysts"];
    scene.ahead = 0;
  });

  it("ends nothing while the provider cannot be asked, gives nothing new, and says so; after the time of grace it ends", async () => {
    const one = await live();
    scene.idp.outage = 503;
    scene.ahead += 61_000;
    await scene.harness.running.revalidate();
    expect(await one.renew()).toMatchObject({ ok: true });
    expect((await scene.me(one.client)).json).toMatchObject({ identityUnconfirmedSince: expect.any(String) });
    const more = await fetch(`${scene.web}/v1/connection-secrets`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        origin: scene.web,
        cookie: `tw_session=${one.client.cookie(scene.web, "tw_session")}`,
      },
      body: "{}",
    });
    expect([more.status, await more.json()]).toMatchObject([503, { code: "identity_unconfirmed" }]);
    const check = async () =>
      (await scene.harness.call("GET", "/v1/identity-providers/check", undefined, admin)).json.checks[0];
    expect(await check()).toMatchObject({
      provider: "corp",
      state: "unreachable",
      problem: expect.stringContaining("cannot be asked"),
    });
    scene.ahead += 7 * 3600_000;
    expect(await one.renew()).toMatchObject({ ok: true });
    scene.ahead += 3600_000;
    expect(await one.renew()).toMatchObject({ ok: false, reason: expect.stringContaining("could not be asked since") });
    scene.ahead = 0;
    scene.idp.outage = undefined;
    expect(await check()).toMatchObject({
      ...{ state: "reachable", revalidation: "refresh", backChannelLogout: true, worstCaseSeconds: 90 },
      because: "it is asked every 1m by refresh token",
    });
    const { events } = (
      await scene.harness.call("GET", "/v1/audit?type=identity_provider&limit=1000", undefined, admin)
    ).json;
    const types = events.map((event: { type: string }) => event.type);
    expect(types).toContain("identity_provider.unreachable");
    expect(types.at(-1)).toBe("identity_provider.reachable");
  });

  it("takes a wrong client secret of ours for no word about anybody", async () => {
    const one = await live();
    scene.idp.refuse = { error: "invalid_client" };
    scene.ahead += 61_000;
    await scene.harness.running.revalidate();
    scene.idp.refuse = undefined;
    expect(await one.renew()).toMatchObject({ ok: true });
    scene.ahead = 0;
  });

  it("keeps the provider's tokens out of the store, the log and the answers", async () => {
    await live();
    const store = await scene.storeBytes();
    expect(store.length > 0).toBe(kind === "sqlite");
    expect(scene.idp.secrets.size).toBeGreaterThan(3);
    for (const secret of scene.idp.secrets) expect(store.includes(secret)).toBe(false);
  });
});
