import { createHash, randomUUID } from "node:crypto";
import { createEnvStore } from "@tidewaiter/secret-stores";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createControlPlane, type RunningControlPlane } from "../../src/create-control-plane.ts";
import { sealNext } from "../../src/features/identity-providers/sealed-next.ts";
import { openStore } from "../../src/storage/open-store.ts";
import { onEitherStore } from "../on-stores.ts";
import { PageVisitor } from "../page-visitor.ts";
import { type Harness, startHarness } from "../running.ts";
import { expectStatus } from "../scene.ts";
import { type Keys, newKeys, SamlProvider, type Wish } from "./saml-provider.ts";
import { wrappingAttacks } from "./wrapping-attacks.ts";

const METADATA = (name: string) => `/v1/identity-providers/${name}/saml-metadata`;

onEitherStore("signing in at a SAML provider by samlify", (kind) => {
  let harness: Harness;
  let provider: SamlProvider;
  let ours: Keys;
  let strangers: Keys;
  /** Another server on the same store. */
  let second: RunningControlPlane;

  beforeAll(async () => {
    harness = await startHarness(kind, {
      now: Date.now,
      secretStores: [createEnvStore(["SAML_KEY"], () => ours.privateKey)],
    });
    provider = new SamlProvider(await newKeys("idp.example"));
    [ours, strangers] = [await newKeys("gw.example"), await newKeys("idp.example")];
    second = await createControlPlane(harness.deps);
    await apply("acme");
    await apply("whole", { signedResponse: true });
    await apply("sealed", { decryption: { key: "env:SAML_KEY", certificate: ours.certificate } });
  });
  afterAll(async () => {
    await second.close();
    await harness[Symbol.asyncDispose]();
  });

  async function apply(name: string, more: object = {}, status = 200) {
    const document = {
      kind: "identity_provider",
      name,
      type: "saml",
      issuer: provider.issuer,
      entryPoint: provider.entryPoint,
      certificates: [provider.keys.certificate],
      createGroups: true,
      claims: { groups: '"groups" in claims.attributes ? claims.attributes["groups"] : []' },
      ...more,
    };
    const documents = [{ name: "acme.yaml", source: JSON.stringify(document) }];
    return expectStatus(harness.call("POST", "/v1/apply", { documents, dryRun: false }), status);
  }

  /** A browser that was sent to the provider, and the id of its request. */
  async function begin(name = "acme", next = "/reviews", running = harness.running) {
    const visitor = new PageVisitor({ running }, `192.0.2.${Math.floor(Math.random() * 250)}`);
    const { location = "" } = await visitor.get(`/sign-in/${name}?next=${encodeURIComponent(next)}`);
    return { visitor, location, request: SamlProvider.requestOf(location) };
  }

  async function answerOf(wish: Wish, name = "acme"): Promise<string> {
    return provider.answer((await harness.call("GET", METADATA(name), undefined, null)).text, wish);
  }

  /** As the provider's page posts it from its own site, and then our page once more. */
  async function send(visitor: PageVisitor, response: string, name = "acme") {
    const first = await harness.running.app.inject({
      method: "POST",
      url: `/sign-in/${name}/saml`,
      headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" },
      payload: new URLSearchParams({ SAMLResponse: response, RelayState: "" }).toString(),
    });
    const handed = /name="SAMLResponse" value="([^"]*)"/.exec(first.body)?.[1] ?? "";
    return visitor.post(`/sign-in/${name}/saml/finish`, { SAMLResponse: handed });
  }

  /** The whole way; resolves to the last page. */
  async function signIn(wish: Wish = {}, name = "acme") {
    const { visitor, request } = await begin(name);
    const response = await answerOf({ inResponseTo: request.id, ...wish }, name);
    return { visitor, response, page: await send(visitor, response, name) };
  }

  const refused = async (wish: Wish, name = "acme") => {
    const { visitor, page } = await signIn(wish, name);
    expect(visitor.cookies.has("tw_session")).toBe(false);
    expect(page.status).toBe(403);
    return /You were not signed in: ([^<]*)/.exec(page.body)?.[1]?.replaceAll("&#39;", "'") ?? page.body;
  };

  it("sends the browser with a request, and signs in with the groups of the signed assertion", async () => {
    const { location, request } = await begin();
    expect(location).toMatch(/^https:\/\/idp\.example\/sso\?SAMLRequest=/);
    expect(request.xml).toContain('AssertionConsumerServiceURL="http://127.0.0.1:8080/sign-in/acme/saml"');
    const { visitor, page } = await signIn({ groups: ["data-owners", "Night Shift"] });
    expect([page.status, page.location]).toEqual([303, "/reviews"]);
    const me = await visitor.get("/");
    expect(me.body).toContain("acme");
    const ada = (await harness.call("GET", "/v1/principals/ada")).json;
    expect(ada).toMatchObject({ kind: "user", roles: ["user"], groups: ["data-owners"], hasPassword: false });
    await signIn({ groups: [] });
    expect((await harness.call("GET", "/v1/principals/ada")).json.groups).toEqual([]);
  });

  it("serves metadata that names what it wants", async () => {
    const { text, headers } = await harness.call("GET", METADATA("sealed"), undefined, null);
    expect(headers["content-type"]).toBe("application/samlmetadata+xml; charset=utf-8");
    expect(text).toContain('WantAssertionsSigned="true"');
    expect(text).toContain('use="encryption"');
    expect(text).toContain(`entityID="http://127.0.0.1:8080${METADATA("sealed")}"`);
    expect((await harness.call("GET", METADATA("nobody"), undefined, null)).status).toBe(404);
  });

  it("takes a response that is signed as a whole where that is asked for, and no other", async () => {
    expect((await signIn({ signResponse: true, nameId: "wim" }, "whole")).page.status).toBe(303);
    expect(await refused({}, "whole")).toContain("signature");
  });

  it("takes an encrypted assertion where there is a key for it, and no other", async () => {
    expect((await signIn({ encrypt: true, nameId: "sia" }, "sealed")).page.status).toBe(303);
    const sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    expect(await refused({ encrypt: true, nameId: "sia", algorithm: sha1 }, "sealed")).toContain("too weak");
    expect(await refused({ encrypt: true, nameId: "sia", keys: strangers }, "sealed")).toContain("signature");
    expect(await refused({}, "sealed")).toContain("not exactly one encrypted assertion");
  });

  it("refuses an answer of another key, with a weak signature, or with none", async () => {
    expect(await refused({ keys: strangers })).toContain("signature");
    expect(await refused({ algorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" })).toMatch(/too weak|signature/);
    const { visitor, request } = await begin();
    const signed = xmlOf(await answerOf({ inResponseTo: request.id }));
    const unsigned = signed.replace(/<(ds:)?Signature[\s\S]*?<\/(ds:)?Signature>/, "");
    expect(unsigned).not.toBe(signed);
    expect((await send(visitor, base64(unsigned))).body).toContain("signature");
  });

  it("refuses an answer for another audience, address, issuer or request", async () => {
    expect(await refused({ audience: "https://other.example" })).toContain("another audience");
    expect(await refused({ destination: "https://other.example/acs" })).toContain("another address");
    expect(await refused({ issuer: "https://evil.example" })).toContain("another issuer");
    expect(await refused({ inResponseTo: "_0123456789abcdef" })).toContain("another request");
    expect(await refused({ inResponseTo: "" })).toMatch(/another request|cannot be read/);
    const { visitor } = await begin();
    const other = await begin();
    const response = await answerOf({ inResponseTo: other.request.id });
    expect((await send(visitor, response)).body).toContain("another request");
  });

  it("refuses what is expired or not yet valid, within the allowed skew of clocks", async () => {
    expect((await signIn({ clockMs: 40_000 })).page.status).toBe(303);
    expect((await signIn({ clockMs: -40_000, lifeMs: 20_000 })).page.status).toBe(303);
    expect(await refused({ clockMs: 200_000 })).toContain("out of date");
    expect(await refused({ clockMs: -900_000, lifeMs: 60_000 })).toContain("out of date");
    // It says that it holds for a day; it is taken for five minutes.
    expect(await refused({ clockMs: -900_000, lifeMs: 86_400_000 })).toContain("out of date");
  });

  it("takes an answer once, whatever process it comes to, and only in the browser that was sent", async () => {
    const { visitor, response } = await signIn();
    expect(visitor.cookies.has("tw_session")).toBe(true);
    expect((await send(visitor, response)).body).toContain("not begun here");
    const { visitor: sent, request } = await begin();
    const fresh = await answerOf({ inResponseTo: request.id });
    expect((await send(new PageVisitor(harness), fresh)).body).toContain("not begun here");
    const cookie = sent.cookies.get("tw_pending") ?? "";
    expect((await send(sent, fresh)).status).toBe(303);
    const thief = new PageVisitor(harness);
    thief.cookies.set("tw_pending", cookie);
    expect((await send(thief, fresh)).body).toContain("not begun here");
  });

  it("takes an assertion at one of two servers that share a store, even where the browser's sign-in is open again", async () => {
    const { visitor, request } = await begin();
    const cookie = visitor.cookies.get("tw_pending") ?? "";
    const response = await answerOf({ inResponseTo: request.id });
    expect((await send(visitor, response)).status).toBe(303);
    // As after a backup is restored: it is the table of assertions alone that knows.
    const store = await openStore(harness.deps.store, Date.now);
    const idHash = createHash("sha256").update(cookie).digest("hex");
    for (const running of [second, harness.running]) {
      await store.units.pendingSignIns.begin({ idHash, provider: "acme", next: sealNext(cookie, "/") });
      const again = new PageVisitor({ running });
      again.cookies.set("tw_pending", cookie);
      const page = await send(again, response);
      expect([page.status, page.body]).toEqual([403, expect.stringContaining("used before")]);
      expect(again.cookies.has("tw_session")).toBe(false);
    }
    await store.close();
  });

  it("takes one of two answers with the same assertion id that come to two servers at once", async () => {
    const assertionId = `_${randomUUID()}`;
    const sent = await Promise.all([begin("acme", "/", second), begin("acme", "/", harness.running)]);
    const pages = await Promise.all(
      sent.map(async ({ visitor, request }) =>
        send(visitor, await answerOf({ inResponseTo: request.id, assertionId })),
      ),
    );
    expect(pages.map(({ status }) => status).sort()).toEqual([303, 403]);
    expect(pages.find(({ status }) => status === 403)?.body).toContain("used before");
  });

  it("takes nothing that the provider starts by itself", async () => {
    const response = await answerOf({});
    expect((await send(new PageVisitor(harness), response)).body).toContain("not begun here");
  });

  it("refuses every wrapping of a signed assertion (XSW1 to XSW8)", async () => {
    for (const name of ["acme", "whole"]) {
      const { request } = await begin(name);
      const signed = xmlOf(await answerOf({ inResponseTo: request.id, signResponse: name === "whole" }, name));
      const attacks = wrappingAttacks(signed, "root");
      expect(attacks.map(([attack]) => attack)).toHaveLength(8);
      for (const [attack, xml] of attacks) {
        const { visitor, request: own } = await begin(name);
        // The request of this browser, so that only the wrapping is wrong.
        const page = await send(visitor, base64(xml.replaceAll(request.id, own.id)), name);
        expect(page.status, `${name} ${attack}`).toBe(403);
        expect(visitor.cookies.has("tw_session"), attack).toBe(false);
      }
    }
    const audit = (await harness.call("GET", "/v1/audit?type=login&limit=500")).json.events;
    expect(audit.filter(({ data }: { data: { name?: string } }) => data.name === "root")).toEqual([]);
  });

  it("refuses comments, character data and document types, which readers split text at", async () => {
    const splits: Record<string, (xml: string) => string> = {
      comment: (xml) => xml.replace(">root.evil<", ">root<!-- -->.evil<"),
      "character data": (xml) => xml.replace(">root.evil<", "><![CDATA[root]]>.evil<"),
      instruction: (xml) => xml.replace(">root.evil<", ">root<?x y?>.evil<"),
      "document type": (xml) => `<!DOCTYPE r [<!ENTITY e "root">]>${xml}`,
    };
    for (const [what, split] of Object.entries(splits)) {
      const { visitor, request } = await begin();
      const signed = xmlOf(await answerOf({ inResponseTo: request.id, nameId: "root.evil" }));
      expect(split(signed), what).not.toBe(signed);
      const page = await send(visitor, base64(split(signed)));
      expect(page.body, what).toContain("more than elements and text");
    }
  });

  it("refuses a name that is for one sign-in only, a local principal's, and what is no response", async () => {
    const nameIdFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    expect(await refused({ nameIdFormat })).toContain("this sign-in only");
    expect(await refused({ nameId: "root" })).toContain("root");
    for (const garbage of ["", "%%%", base64("no xml"), base64("<a/>"), base64("<Response/>"), "A".repeat(61_000)]) {
      const { visitor } = await begin();
      const page = await send(visitor, garbage);
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(visitor.cookies.has("tw_session")).toBe(false);
    }
  });

  it("checks its document", async () => {
    expect((await apply("bad", { certificates: ["nonsense"] }, 400)).text).toContain("a certificate in PEM");
    expect((await apply("bad", { entryPoint: "http://idp.example/sso" }, 400)).text).toContain("https://");
    expect((await apply("acme", { issuer: "https://other.example" }, 409)).text).toContain("another");
  });

  const xmlOf = (response: string) => Buffer.from(response, "base64").toString();
  const base64 = (xml: string) => Buffer.from(xml).toString("base64");
});
