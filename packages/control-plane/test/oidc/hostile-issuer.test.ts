import { CookieClient } from "@tidewaiter/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sent, startHostileIssuer } from "./hostile-issuer.ts";
import { type OidcScene, startOidcScene } from "./scene.ts";

const now = () => Math.floor(Date.now() / 1000);

describe("answers of a hostile issuer (a double)", () => {
  let scene: OidcScene;
  let issuer: Awaited<ReturnType<typeof startHostileIssuer>>;
  const name = "evil-0";
  let count = 0;

  beforeAll(async () => {
    scene = await startOidcScene();
    issuer = await startHostileIssuer();
    await scene.apply();
  });
  afterAll(async () => {
    await issuer[Symbol.asyncDispose]();
    await scene[Symbol.asyncDispose]();
  });

  const add = async () => {
    const { double } = issuer;
    const fields = {
      name,
      issuer: double.issuer,
      clientId: "tidewaiter",
      scopes: ["openid"],
      parameters: {},
      claims: {},
    };
    // Another setting is another client: nothing of an earlier discovery is left.
    const applied = await scene.apply({ ...fields, title: `Evil ${count}` });
    expect(applied.status, applied.text).toBe(200);
  };
  beforeEach(async () => {
    issuer.double.reset();
    count += 1;
    await add();
  });

  /** The status of the page at the end, and whether anybody is signed in then. */
  async function attempt(sent: Partial<Sent> = {}) {
    Object.assign(issuer.double.sent, sent);
    const client = new CookieClient();
    const page = await client.get(`${scene.web}/sign-in/${name}`);
    return { status: page.status, body: page.body, in: client.cookie(scene.web, "tw_session") !== undefined, client };
  }

  it("lets the right one in, so that the others are refused for what is wrong with them", async () => {
    expect(await attempt()).toMatchObject({ status: 200, in: true });
  });

  const tokens: Record<string, Sent["idToken"]> = {
    tampered: async (claims, { sign }) => {
      const [header, , signature] = (await sign(claims)).split(".");
      const payload = Buffer.from(JSON.stringify({ ...claims, preferred_username: "root" })).toString("base64url");
      return `${header}.${payload}.${signature}`;
    },
    unsigned: async (claims, { sign }) => `${(await sign(claims)).split(".").slice(0, 2).join(".")}.`,
    "of algorithm none": (claims) => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      return `${part({ alg: "none" })}.${part(claims)}.`;
    },
    "signed by a stranger": (claims, { stranger }) => stranger(claims),
    "signed with the public key as a secret": (claims, { hmac, publicPem }) => hmac(claims, publicPem),
    "signed by a key that is not known": (claims, { sign }) => sign(claims, { kid: "k2" }),
    expired: (claims, { sign }) => sign({ ...claims, iat: now() - 900, exp: now() - 300 }),
    "without an end": ({ exp: _, ...claims }, { sign }) => sign(claims),
    "for another audience": (claims, { sign }) => sign({ ...claims, aud: "other" }),
    "for several, and given to another": (claims, { sign }) =>
      sign({ ...claims, aud: ["tidewaiter", "other"], azp: "other" }),
    "of another issuer": (claims, { sign }) => sign({ ...claims, iss: "https://idp.example" }),
    "without a nonce": ({ nonce: _, ...claims }, { sign }) => sign(claims),
    "with another nonce": (claims, { sign }) => sign({ ...claims, nonce: "n" }),
    "without a subject": ({ sub: _, ...claims }, { sign }) => sign(claims),
    "no token at all": () => "x.y.z",
  };

  for (const [what, idToken] of Object.entries(tokens)) {
    it(`refuses an ID token that is ${what}`, async () => {
      expect(await attempt({ idToken })).toMatchObject({ status: 403, in: false });
    });
  }

  it("refuses an ID token of an earlier sign-in", async () => {
    await attempt();
    const replayed = issuer.double.lastIdToken;
    expect(await attempt({ idToken: () => replayed })).toMatchObject({ status: 403, in: false });
  });

  it("refuses an answer in the name of another issuer, and one without a name where there should be one (RFC 9207)", async () => {
    expect(await attempt({ callback: { iss: "https://idp.example" } })).toMatchObject({ status: 403, in: false });
    count += 1;
    issuer.double.sent.discovery = { authorization_response_iss_parameter_supported: true };
    await add();
    expect(await attempt({ callback: {} })).toMatchObject({ status: 403, in: false });
    const named = await attempt({ callback: { iss: issuer.double.issuer } });
    expect(named).toMatchObject({ status: 200, in: true });
  });

  it("takes no answer of one provider for that of another (mix-up)", async () => {
    const client = new CookieClient();
    // Begun at the honest provider; the hostile one answers at its own callback, and at the honest one's.
    await client.get(`${scene.web}/sign-in/corp`);
    for (const at of [name, "corp"]) {
      const page = await client.get(`${scene.web}/sign-in/${at}/callback?code=c0de&state=${"s".repeat(43)}`);
      expect(page.status).toBe(403);
    }
    expect(client.cookie(scene.web, "tw_session")).toBeUndefined();
  });

  it("takes no userinfo about somebody else", async () => {
    expect(await attempt({ userinfo: { sub: "u2", preferred_username: "root" } })).toMatchObject({ in: false });
  });

  it("lets the claims of userinfo replace none of the ID token", async () => {
    const found = await attempt({ userinfo: { preferred_username: "root" } });
    expect((await scene.me(found.client)).json.principal.name).toBe("eve");
  });

  it("believes no discovery document that is about another issuer", async () => {
    count += 1;
    issuer.double.sent.discovery = { issuer: "https://idp.example" };
    await add();
    const refused = await attempt({ discovery: { issuer: "https://idp.example" } });
    expect(refused.in).toBe(false);
    expect([403, 502]).toContain(refused.status);
  });

  it("reads no endless answer", async () => {
    expect(await attempt({ padding: 2_000_000 })).toMatchObject({ status: 502, in: false });
  });
});
