import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { OpensslFolder } from "./client-certificates.ts";
import { onEitherStore } from "./on-stores.ts";
import { PageVisitor } from "./page-visitor.ts";
import { type Harness, startHarness } from "./running.ts";
import { expectStatus, sessionRequest, setTheScene } from "./scene.ts";

/** A resource that takes somebody's presence: what a program can do that has all files of the person, and what it cannot. */
onEitherStore("presence", (store) => {
  let harness: Harness;
  let anaToken: string;
  let anaId: string;
  let coderId: string;
  let totp: string;

  /** A step-up by the code of an authenticator app: the API's way, as a passkey's touch is the browser's. */
  const touch = async () => {
    const code = new TOTP({ secret: Secret.fromBase32(totp) }).generate({ timestamp: harness.clock.now() });
    await expectStatus(harness.call("POST", "/v1/step-up", { code }, anaToken), 204);
  };
  const addAuthenticatorApp = async () => {
    const visitor = new PageVisitor(harness);
    await visitor.post("/sign-in", { name: "ana", password: "ana-has-a-long-password", next: "/" });
    await visitor.get("/account/second-factors");
    const offered = await visitor.post("/account/second-factors/totp");
    const secret = /<code>([A-Z2-7 ]+)<\/code>/.exec(offered.body)?.[1]?.replaceAll(" ", "") ?? "";
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: harness.clock.now() });
    expect((await visitor.post("/account/second-factors/totp/confirm", { code })).status).toBe(200);
    return secret;
  };
  const newSecret = (body: object = { resource: "shop" }, token = anaToken) =>
    harness.call("POST", "/v1/connection-secrets", body, token);
  const delegate = (body: object = { resources: ["shop"] }) =>
    harness.call("POST", "/v1/delegations", { agent: "coder", ...body }, anaToken);
  const session = (principalId: string, more: object) =>
    harness.port.authorizeSession(sessionRequest(principalId, more));
  const refused = { ok: false, detail: "shop takes secrets that were made for it in somebody's presence" };

  beforeAll(async () => {
    harness = await startHarness(store);
    ({ anaToken, anaId } = await setTheScene(harness));
    for (const [name, kind] of [
      ["coder", "ai_agent"],
      ["ci", "service"],
    ]) {
      await expectStatus(harness.call("POST", "/v1/principals", { name, kind }), 201);
      await expectStatus(harness.call("POST", "/v1/grants", { principal: name, resource: "shop" }), 201);
    }
    coderId = (await harness.call("GET", "/v1/principals/coder")).json.id;
    totp = await addAuthenticatorApp();
    const secrets = { presence: "required" };
    const shown = await expectStatus(harness.call("PATCH", "/v1/resources/shop", { secrets }), 200);
    expect(shown.json.secrets).toEqual(secrets);
  });
  beforeEach(() => harness.clock.advance(10 * 60_000));
  afterAll(() => harness[Symbol.asyncDispose]());

  it("an access token alone makes no secret and opens no session", async () => {
    const asked = await newSecret();
    expect([asked.status, asked.json.code, asked.json.next]).toEqual([403, "step_up_required", "/step-up"]);
    const proven = await harness.port.authenticate({ type: "access_token", token: anaToken });
    expect(proven).toMatchObject({ ok: true });
    expect(await session(anaId, {})).toMatchObject(refused);
    // one that names no resource can be made, and opens nothing here
    const any = (await expectStatus(newSecret({}), 201)).json;
    expect(await session(anaId, { secretId: any.id })).toMatchObject({ ok: false });
  });

  it("a password is no presence: programs ask for those, too", async () => {
    await harness.addUser("bob");
    await expectStatus(harness.call("POST", "/v1/grants", { principal: "bob", resource: "shop" }), 201);
    const token = await harness.login("bob", "bob-has-a-long-password");
    const password = { password: "bob-has-a-long-password" };
    await expectStatus(harness.call("POST", "/v1/step-up", password, token), 204);
    expect((await newSecret({ resource: "shop" }, token)).json.code).toBe("step_up_required");
  });

  it("a touch makes one secret, which opens one connection within five minutes", async () => {
    await touch();
    const made = (await expectStatus(newSecret(), 201)).json;
    expect(Date.parse(made.expiresAt) - harness.clock.now()).toBe(5 * 60_000);
    const again = await newSecret();
    expect([again.json.code, again.json.detail]).toEqual([
      "step_up_required",
      expect.stringContaining("the last proof was used already"),
    ]);
    const { events } = (await harness.call("GET", "/v1/audit?type=presence.missing&order=newest&limit=1")).json;
    expect(events[0].data).toEqual({ by: "ana", what: "connection secret shop" });
    const proof = { type: "secret", principalName: "ana", secretId: made.id } as const;
    expect(await harness.port.authenticate(proof)).toMatchObject({ ok: true });
    expect(await session(anaId, { secretId: made.id })).toMatchObject({ ok: true });
    expect(await harness.port.authenticate(proof)).toMatchObject({ ok: false, reason: "used_up" });
    harness.clock.advance(30_000);
    await touch();
    expect((await newSecret({ resource: "shop", ttlSeconds: 3600 })).status).toBe(400);
    expect((await newSecret({ resource: "shop", uses: 5 })).status).toBe(400);
  });

  it("a touch is worth two minutes, and two requests at once cannot share it", async () => {
    await touch();
    harness.clock.advance(121_000);
    expect((await newSecret()).json.code).toBe("step_up_required");
    harness.clock.advance(60_000);
    await touch();
    const both = await Promise.all([newSecret(), newSecret()]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 403]);
  });

  it("a client certificate takes the same", async () => {
    using openssl = new OpensslFolder();
    const body = { resource: "shop", request: openssl.request("ana") };
    const issue = () => harness.call("POST", "/v1/certificates", body, anaToken);
    expect((await issue()).json.code).toBe("step_up_required");
    await touch();
    await expectStatus(issue(), 201);
    expect((await issue()).json.code).toBe("step_up_required");
  });

  it("a delegation reaches it only when it was made for it in somebody's presence", async () => {
    const broad = (await expectStatus(delegate({}), 201)).json;
    expect(await session(coderId, { mandateId: broad.id })).toMatchObject(refused);
    expect((await delegate()).json.code).toBe("step_up_required");
    await touch();
    const made = (await expectStatus(delegate(), 201)).json;
    expect(await session(coderId, { mandateId: made.id })).toMatchObject({ ok: true });
    const secret = (await expectStatus(newSecret({}, made.token), 201)).json;
    expect(await session(coderId, { secretId: secret.id })).toMatchObject({ ok: true });
    // the same touch is not the person's any more
    expect((await newSecret()).json.code).toBe("step_up_required");
    const { events } = (await harness.call("GET", "/v1/audit?type=delegation.created&order=newest&limit=1")).json;
    expect(events[0].data).toMatchObject({ agent: "coder", by: "ana", present: true });
  });

  it("an administrator's token makes no key, and no secret of a service, that reaches it", async () => {
    const key = { principal: "ci", name: "deploy", ttlSeconds: 3600 };
    const scoped = await harness.call("POST", "/v1/api-keys", { ...key, resources: ["shop"] });
    expect(scoped.json.code).toBe("step_up_required");
    const broad = (await expectStatus(harness.call("POST", "/v1/api-keys", key), 201)).json;
    const ciId = (await harness.call("GET", "/v1/principals/ci")).json.id;
    expect(await session(ciId, { mandateId: broad.id })).toMatchObject(refused);
    const forCi = await newSecret({ resource: "shop", forPrincipal: "ci" }, harness.adminToken);
    expect(forCi.json.code).toBe("step_up_required");
    const any = (await expectStatus(newSecret({ forPrincipal: "ci" }, harness.adminToken), 201)).json;
    expect(await session(ciId, { secretId: any.id })).toMatchObject({ ok: false });
  });
});
