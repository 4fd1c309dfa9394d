import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashCode, hashToken } from "../src/features/secrets/browser-logins.ts";
import { type ControlPlaneStore, openStore } from "../src/storage/open-store.ts";
import { GATEWAY, type Harness, startHarness } from "./running.ts";
import { expectStatus, setTheScene } from "./scene.ts";

/** Decisions as the page makes them, straight at the store: the page itself is tested over HTTP. */
describe.each(["sqlite", "postgres"] as const)("logins by browser on %s", (kind) => {
  let harness: Harness;
  let store: ControlPlaneStore;
  let anaId: string;
  let port = 40_000;

  beforeAll(async () => {
    harness = await startHarness(kind);
    anaId = (await setTheScene(harness)).anaId;
    store = await openStore(harness.deps.store, harness.clock.now);
  });
  afterAll(async () => {
    await store.close();
    await harness[Symbol.asyncDispose]();
  });

  const request = (clientAddress: string, resourceName = "shop") =>
    harness.port.requestBrowserLogin({ gatewayId: GATEWAY, clientAddress, clientPort: ++port, resourceName });

  async function waiting(clientAddress: string, resourceName?: string) {
    const answer = await request(clientAddress, resourceName);
    if (answer.state !== "waiting") throw new Error(`it is ${answer.state}`);
    return answer;
  }

  const decide = (
    login: { path: string; code: string },
    more: {
      code?: string;
      approve?: boolean;
      covers?: "client" | "connection";
      by?: { id: string; name: string };
    } = {},
  ) => {
    const token = login.path.split("/").at(-1) ?? "";
    const { code = login.code, approve = true, covers = "client", by = { id: anaId, name: "ana" } } = more;
    const hashes = { tokenHash: hashToken(token), codeHash: hashCode(token, code) };
    return store.units.browserLogins.decide({ ...hashes, by, approve, covers, browserAddress: "192.0.2.200" });
  };
  const use = (id: string) => harness.port.authenticate({ type: "browser_login", id });

  it("lets all waiting connections of one client in with one approval, and later ones for a while", async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, () => waiting("192.0.2.1")));
    const elsewhere = await waiting("192.0.2.2");
    const first = ten[0] ?? elsewhere;
    expect(first.path).toMatch(/^\/login\/connection\/[\w-]{43}$/);
    expect(first.code).toMatch(/^[2-9B-Z]{4}-[2-9B-Z]{4}$/);
    expect(await harness.port.browserLogin(first.id)).toEqual({ state: "waiting" });
    expect(await use(first.id)).toEqual({ ok: false, reason: "unknown" });
    expect(await decide(first, { code: first.code.toLowerCase().replace("-", " ") })).toMatchObject({
      ok: true,
      connections: 10,
    });
    for (const { id } of ten) {
      expect(await harness.port.browserLogin(id)).toEqual({ state: "approved", principalName: "ana" });
      expect(await use(id)).toMatchObject({ ok: true, principal: { name: "ana" }, resourceName: "shop" });
      expect(await use(id)).toEqual({ ok: false, reason: "unknown" });
    }
    expect(await harness.port.browserLogin(elsewhere.id)).toEqual({ state: "waiting" });
    const later = await request("192.0.2.1");
    expect(later).toMatchObject({ state: "approved", principalName: "ana" });
    expect((await request("192.0.2.1", "other")).state).toBe("waiting");
    harness.clock.advance(10 * 60_000);
    expect((await request("192.0.2.1")).state).toBe("waiting");
    expect(await use(later.state === "approved" ? later.id : "")).toMatchObject({ ok: false, reason: "expired" });
  });

  it("can let in one connection alone", async () => {
    const [one, two] = [await waiting("192.0.2.3"), await waiting("192.0.2.3")];
    expect(await decide(one, { covers: "connection" })).toMatchObject({ ok: true, connections: 1 });
    expect(await use(one.id)).toMatchObject({ ok: true });
    expect(await harness.port.browserLogin(two.id)).toEqual({ state: "waiting" });
    expect((await request("192.0.2.3")).state).toBe("waiting");
  });

  it("is decided once, by who knows the code, within five tries and five minutes", async () => {
    const guessed = await waiting("192.0.2.4");
    for (let left = 4; left >= 0; left--) {
      expect(await decide(guessed, { code: "2222-2222" })).toEqual({
        ok: false,
        reason: "wrong_code",
        triesLeft: left,
      });
    }
    expect(await decide(guessed)).toEqual({ ok: false, reason: "gone" });
    expect(await harness.port.browserLogin(guessed.id)).toEqual({ state: "denied" });
    const late = await waiting("192.0.2.4");
    harness.clock.advance(5 * 60_000);
    expect(await decide(late)).toEqual({ ok: false, reason: "gone" });
    expect(await harness.port.browserLogin(late.id)).toEqual({ state: "expired" });
    const left = await waiting("192.0.2.4");
    await harness.port.withdrawBrowserLogin(left.id);
    expect(await decide(left)).toEqual({ ok: false, reason: "gone" });
    const unwanted = await waiting("192.0.2.4");
    expect(await decide(unwanted, { approve: false })).toEqual({ ok: false, reason: "denied" });
    expect(await harness.port.browserLogin(unwanted.id)).toEqual({ state: "denied" });
    const types = (await harness.call("GET", "/v1/audit?order=newest&limit=50")).json.events.map(
      (event: { type: string }) => event.type,
    );
    expect(types).toEqual(
      expect.arrayContaining(["browser_login.wrong_code", "browser_login.denied", "browser_login.requested"]),
    );
  });

  it("says the same of a resource that there is and one that there is not, and gives nobody more than they have", async () => {
    const unknown = await waiting("192.0.2.5", "no-such-thing");
    expect(await decide(unknown)).toEqual({ ok: false, reason: "no_access" });
    const nora = (await expectStatus(harness.call("POST", "/v1/principals", { name: "nora" }), 201)).json;
    const shop = await waiting("192.0.2.5");
    expect(await decide(shop, { by: { id: nora.id, name: "nora" } })).toEqual({ ok: false, reason: "no_access" });
    expect(await harness.port.browserLogin(shop.id)).toEqual({ state: "waiting" });
  });

  it("asks anew where two people signed in for one address", async () => {
    const root = (await harness.call("GET", "/v1/principals/root")).json;
    await harness.call("POST", "/v1/grants", { principal: "root", resource: "shop" });
    const [one, two] = [await waiting("192.0.2.6"), await waiting("192.0.2.6")];
    expect(await decide(one, { covers: "connection" })).toMatchObject({ ok: true });
    expect(await decide(two, { by: { id: root.id, name: "root" } })).toMatchObject({ ok: true });
    // Both are live: whose connection would a third one be?
    expect((await request("192.0.2.6")).state).toBe("waiting");
    expect(await use(one.id)).toMatchObject({ principal: { name: "ana" } });
    expect(await use(two.id)).toMatchObject({ principal: { name: "root" } });
    expect(await request("192.0.2.6")).toMatchObject({ state: "approved", principalName: "root" });
  });

  it("is revoked like every other secret", async () => {
    const login = await waiting("192.0.2.8");
    await decide(login);
    const { secrets } = (await harness.call("GET", "/v1/connection-secrets?all=true")).json;
    const secret = secrets.find((one: { clientAddress: string }) => one.clientAddress === "192.0.2.8");
    expect(secret).toMatchObject({ kind: "browser", principal: "ana", resource: "shop" });
    await expectStatus(harness.call("DELETE", `/v1/connection-secrets/${secret.id}`), 204);
    expect(await use(login.id)).toMatchObject({ ok: false, reason: "revoked" });
    expect((await request("192.0.2.8")).state).toBe("waiting");
  });

  it("takes twenty waiting connections of an address, and sixty in a minute", async () => {
    const logins = [];
    for (let count = 0; count < 20; count++) logins.push(await waiting("192.0.2.9"));
    expect(await request("192.0.2.9")).toEqual({ state: "refused", reason: "too_many" });
    expect((await request("192.0.2.10")).state).toBe("waiting");
    for (let round = 0; round < 2; round++) {
      for (const { id } of logins.splice(0)) await harness.port.withdrawBrowserLogin(id);
      for (let count = 0; count < 20; count++) logins.push(await waiting("192.0.2.9"));
    }
    for (const { id } of logins) await harness.port.withdrawBrowserLogin(id);
    expect(await request("192.0.2.9")).toEqual({ state: "refused", reason: "too_many" });
    harness.clock.advance(61_000);
    expect((await request("192.0.2.9")).state).toBe("waiting");
  });

  it("takes a whole IPv6 network for one, which keeps nobody else out", async () => {
    const states = [];
    for (let count = 0; count < 70; count++) {
      const answer = await request(`2001:db8:0:1::${count.toString(16)}`);
      states.push(answer.state);
      if (answer.state === "waiting") await harness.port.withdrawBrowserLogin(answer.id);
    }
    expect(states.filter((state) => state === "waiting")).toHaveLength(60);
    expect(states.at(-1)).toBe("refused");
    expect((await request("2001:db8:0:2::1")).state).toBe("waiting");
    harness.clock.advance(61_000);
    expect((await request("2001:db8:0:1::1")).state).toBe("waiting");
  });

  it("is not offered where the resource's rules say so, and then covers nobody", async () => {
    const login = await waiting("192.0.2.11");
    await expectStatus(harness.call("PATCH", "/v1/resources/shop", { secrets: { browserTtl: 0 } }), 200);
    expect(await decide(login)).toEqual({ ok: false, reason: "not_offered" });
    await expectStatus(harness.call("PATCH", "/v1/resources/shop", { secrets: { singleUse: true } }), 200);
    const two = await waiting("192.0.2.11");
    expect(await decide(login)).toMatchObject({ ok: true, connections: 1 });
    expect(await harness.port.browserLogin(two.id)).toEqual({ state: "waiting" });
    await expectStatus(harness.call("PATCH", "/v1/resources/shop", { secrets: null }), 200);
  });
});
