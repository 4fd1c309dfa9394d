import { CookieClient } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OidcScene, startOidcScene } from "./scene.ts";

describe("signing in at an OpenID Connect provider", () => {
  let scene: OidcScene;

  beforeAll(async () => {
    scene = await startOidcScene();
    const made = await scene.harness.call("POST", "/v1/groups", { name: "analysts" });
    expect(made.status).toBe(201);
    const applied = await scene.apply();
    expect(applied.status, applied.text).toBe(200);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  it("makes a principal at the first sign-in, with groups and attributes", async () => {
    const { client, page } = await scene.signIn("u-ana");
    expect([page.status, page.url], page.body).toEqual([200, `${scene.web}/`]);
    const { json } = await scene.me(client);
    expect(json).toMatchObject({
      principal: { name: "ana", groups: ["analysts"] },
      provider: "corp",
      methods: ["pwd", "otp"],
    });
    const ana = await scene.harness.call("GET", "/v1/principals/ana");
    expect(ana.json).toMatchObject({ attributes: { department: "finance" }, roles: ["user"], hasPassword: false });
  });

  it("brings groups and attributes to what the provider says now, and leaves those given here", async () => {
    await scene.harness.call("POST", "/v1/groups", { name: "everybody", members: ["ana"] });
    const ana = scene.idp.people.get("u-ana");
    if (ana === undefined) throw new Error("there is no ana");
    ana.claims.groups = [];
    ana.claims.department = "audit";
    const { client } = await scene.signIn("u-ana");
    expect((await scene.me(client)).json.principal.groups).toEqual(["everybody"]);
    const { json } = await scene.harness.call("GET", "/v1/principals/ana");
    expect(json.attributes).toEqual({ department: "audit" });
    ana.claims.groups = ["analysts"];
    await scene.signIn("u-ana", client);
    expect((await scene.me(client)).json.principal.groups).toEqual(["analysts", "everybody"]);
  });

  it("keeps where to go afterwards so that only this browser can read it: it can hold a one-time code", async () => {
    const client = new CookieClient();
    const next = encodeURIComponent("/device?code=BCDF-GHJK");
    let page = await client.get(`${scene.web}/sign-in/corp?next=${next}`);
    expect((await scene.storeBytes()).includes("BCDF-GHJK")).toBe(false);
    page = await client.submit(page, { login: "u-ana", password: "x" });
    page = await client.submit(page, {});
    expect(page.url, page.body).toBe(`${scene.web}/device?code=BCDF-GHJK`);
    expect((await scene.storeBytes()).includes("BCDF-GHJK")).toBe(false);
  });

  it("gives nobody the principal of somebody else for its name", async () => {
    await scene.harness.addUser("bob", ["admin"]);
    const refused = await scene.signIn("u-bob");
    expect([refused.page.status, refused.page.body]).toEqual([
      403,
      expect.stringContaining("the name bob is taken here"),
    ]);
    expect((await scene.me(refused.client)).status).toBe(401);
    const { json } = await scene.harness.call("GET", "/v1/audit?type=login&limit=1000");
    expect(json.events.at(-1)).toMatchObject({ type: "login.refused", data: { provider: "corp", subject: "u-bob" } });
  });

  it("links by name where that is configured, and only once", async () => {
    await scene.apply({ linkBy: "name" });
    const { client, page } = await scene.signIn("u-bob");
    expect(page.status, page.body).toBe(200);
    expect((await scene.me(client)).json).toMatchObject({ principal: { name: "bob" }, roles: ["admin"] });
    scene.idp.people.set("u-other", { claims: { preferred_username: "Bob", groups: [] } });
    const other = await scene.signIn("u-other");
    expect([other.page.status, other.page.body]).toEqual([403, expect.stringContaining("belongs to another")]);
    await scene.apply();
  });

  it("knows whom the provider has pushed by SCIM, by what the provider calls them, and lets in nobody it took away", async () => {
    const { token } = (await scene.harness.call("POST", "/v1/identity-providers/corp/scim-tokens", {})).json;
    const scim = (method: "POST" | "PATCH", url: string, body: object) =>
      scene.harness.running.app.inject({
        method,
        url,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
        payload: JSON.stringify(body),
      });
    const user = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: "kim.scim", externalId: "u-kim" };
    const made = await scim("POST", "/scim/v2/Users", user);
    expect(made.statusCode, made.body).toBe(201);
    scene.idp.people.set("u-kim", { claims: { preferred_username: "kim-has-another-name-here", groups: [] } });
    const { client, page } = await scene.signIn("u-kim");
    expect(page.status, page.body).toBe(200);
    const { json } = await scene.me(client);
    expect(json.principal.id).toBe(made.json().id);
    const gone = {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", path: "active", value: false }],
    };
    expect((await scim("PATCH", `/scim/v2/Users/${made.json().id}`, gone)).statusCode).toBe(200);
    expect((await scene.me(client)).status).toBe(401);
    expect((await scene.signIn("u-kim")).page).toMatchObject({
      status: 403,
      body: expect.stringContaining("suspended"),
    });
  });

  it("lets in only whom the configuration allows", async () => {
    await scene.apply({ allowedDomains: ["example.com"] });
    expect((await scene.signIn("u-ana")).page.status).toBe(200);
    const domain = await scene.signIn("u-bob");
    expect([domain.page.status, domain.page.body]).toEqual([403, expect.stringContaining("not of an allowed domain")]);
    scene.idp.people.set("u-liar", {
      claims: { preferred_username: "liar", email: "ceo@example.com", email_verified: false, groups: [] },
    });
    expect((await scene.signIn("u-liar")).page.status).toBe(403);
    await scene.apply({ allow: '"analysts" in claims.groups' });
    expect((await scene.signIn("u-ana")).page.status).toBe(200);
    expect((await scene.signIn("u-bob")).page.status).toBe(403);
    await scene.apply({ claims: { groups: "claims.teams" } });
    const unread = await scene.signIn("u-ana");
    expect([unread.page.status, unread.page.body]).toEqual([403, expect.stringContaining("gives no list of groups")]);
    await scene.apply();
  });

  it("finishes only what this browser began, and once", async () => {
    const [victim, attacker] = [new CookieClient(), new CookieClient()];
    // The attacker stops before the last step and gives the address to the victim.
    const address = await stoppedBeforeCallback(scene, attacker, "u-ana");
    for (const client of [victim, new CookieClient()]) {
      const page = await client.get(address);
      expect([page.status, page.body]).toEqual([403, expect.stringContaining("was not begun here")]);
      expect(client.cookie(scene.web, "tw_session")).toBeUndefined();
    }
    await victim.get(`${scene.web}/sign-in/corp`);
    expect((await victim.get(address)).status).toBe(403);
    const own = await attacker.get(address);
    expect([own.status, own.url]).toEqual([200, `${scene.web}/`]);
    expect((await attacker.get(address)).status).toBe(403);
    const late = new CookieClient();
    const lateAddress = await stoppedBeforeCallback(scene, late, "u-ana");
    scene.ahead += 11 * 60_000;
    expect((await late.get(lateAddress)).status).toBe(403);
    scene.ahead = 0;
  });

  it("refuses an answer with another state, and tells of an error of the provider", async () => {
    const client = new CookieClient();
    const address = new URL(await stoppedBeforeCallback(scene, client, "u-ana"));
    address.searchParams.set("state", "x".repeat(43));
    expect((await client.get(address.href)).status).toBe(403);
    await client.get(`${scene.web}/sign-in/corp`);
    const error = await client.get(`${scene.web}/sign-in/corp/callback?error=access_denied&error_description=%3Cb%3E`);
    expect([error.status, error.body]).toEqual([403, expect.stringContaining("was not accepted")]);
    expect(error.body).not.toContain("<b>");
  });

  it("sends nobody to a provider that cannot be asked, and says so", async () => {
    const dead = { issuer: "http://127.0.0.1:9/", clientId: "x", clientSecret: undefined, name: "dead", title: "Dead" };
    const applied = await scene.apply(dead);
    expect(applied.status, applied.text).toBe(200);
    const page = await new CookieClient().get(`${scene.web}/sign-in/dead`);
    expect([page.status, page.body]).toEqual([502, expect.stringContaining("cannot be asked")]);
    const form = await new CookieClient().get(`${scene.web}/sign-in?next=%2Fx`);
    expect(form.body).toContain('<a class="button" href="/sign-in/corp?next=%2Fx">Continue with Corp</a>');
    expect(form.body).toContain("Continue with Dead");
    await scene.harness.call("POST", "/v1/apply", {
      documents: [{ name: "x.yaml", source: "kind: identity_provider\nname: dead\nstate: absent\n" }],
    });
    expect((await new CookieClient().get(`${scene.web}/sign-in/dead`)).status).toBe(404);
  });

  it("refuses a configuration that cannot hold", async () => {
    const says = async (fields: Record<string, unknown>) => (await scene.apply({ name: "next", ...fields })).text;
    expect(await says({ issuer: "http://idp.example" })).toContain("an https:// address");
    expect(await says({ clientSecret: "the-secret-itself" })).toContain("a reference to a secret is");
    expect(await says({ allow: "claims.groups ==" })).toContain("allow");
    expect(await says({ claims: { name: "claim.sub" } })).toContain("claims.name");
    expect(await says({ name: "corp", issuer: "https://other.example" })).toContain(
      "another issuer is another provider",
    );
    expect(await says({ name: "local" })).toContain("local is the name");
  });

  it("ends what came of a provider that is removed", async () => {
    const { client } = await scene.signIn("u-ana");
    const removed = await scene.harness.call("POST", "/v1/apply", {
      documents: [{ name: "x.yaml", source: "kind: identity_provider\nname: corp\nstate: absent\n" }],
    });
    expect(removed.status, removed.text).toBe(200);
    expect((await scene.me(client)).status).toBe(401);
    const { json } = await scene.harness.call("GET", "/v1/principals/ana");
    expect(json.groups).toEqual(["everybody"]);
    await scene.apply();
  });
});

/** Follows the way by hand up to the address that the provider sends the browser back to. */
async function stoppedBeforeCallback({ web }: OidcScene, client: CookieClient, login: string): Promise<string> {
  let page = await client.get(`${web}/sign-in/corp`);
  page = await client.submit(page, { login, password: "x" });
  return client.submitUntil(page, {}, `${web}/sign-in/corp/callback`);
}
