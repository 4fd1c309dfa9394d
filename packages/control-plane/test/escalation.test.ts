import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PageVisitor } from "./page-visitor.ts";
import { ADMIN, type Harness, startHarness } from "./running.ts";
import { expectStatus, sessionRequest, setTheScene } from "./scene.ts";

const HOUR = 3600;
const ANA = "ana-has-a-long-password";

/** Ways to get more than one has that lead through something else: a program, a half-finished sign-in, one touch. */
describe("nobody gets more than they have", () => {
  let harness: Harness;
  let call: Harness["call"];
  let anaId: string;

  beforeAll(async () => {
    harness = await startHarness();
    ({ call } = harness);
    ({ anaId } = await setTheScene(harness));
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  /** The limits on attempts come back with time. */
  beforeEach(() => harness.clock.advance(10 * 60_000));

  const refused = async (answer: ReturnType<Harness["call"]>) => {
    expect((await expectStatus(answer, 403)).json).toMatchObject({ code: "permission_missing" });
  };
  const codeOf = (secret: string) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: harness.clock.now() });
  const addAuthenticatorApp = async (name: string, password: string) => {
    const visitor = new PageVisitor(harness);
    await visitor.post("/sign-in", { name, password, next: "/" });
    await visitor.get("/account/second-factors");
    const offered = await visitor.post("/account/second-factors/totp");
    const secret = /<code>([A-Z2-7 ]+)<\/code>/.exec(offered.body)?.[1]?.replaceAll(" ", "") ?? "";
    const confirmed = await visitor.post("/account/second-factors/totp/confirm", { code: codeOf(secret) });
    expect(confirmed.status).toBe(200);
    harness.clock.advance(10 * 60_000);
    return secret;
  };

  it("not by taking an AI agent's person away, whose key one has", async () => {
    const desk = { permissions: ["principals.read", "principals.write", "api_keys.write"] };
    await expectStatus(call("PUT", "/v1/roles/desk", desk), 200);
    const dan = await harness.addUser("dan", ["desk"]);
    const bot = { name: "bot", kind: "ai_agent", roles: ["admin"], onBehalfOf: "ana" };
    await expectStatus(call("POST", "/v1/principals", bot), 201);
    const asked = { principal: "bot", name: "bots", ttlSeconds: HOUR };
    // with a key one reaches what the program reaches: that is for who gives access
    await refused(call("POST", "/v1/api-keys", asked, dan));
    const more = { permissions: [...desk.permissions, "grants.write"] };
    await expectStatus(call("PUT", "/v1/roles/desk", more), 200);
    const { key } = (await expectStatus(call("POST", "/v1/api-keys", asked, dan), 201)).json;
    await refused(call("GET", "/v1/audit", undefined, key));
    await refused(call("PATCH", "/v1/principals/bot", { onBehalfOf: null }, dan));
    await refused(call("PATCH", "/v1/principals/bot", { onBehalfOf: ADMIN.name }, dan));
    await refused(call("GET", "/v1/audit", undefined, key));
    await expectStatus(call("PATCH", "/v1/principals/bot", { onBehalfOf: null }), 200);
  });

  it("not as a program that becomes the person it acts for, or makes that person more", async () => {
    await expectStatus(call("POST", "/v1/principals", { name: "ops", kind: "ai_agent", roles: ["admin"] }), 201);
    const { token } = (await expectStatus(call("POST", "/v1/delegations", { agent: "ops" }), 201)).json;
    await expectStatus(call("GET", "/v1/principals/ana", undefined, token), 200);
    const password = { password: "chosen-by-a-program-1" };
    await refused(call("PUT", `/v1/principals/${ADMIN.name}/password`, password, token));
    await refused(call("DELETE", `/v1/principals/${ADMIN.name}/second-factors`, undefined, token));
    await refused(call("PATCH", `/v1/principals/${ADMIN.name}`, { roles: ["admin", "auditor"] }, token));
    const auditors = { name: "auditors", roles: ["auditor"], members: [ADMIN.name] };
    await refused(call("POST", "/v1/groups", auditors, token));
    await expectStatus(call("GET", "/v1/me"), 200);
  });

  it("not by sending the target's password elsewhere", async () => {
    const keeper = { permissions: ["resources.read", "resources.write"], scope: { env: "prod" } };
    await expectStatus(call("PUT", "/v1/roles/keeper", keeper), 200);
    const kim = await harness.addUser("kim", ["keeper"]);
    await refused(call("PATCH", "/v1/resources/shop", { target: { host: "elsewhere" } }, kim));
    await expectStatus(call("PATCH", "/v1/resources/shop", { enforce: "on" }, kim), 200);
    const bare = { name: "bare", protocol: "postgres", target: { host: "h" }, agent: "site", tags: { env: "prod" } };
    await expectStatus(call("POST", "/v1/resources", bare, kim), 201);
    await expectStatus(call("PATCH", "/v1/resources/bare", { target: { host: "i" } }, kim), 200);
  });

  it("not by a sign-in that was begun with the password before", async () => {
    await harness.addUser("eve");
    const secret = await addAuthenticatorApp("eve", "eve-has-a-long-password");
    const visitor = new PageVisitor(harness);
    await visitor.post("/sign-in", { name: "eve", password: "eve-has-a-long-password", next: "/" });
    expect(visitor.cookies.has("tw_factor")).toBe(true);
    await expectStatus(call("PUT", "/v1/principals/eve/password", { password: "another-long-password" }), 204);
    await visitor.post("/sign-in/factor", { code: codeOf(secret), next: "/" });
    expect(visitor.cookies.has("tw_session")).toBe(false);
  });

  it("not by an SSH key that was registered before the password was changed", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    const blob = Buffer.concat([field(Buffer.from("ssh-ed25519")), field(raw)]);
    const token = await harness.addUser("sam");
    const text = (value: string | Buffer) => field(Buffer.from(value));
    const register = async (as: string) => {
      const { challenge } = (await call("POST", "/v1/connection-secrets/ssh-keys/challenge", {}, as)).json;
      // as ssh-keygen -Y sign does it
      const parts = [text("tidewaiter"), text(""), text("sha512")];
      const hash = createHash("sha512").update(challenge).digest();
      const bytes = sign(null, Buffer.concat([Buffer.from("SSHSIG"), ...parts, text(hash)]), privateKey);
      const signed = field(Buffer.concat([text("ssh-ed25519"), text(bytes)]));
      const whole = Buffer.concat([Buffer.from("SSHSIG"), Buffer.from([0, 0, 0, 1]), field(blob), ...parts, signed]);
      const signature = `-----BEGIN SSH SIGNATURE-----\n${whole.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
      const line = { publicKey: `ssh-ed25519 ${blob.toString("base64")} sam`, challenge, signature };
      return { line, done: await call("POST", "/v1/connection-secrets/ssh-keys", line, as) };
    };
    const keys = async () => {
      const { secrets } = (await call("GET", "/v1/connection-secrets?all=true")).json;
      return secrets.filter(({ kind }: { kind: string }) => kind === "ssh_key").length;
    };
    const { line, done } = await register(token);
    expect(done.status, done.text).toBe(201);
    expect(await keys()).toBe(1);
    // a proof is its maker's, for minutes, for that key
    const mallory = await harness.addUser("mallory");
    const refusedOf = async (body: object, as: string) => {
      const answer = await call("POST", "/v1/connection-secrets/ssh-keys", body, as);
      expect(answer.status).toBe(400);
      return answer.json.detail;
    };
    expect(await refusedOf(line, mallory)).toBe("challenge: not one that was given to you");
    const { challenge } = (await call("POST", "/v1/connection-secrets/ssh-keys/challenge", {}, mallory)).json;
    expect(await refusedOf({ ...line, challenge }, mallory)).toBe("signature: not one of this key over the challenge");
    const another = `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.alloc(32, 7))]).toString("base64")}`;
    expect(await refusedOf({ ...line, publicKey: another }, token)).toBe(
      "signature: not one of this key over the challenge",
    );
    const later = line.challenge.replace(/\d+/, (expires: string) => String(Number(expires) + 60_000));
    expect(await refusedOf({ ...line, challenge: later }, token)).toBe("challenge: not one that was given to you");
    harness.clock.advance(5 * 60_000 + 1);
    expect(await refusedOf(line, token)).toBe("challenge: it is out of date");
    await expectStatus(call("PUT", "/v1/principals/sam/password", { password: "another-long-password" }), 204);
    expect(await keys()).toBe(0);
    const again = await harness.login("sam", "another-long-password");
    expect((await register(again)).done.status).toBe(201);
    await expectStatus(call("DELETE", "/v1/principals/sam/second-factors"), 204);
    expect(await keys()).toBe(0);
  });

  it("not by one touch for several command lines", async () => {
    const secret = await addAuthenticatorApp("ana", ANA);
    await expectStatus(call("PATCH", "/v1/resources/shop", { secrets: { presence: "required" } }), 200);
    const visitor = new PageVisitor(harness);
    await visitor.post("/sign-in", { name: "ana", password: ANA, next: "/" });
    await visitor.post("/sign-in/factor", { code: codeOf(secret), next: "/" });
    const commandLine = async () => {
      const { deviceCode, userCode } = (await call("POST", "/v1/login/device", { client: "tw" }, null)).json;
      await visitor.get(`/device?code=${userCode}`);
      await visitor.post("/device", { code: userCode, answer: "yes" });
      const { tokens } = (await call("POST", "/v1/login/device/token", { deviceCode }, null)).json;
      return tokens.accessToken as string;
    };
    const [first, second] = [await commandLine(), await commandLine()];
    const newSecret = (token: string) => call("POST", "/v1/connection-secrets", { resource: "shop" }, token);
    const made = (await expectStatus(newSecret(first), 201)).json;
    const opened = await harness.port.authorizeSession(sessionRequest(anaId, { secretId: made.id }));
    expect(opened.ok).toBe(true);
    expect((await expectStatus(newSecret(second), 403)).json).toMatchObject({ code: "step_up_required" });
  });
});
