import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { onEitherStore } from "./on-stores.ts";
import { GATEWAY, type Harness, startHarness } from "./running.ts";
import { COUNTERS, expectStatus, openSession, setTheScene } from "./scene.ts";

const AUDIENCE = "https://gw.example";
const SUBJECT = "repo:acme/shop:ref:refs/heads/main";
const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";

/** An issuer of workload tokens: discovery and keys over HTTP, tokens signed by jose, as GitHub and GitLab do it. */
async function startIssuer() {
  let asked = { discovery: 0, keys: 0 };
  let pair = { kid: "one", ...(await generateKeyPair("RS256", { extractable: true })) };
  const published = [pair];
  let issuer = "";
  let said: Record<string, unknown> | undefined;
  let redirect: string | undefined;
  const server: Server = createServer(async (request, response) => {
    if (redirect !== undefined) return void response.writeHead(302, { location: redirect }).end();
    const json = (body: unknown) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.url === "/.well-known/openid-configuration") {
      asked.discovery++;
      return void json(said ?? { issuer, jwks_uri: `${issuer}/keys` });
    }
    asked.keys++;
    const keys = await Promise.all(
      published.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, use: "sig" })),
    );
    return void json({ keys });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    asked: () => asked,
    forget: () => (asked = { discovery: 0, keys: 0 }),
    current: () => pair,
    say: (document: Record<string, unknown> | undefined) => (said = document),
    redirect: (to: string | undefined) => (redirect = to),
    async rotate(kid: string) {
      pair = { kid, ...(await generateKeyPair("RS256", { extractable: true })) };
      published.push(pair);
    },
    close: () => server.close(),
  };
}

type Issuer = Awaited<ReturnType<typeof startIssuer>>;

