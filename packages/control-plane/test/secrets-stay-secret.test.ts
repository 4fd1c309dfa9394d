import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createControlPlane } from "../src/create-control-plane.ts";
import { PageVisitor } from "./page-visitor.ts";
import { ADMIN, type Harness, startHarness } from "./running.ts";
import { openSession, setTheScene, TARGET_PASSWORD } from "./scene.ts";

const STATEMENT = "select 1 from customers where ssn = '078-05-1120-held'";
const PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw-canary-private\n-----END PRIVATE KEY-----";

/** Uses every secret there is, then looks for each in all that was answered, logged and stored. */
describe("secrets stay secret", () => {
  let harness: Harness;
  const log: string[] = [];
  const answers: string[] = [];
  const secrets = new Map<string, string>();

  beforeAll(async () => {
    harness = await startHarness("sqlite", { log: { write: (line) => log.push(line) } });
    const { anaToken, anaId } = await setTheScene(harness);
    secrets.set("the administrator's password", ADMIN.password);
    secrets.set("ana's password", "ana-has-a-long-password");
    secrets.set("the target's password", TARGET_PASSWORD);
    secrets.set("the held statement", "078-05-1120-held");
    secrets.set("the client certificate's key", "canary-private");
    const certificate = { type: "certificate", username: "w", certificatePem: "cert", privateKeyPem: PRIVATE_KEY };
    await harness.call("PUT", "/v1/resources/shop/credentials/write", certificate);
    secrets.set("the target's token", "eyJhbGciOiJSUzI1NiJ9.canary-token");
    const token = { type: "token", username: "agent", token: secrets.get("the target's token") };
    await harness.call("PUT", "/v1/resources/shop/credentials/admin", token);
    const made = await harness.call("POST", "/v1/connection-secrets", {}, anaToken);
    secrets.set("a connection secret", made.json.secret);
    const login = await harness.port.requestBrowserLogin({
      gatewayId: "gw_one",
      clientAddress: "192.0.2.1",
      clientPort: 50_000,
      resourceName: "shop",
    });
    if (login.state !== "waiting") throw new Error("it does not wait");
    secrets.set("the link of a login by browser", login.path.split("/").at(-1) ?? "");
    secrets.set("its code", login.code);
    await harness.running.app.inject({ method: "GET", url: login.path });
    await harness.call("POST", "/v1/principals", { name: "ci", kind: "service" });
    await harness.call("POST", "/v1/principals", { name: "coder", kind: "ai_agent" });
    const key = await harness.call("POST", "/v1/api-keys", { principal: "ci", name: "deploy", ttlSeconds: 3600 });
    secrets.set("an API key", key.json.key);
    const next = await harness.call("POST", "/v1/api-keys/deploy/rotate", { ttlSeconds: 3600 });
    secrets.set("its successor", next.json.key);
    const delegation = await harness.call("POST", "/v1/delegations", { agent: "coder" }, anaToken);
    secrets.set("a delegation", delegation.json.token);
    for (const token of [key.json.key, next.json.key, delegation.json.token]) {
      answers.push((await harness.call("GET", "/v1/me", undefined, token)).text);
      answers.push((await harness.call("GET", "/v1/me", undefined, `${token}x`)).text);
    }
    secrets.set("a workload's token", "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL25vIn0.workload-canary");
    const exchange = await harness.running.app.inject({
      method: "POST",
      url: "/v1/token",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        subject_token: secrets.get("a workload's token") ?? "",
      }).toString(),
    });
    answers.push(exchange.body);
    const tokens = (await harness.call("POST", "/v1/login", ADMIN, null)).json;
    secrets.set("an access token", tokens.accessToken);
    secrets.set("a refresh token", tokens.refreshToken);
    const refreshed = (await harness.call("POST", "/v1/login/refresh", { refreshToken: tokens.refreshToken }, null))
      .json;
    secrets.set("the next refresh token", refreshed.refreshToken);
    const device = (await harness.call("POST", "/v1/login/device", { client: "tw" }, null)).json;
    secrets.set("a device code", device.deviceCode);
    secrets.set("a user code", device.userCode);
    const browser = await harness.running.app.inject({
      method: "POST",
      url: "/sign-in",
      headers: { "content-type": "application/x-www-form-urlencoded", origin: "http://127.0.0.1:8080" },
      payload: new URLSearchParams(ADMIN).toString(),
    });
    secrets.set("a browser's session", /tw_session=([^;]+)/.exec(String(browser.headers["set-cookie"]))?.[1] ?? "none");
    const typed = await harness.running.app.inject({
      method: "GET",
      url: `/device?code=${device.userCode}`,
      headers: { cookie: `tw_session=${secrets.get("a browser's session")}` },
    });
    expect(typed.statusCode).toBe(200);
    const join = await harness.call("POST", "/v1/agents/tokens", { name: "later" });
    secrets.set("a join token", join.json.token);
    const session = await openSession(harness, anaId);
    await harness.port.openCredential(session.id);
    secrets.set("the session's recording key", session.recordingKey.key);
    secrets.set("the token key", session.tokenKey);
    await harness.port.requestReview({
      sessionId: session.id,
      mode: "ticket",
      ruleId: "r",
      reason: "r",
      by: ["principal:root"],
      count: 1,
      expiresAt: new Date(harness.clock.now() + 60_000).toISOString(),
      binding: "b".repeat(64),
      statement: STATEMENT,
      parameters: [],
      summary: "reads pii.ssn",
      labels: ["pii.ssn"],
      inTransaction: false,
    });
    const provider = { kind: "identity_provider", name: "okta", type: "oidc", issuer: "https://okta.example" };
    const documents = [{ name: "okta.yaml", source: JSON.stringify({ ...provider, clientId: "tw" }) }];
    await harness.call("POST", "/v1/apply", { documents, dryRun: false });
    const scim = await harness.call("POST", "/v1/identity-providers/okta/scim-tokens", {});
    secrets.set("a SCIM token", scim.json.token);
    const pushed = { userName: "pushed@example.com", password: "the-pushed-password-1" };
    secrets.set("a password that a provider pushed", pushed.password);
    answers.push((await harness.call("POST", "/scim/v2/Users", pushed, scim.json.token)).text);
    await addSecondFactor();
    // Wrong uses too: an error must not quote what it was given.
    for (const [method, url, body] of WRONG_USES) {
      answers.push((await harness.call(method, url, body)).text);
    }
    const { paths } = (await harness.call("GET", "/v1/openapi.json")).json as {
      paths: Record<string, { get?: unknown }>;
    };
    for (const [path, methods] of Object.entries(paths)) {
      if (methods.get === undefined) continue;
      for (const name of ["shop", "ana", session.id]) {
        const url = path.replace(/\{\w+\}/g, name).replace(/recording$/, "recording?reason=looking");
        answers.push((await harness.call("GET", url)).text);
      }
    }
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  /** The page that shows them once is no answer to anybody else. */
  async function addSecondFactor(): Promise<void> {
    const visitor = new PageVisitor(harness);
    await visitor.post("/sign-in", { name: "ana", password: "ana-has-a-long-password", next: "/" });
    await visitor.get("/account/second-factors");
    const offered = await visitor.post("/account/second-factors/totp");
    const secret = /<code>([A-Z2-7 ]+)<\/code>/.exec(offered.body)?.[1]?.replaceAll(" ", "") ?? "";
    secrets.set("the secret of an authenticator app", secret);
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: harness.clock.now() });
    const shown = await visitor.post("/account/second-factors/totp/confirm", { code });
    const [recoveryCode = ""] = shown.body.match(/[0-9a-z]{5}(-[0-9a-z]{5}){3}/) ?? [];
    if (recoveryCode === "") throw new Error("there are no recovery codes");
    secrets.set("a recovery code", recoveryCode);
    secrets.set("a browser's session", visitor.cookies.get("tw_session") ?? "");
    answers.push((await visitor.get("/account/second-factors")).body);
    answers.push((await visitor.post("/step-up", { recoveryCode: `${recoveryCode}x` })).body);
  }

  const WRONG_USES = [
    ["POST", "/v1/login", { name: "root", password: TARGET_PASSWORD, extra: true }],
    ["PUT", "/v1/principals/nobody/password", { password: ADMIN.password }],
    ["PUT", "/v1/resources/nothing/credentials/read", { type: "password", username: "x", password: TARGET_PASSWORD }],
    ["PUT", "/v1/resources/shop/credentials/read", { type: "password", password: TARGET_PASSWORD }],
    ["PUT", "/v1/resources/shop/credentials/read", { type: "token", username: "x", token: `${TARGET_PASSWORD} ` }],
    ["POST", "/v1/agents/join", { token: TARGET_PASSWORD, publicKey: {}, version: "1" }],
  ] as const;

  const found = (text: string) => [...secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => name);

  it("in API answers", () => {
    expect(answers.length).toBeGreaterThan(50);
    expect(found(answers.join("\n"))).toEqual([]);
  });

  it("in the log", () => {
    expect(log.length).toBeGreaterThan(50);
    expect(found(log.join("\n"))).toEqual([]);
    expect(log.join("\n")).not.toContain("Bearer ");
    expect(log.join("\n")).not.toContain(harness.adminToken);
  });

  it("in the store's files", () => {
    const files = readdirSync(harness.directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name !== "master.key")
      .map((name) => join(harness.directory, name))
      .filter((path) => statSync(path).isFile());
    expect(files.some((path) => path.endsWith("store.db-wal"))).toBe(true);
    for (const path of files) expect(found(readFileSync(path, "latin1")), path).toEqual([]);
  });

  it("from somebody who has the store but not the key file, and after its rotation from the old key file", async () => {
    const { masterKeyFile } = harness.deps;
    const old = readFileSync(masterKeyFile, "utf8");
    const { dataKeys } = await harness.running.rotateMasterKey();
    expect(dataKeys).toBeGreaterThan(5);
    const now = readFileSync(masterKeyFile, "utf8");
    expect(Object.keys((JSON.parse(now) as { keys: object }).keys)).toHaveLength(1);
    expect(now).not.toBe(old);
    const ana = (await harness.call("GET", "/v1/principals/ana")).json.id as string;
    const session = await openSession(harness, ana);
    expect(await harness.port.openCredential(session.id)).toMatchObject({ password: TARGET_PASSWORD });
    const other = `${masterKeyFile}.other`;
    await expect(createControlPlane({ ...harness.deps, masterKeyFile: other })).rejects.toThrow(/does not belong/);
    rmSync(other);
  });
});