onEitherStore("workload federation", (store) => {
  let harness: Harness;
  let issuer: Issuer;
  let other: Issuer;
  let ciId: string;

  const now = () => Math.floor(harness.clock.now() / 1000);
  const claims = (more: Record<string, unknown> = {}): JWTPayload => ({
    iss: issuer.issuer,
    aud: AUDIENCE,
    sub: SUBJECT,
    iat: now(),
    nbf: now(),
    exp: now() + 300,
    environment: "production",
    ...more,
  });
  const sign = (payload: JWTPayload = claims(), header: object = {}, key = issuer.current()) =>
    new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: key.kid, ...header }).sign(key.privateKey);
  const post = async (form: Record<string, string> | string, type = "application/x-www-form-urlencoded") => {
    const payload = typeof form === "string" ? form : new URLSearchParams(form).toString();
    const headers = { "content-type": type };
    const response = await harness.running.app.inject({ method: "POST", url: "/v1/token", headers, payload });
    return { status: response.statusCode, json: JSON.parse(response.body), headers: response.headers };
  };
  const exchange = (token: string, more: Record<string, string> = {}) =>
    post({ grant_type: GRANT, subject_token: token, subject_token_type: JWT, ...more });
  const refusals = async () =>
    (
      (await harness.call("GET", "/v1/audit?type=federation.refused&order=newest&limit=1")).json.events as {
        data: { reason: string };
      }[]
    )[0]?.data.reason;
  const apply = async (fields: Record<string, unknown> = {}, status = 200) => {
    const document = {
      kind: "federation",
      name: "deploy",
      issuer: issuer.issuer,
      audience: AUDIENCE,
      subject: "repo:acme/shop:*",
      when: 'claims.environment == "production"',
      principal: "ci",
      lifetime: "10m",
      ...fields,
    };
    const documents = [{ name: "f.yaml", source: JSON.stringify(document) }];
    return expectStatus(harness.call("POST", "/v1/apply", { documents, dryRun: false }), status);
  };

  beforeAll(async () => {
    issuer = await startIssuer();
    other = await startIssuer();
    harness = await startHarness(store);
    await setTheScene(harness);
    const made = await harness.call("POST", "/v1/principals", { name: "ci", kind: "service" });
    ciId = made.json.id;
    await expectStatus(harness.call("POST", "/v1/grants", { principal: "ci", resource: "shop" }), 201);
    await apply();
  });
  // attempts are limited, and each test has many
  afterEach(() => harness.clock.advance(10 * 60_000));
  afterAll(async () => {
    issuer.close();
    other.close();
    await harness[Symbol.asyncDispose]();
  });

  it("exchanges a job's token for an access token that is the service's", async () => {
    const answer = await exchange(await sign());
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^ey/),
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 600,
      },
    ]);
    const me = await expectStatus(harness.call("GET", "/v1/me", undefined, answer.json.access_token), 200);
    expect(me.json).toMatchObject({ principal: { name: "ci", kind: "service" } });
    const { events } = (await harness.call("GET", "/v1/audit?type=federation.exchanged")).json;
    expect(events.at(-1).data).toMatchObject({ federation: "deploy", issuer: issuer.issuer, subject: SUBJECT });
    harness.clock.advance(601_000);
    expect((await harness.call("GET", "/v1/me", undefined, answer.json.access_token)).status).toBe(401);
  });

  describe("refuses, with one answer and the reason in the audit log,", () => {
    const hostile: [string, () => Promise<string>, RegExp][] = [
      ["another audience", () => sign(claims({ aud: "https://other.example" })), /claim aud/],
      ["an expired one", () => sign(claims({ exp: now() - 61 })), /expired/],
      ["one that is not valid yet", () => sign(claims({ nbf: now() + 120 })), /claim nbf/],
      ["one from the future", () => sign(claims({ iat: now() + 3600, exp: now() + 7200 })), /claim iat/],
      ["one that is older than a day", () => sign(claims({ iat: now() - 90_000, exp: now() + 300 })), /expired|iat/],
      ["one without an end", () => sign(claims({ exp: undefined })), /claim exp/],
      ["another subject", () => sign(claims({ sub: "repo:evil/shop:ref:refs/heads/main" })), /subject/],
      ["a subject that only begins alike", () => sign(claims({ sub: "repo:acme/shopping:ref:x" })), /subject/],
      ["claims that do not fit", () => sign(claims({ environment: "test" })), /claims/],
      ["a missing claim", () => sign(claims({ environment: undefined })), /claims/],
      ["an issuer that nobody trusts", () => sign(claims({ iss: other.issuer }), {}, other.current()), /no federation/],
      [
        "a trusted issuer's name under another's key",
        () => sign(claims(), {}, { ...other.current(), kid: "one" }),
        /signature/,
      ],
      ["an issuer with a slash more", () => sign(claims({ iss: `${issuer.issuer}/` })), /no federation/],
      ["an unknown key", () => sign(claims(), { kid: "../../etc/passwd" }), /key/],
      [
        "a key that it brings itself",
        async () => {
          const evil = await generateKeyPair("RS256", { extractable: true });
          const jwk = await exportJWK(evil.publicKey);
          return new SignJWT(claims())
            .setProtectedHeader({ alg: "RS256", jwk, jku: `${other.issuer}/keys`, kid: "one" })
            .sign(evil.privateKey);
        },
        /signature/,
      ],
      [
        "no signature at all",
        async () => {
          const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
          return `${part({ alg: "none", typ: "JWT" })}.${part(claims())}.`;
        },
        /algorithm|not valid/,
      ],
      [
        "HMAC with the public key as secret",
        async () => {
          const pem = await exportSPKI(issuer.current().publicKey);
          return new SignJWT(claims())
            .setProtectedHeader({ alg: "HS256", kid: "one" })
            .sign(new TextEncoder().encode(pem));
        },
        /algorithm/,
      ],
      [
        "a critical header that nobody knows",
        async () => {
          const [head = "", ...rest] = (await sign()).split(".");
          const header = { ...JSON.parse(Buffer.from(head, "base64url").toString()), crit: ["exp2"], exp2: 1 };
          return [Buffer.from(JSON.stringify(header)).toString("base64url"), ...rest].join(".");
        },
        /not valid|signature/,
      ],
      [
        "a tampered one",
        async () => {
          const [head, body = "", signature] = (await sign()).split(".");
          const payload = { ...JSON.parse(Buffer.from(body, "base64url").toString()), sub: `${SUBJECT}2` };
          return [head, Buffer.from(JSON.stringify(payload)).toString("base64url"), signature].join(".");
        },
        /signature/,
      ],
      ["what is no token", async () => "e30.e30", /no JWT/],
      ["an access token of ours", async () => harness.adminToken, /no federation/],
      ["a huge one", () => sign(claims({ padding: "x".repeat(17_000) })), /too large/],
    ];
    it.each(hostile)("%s", async (_what, make, reason) => {
      const answer = await exchange(await make());
      expect([answer.status, answer.json.error]).toEqual([400, "invalid_grant"]);
      expect(answer.json.error_description).toMatch(/^the token is not accepted/);
      expect(await refusals()).toMatch(reason);
    });
  });

  it("tolerates clocks that differ by a minute", async () => {
    expect((await exchange(await sign(claims({ exp: now() - 50 })))).status).toBe(200);
    expect((await exchange(await sign(claims({ nbf: now() + 50 })))).status).toBe(200);
  });

  it("asks nobody whom no one configured, and its keys not at each token", async () => {
    issuer.forget();
    other.forget();
    for (let count = 0; count < 3; count++) await exchange(await sign());
    await exchange(await sign(claims({ iss: other.issuer }), {}, other.current()));
    expect(issuer.asked().keys).toBeLessThanOrEqual(1);
    expect(other.asked()).toEqual({ discovery: 0, keys: 0 });
  });

  it("takes a new key of the issuer, and the old one while it is published", async () => {
    const old = issuer.current();
    await issuer.rotate("two");
    harness.clock.advance(11 * 60_000);
    expect((await exchange(await sign())).status).toBe(200);
    expect((await exchange(await sign(claims(), {}, old))).status).toBe(200);
  });

  it("believes no discovery document about another issuer, follows no redirect", async () => {
    harness.clock.advance(11 * 60_000);
    issuer.say({ issuer: other.issuer, jwks_uri: `${issuer.issuer}/keys` });
    expect((await exchange(await sign())).json.error).toBe("invalid_grant");
    issuer.say({ issuer: issuer.issuer, jwks_uri: "http://metadata.internal/keys" });
    expect((await exchange(await sign())).json.error).toBe("invalid_grant");
    issuer.say(undefined);
    issuer.redirect(`${other.issuer}/.well-known/openid-configuration`);
    expect((await exchange(await sign())).json.error).toBe("invalid_grant");
    expect(await refusals()).toMatch(/keys cannot be read/);
    issuer.redirect(undefined);
    expect((await exchange(await sign())).status).toBe(200);
  });

  it("takes each token once where that is asked for", async () => {
    await apply({ singleUse: true });
    const token = await sign(claims({ jti: "job-1" }));
    const both = await Promise.all([exchange(token), exchange(token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(await refusals()).toBe("it was used before");
    expect((await exchange(await sign())).status).toBe(400);
    expect(await refusals()).toBe("it has no jti");
    await apply();
  });

  it("ends what was exchanged, sessions too, when the federation changes or goes", async () => {
    const token = (await exchange(await sign())).json.access_token;
    const result = await harness.port.authenticate({ type: "access_token", token });
    const mandateId = result.ok ? (result.mandateId ?? "") : "";
    const session = await openSession(harness, ciId, { mandateId });
    await apply({ subject: "repo:acme/other:*" });
    const [state] = await harness.port.renewLeases(GATEWAY, [{ sessionId: session.id, counters: COUNTERS }]);
    expect(state).toMatchObject({ ok: false, reason: "the federated identity was revoked" });
    expect((await harness.call("GET", "/v1/me", undefined, token)).status).toBe(401);
    await apply();
    const again = (await exchange(await sign())).json.access_token;
    await apply({ state: "absent" });
    expect((await harness.call("GET", "/v1/me", undefined, again)).status).toBe(401);
    expect((await exchange(await sign())).status).toBe(400);
    await apply();
  });

  it("gives no more than the federation's scope, and asks which one where several fit", async () => {
    await apply({ permissions: ["self.read"], resources: ["shop"], level: "read" });
    const token = (await exchange(await sign())).json.access_token;
    expect((await harness.call("POST", "/v1/connection-secrets", {}, token)).status).toBe(403);
    expect((await harness.call("GET", "/v1/me", undefined, token)).json.grants).toEqual([
      { resource: "shop", level: "read" },
    ]);
    await apply({ name: "deploy-too" });
    expect((await exchange(await sign())).status).toBe(400);
    expect(await refusals()).toContain("several federations fit");
    expect((await exchange(await sign(), { federation: "deploy-too" })).status).toBe(200);
    await apply({ name: "deploy-too", state: "absent" });
  });

  it("is refused where it would trust anybody, or stand for a person", async () => {
    const wrong = async (fields: object) => (await apply(fields as Record<string, unknown>, 400)).json.detail as string;
    expect(await wrong({ subject: "*", when: undefined })).toContain("name more than *");
    expect(await wrong({ principal: "ana" })).toContain("never for a person");
    expect(await wrong({ issuer: "http://issuer.example" })).toContain("https");
    expect(await wrong({ when: "claims." })).toContain("when");
    expect(await wrong({ when: "principal.name == 'x'" })).toContain("when");
    expect(await wrong({ lifetime: "13h" })).toContain("lifetime");
  });

  it("shows what a change would change, and changes nothing twice", async () => {
    await apply();
    const changed = (await apply({ lifetime: "20m" })).json.changes;
    expect(changed).toMatchObject([
      { noun: "federation", action: "update", diff: [{ field: "lifetime", before: "600", after: "1200" }] },
    ]);
    expect((await apply({ lifetime: "20m" })).json.changes).toMatchObject([{ action: "none" }]);
    expect((await harness.call("GET", "/v1/federations")).json.federations).toMatchObject([
      { name: "deploy", lifetime: 1200 },
    ]);
  });

  it("answers as RFC 8693 and RFC 6749 say", async () => {
    const token = await sign();
    const good = { grant_type: GRANT, subject_token: token, subject_token_type: JWT };
    const codes = [
      [{ ...good, grant_type: "password" }, "unsupported_grant_type"],
      [{ ...good, grant_type: "" }, "unsupported_grant_type"],
      [{ ...good, subject_token: "" }, "invalid_request"],
      [{ ...good, subject_token_type: "urn:ietf:params:oauth:token-type:saml2" }, "invalid_request"],
      [{}, "invalid_request"],
    ] as const;
    for (const [form, error] of codes) {
      const answer = await post(form as Record<string, string>);
      expect([answer.status, answer.json.error]).toEqual([400, error]);
      expect(answer.json.error_description).not.toContain(token);
    }
    const twice = `${new URLSearchParams(good)}&subject_token=x`;
    expect((await post(twice)).json.error).toBe("invalid_request");
    expect((await post(JSON.stringify(good), "application/json")).status).toBe(400);
    expect((await post({ ...good, padding: "x".repeat(40_000) })).status).toBe(413);
  });

  it("slows down whoever guesses", async () => {
    const answers = [];
    for (let count = 0; count < 8; count++) answers.push((await exchange("e30.e30.e30")).status);
    expect(answers).toContain(429);
  });
});
