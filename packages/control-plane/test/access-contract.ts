import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY, type Harness } from "./running.ts";
import { expectStatus, setTheScene } from "./scene.ts";

const HOUR = 3_600_000;

/** Who could reach what when, and why. */
export function accessContract(name: string, start: () => Promise<Harness>): void {
  describe(`access ${name}`, () => {
    let harness: Harness;
    let call: Harness["call"];
    let anaToken: string;
    let agentId: string;

    beforeAll(async () => {
      harness = await start();
      ({ call } = harness);
      const scene = await setTheScene(harness);
      anaToken = scene.anaToken;
      agentId = scene.agent.id;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const now = () => new Date(harness.clock.now()).toISOString();
    /** A new hour begins; gives the last instant of the one before. */
    const turn = () => {
      harness.clock.advance(HOUR);
      return new Date(harness.clock.now() - 1).toISOString();
    };
    const at = async (when?: string) => {
      const answer = await expectStatus(call("GET", `/v1/access${when === undefined ? "" : `?at=${when}`}`), 200);
      return answer.json.access.map((one: { principal: string; resource: string; level: string }) => {
        return `${one.principal} ${one.level} ${one.resource}`;
      });
    };

    it("lists who could reach what, whatever was changed since", async () => {
      const long = "2000-01-01T00:00:00Z";
      expect(await at(long)).toEqual([]);
      const days: { when: string; expected: string[] }[] = [];
      const day = (expected: string[]) => days.push({ expected, when: turn() });
      day(["ana read shop"]);
      for (const who of ["bo", "cy"]) await call("POST", "/v1/principals", { name: who });
      await call("POST", "/v1/groups", { name: "devs", members: ["bo"] });
      await call("POST", "/v1/grants", { name: "devs-prod", group: "devs", tags: { env: "prod" }, level: "write" });
      day(["ana read shop", "bo write shop"]);
      await call("PUT", "/v1/groups/devs/members", { members: ["cy"] });
      day(["ana read shop", "cy write shop"]);
      await call("PATCH", "/v1/principals/cy", { disabled: true });
      day(["ana read shop"]);
      await call("PATCH", "/v1/principals/cy", { disabled: false });
      await call("PATCH", "/v1/resources/shop", { tags: { env: "test" } });
      day(["ana read shop"]);
      await call("PATCH", "/v1/resources/shop", { tags: { env: "prod" } });
      await call("POST", "/v1/principals", { name: "anas-bot", kind: "ai_agent", onBehalfOf: "ana" });
      await call("POST", "/v1/grants", { name: "bots", principal: "anas-bot", resource: "shop", level: "write" });
      day(["ana read shop", "anas-bot read shop", "cy write shop"]);
      const short = new Date(harness.clock.now() + HOUR / 2).toISOString();
      await call("POST", "/v1/grants", { name: "short", principal: "bo", resource: "shop", expiresAt: short });
      const within = now();
      day(["ana read shop", "anas-bot read shop", "cy write shop"]);
      days.push({ when: within, expected: ["ana read shop", "anas-bot read shop", "bo read shop", "cy write shop"] });
      await call("DELETE", "/v1/principals/cy");
      await call("DELETE", "/v1/grants/bots");
      day(["ana read shop"]);
      await call("POST", "/v1/resources", {
        name: "late",
        protocol: "postgres",
        target: { host: "l" },
        agent: "site",
        tags: { env: "prod" },
      });
      await call("PUT", "/v1/groups/devs/members", { members: ["bo"] });
      day(["bo write late", "ana read shop", "bo write shop"]);
      await call("DELETE", "/v1/resources/late");
      await call("DELETE", "/v1/groups/devs");
      day(["ana read shop"]);
      for (const { when, expected } of days) expect(await at(when), when).toEqual(expected);
      expect(await at()).toEqual(["ana read shop"]);
    });

    it("says by which grant, and filters", async () => {
      const answer = (await call("GET", "/v1/access?resource=shop&principal=ana")).json;
      expect(answer.access).toMatchObject([{ by: [{ to: "principal:ana", until: null }] }]);
      expect((await call("GET", "/v1/access?resource=nothing")).json.access).toEqual([]);
      expect((await call("GET", "/v1/access", undefined, anaToken)).status).toBe(403);
      expect((await call("GET", "/v1/access?at=yesterday")).status).toBe(400);
    });

    it("agrees at every turn with what a session would be given", async () => {
      const listed = (await call("GET", "/v1/access")).json.access as { principal: string; level: string }[];
      for (const { name: who } of (await call("GET", "/v1/principals")).json.principals) {
        const explained = (await call("GET", `/v1/access/explain?as=${who}&resource=shop`)).json;
        expect(
          listed.some(({ principal }) => principal === who),
          who,
        ).toBe(explained.allowed);
      }
    });

    describe("explains", () => {
      const explain = async (query: string, token?: string) => {
        return (await expectStatus(call("GET", `/v1/access/explain?${query}`, undefined, token), 200)).json;
      };
      const texts = (explained: { steps: { ok: boolean | null; text: string }[] }, ok: boolean | null) =>
        explained.steps.filter((step) => step.ok === ok).map(({ text }) => text);

      it("why yes", async () => {
        const answer = await explain("resource=shop", anaToken);
        expect(answer).toMatchObject({ principal: "ana", allowed: true, level: "read", requests: [] });
        expect(texts(answer, false)).toEqual([]);
        expect(texts(answer, true)).toEqual([
          "ana is a user, enabled",
          expect.stringMatching(/^grant gnt_\w+ to ana: read$/),
          "at most read",
          "credentials for: read",
          "agent site is online",
        ]);
      });

      it("why not: level, state, agent, person, credential", async () => {
        expect(texts(await explain("resource=shop&level=admin", anaToken), false)).toEqual([
          "at most read, admin is asked for",
        ]);
        await call("POST", "/v1/principals", { name: "solo", kind: "ai_agent", onBehalfOf: "bo" });
        await call("POST", "/v1/grants", { name: "solos", principal: "solo", resource: "shop", level: "write" });
        const bot = await explain("as=solo&resource=shop");
        expect(bot.allowed).toBe(false);
        expect(texts(bot, false)).toContain("bo, for whom it acts, has nothing: it gets no more");
        await call("PATCH", "/v1/principals/solo", { disabled: true });
        expect(texts(await explain("as=solo&resource=shop"), false)[0]).toContain("the principal was disabled");
        expect(texts(await explain("as=bo&resource=shop"), false)).toContain(
          "grant short to bo: read: expired 2026-03-01T14:30:00.000Z",
        );
        await harness.port.reportAgent({ agentId, gatewayId: GATEWAY, state: "offline", version: "1.0.0", data: {} });
        const offline = await explain("resource=shop", anaToken);
        expect(offline.allowed).toBe(false);
        expect(texts(offline, false)).toEqual(["agent site is not online"]);
        await harness.port.reportAgent({ agentId, gatewayId: GATEWAY, state: "online", version: "1.0.0", data: {} });
      });

      it("what may be asked for", async () => {
        const rule = {
          requesters: ["principal:bo"],
          resources: ["shop"],
          maxDuration: "1h",
          reviewers: { by: ["principal:ana"] },
        };
        await expectStatus(call("PUT", "/v1/access-rules/bos", rule), 200);
        const answer = await explain("as=bo&resource=shop");
        expect(texts(answer, null)).toContain("may ask for up to read for at most 3600 s by bos: principal:ana decide");
      });

      it("nothing of others, nor that a resource is there, to somebody who may not know", async () => {
        const stan = await harness.addUser("stan");
        expect((await call("GET", "/v1/access/explain?as=ana&resource=shop", undefined, stan)).status).toBe(403);
        expect((await call("GET", "/v1/access/explain?as=nobody&resource=shop", undefined, stan)).status).toBe(403);
        const real = await expectStatus(call("GET", "/v1/access/explain?resource=shop", undefined, stan), 404);
        const none = await expectStatus(call("GET", "/v1/access/explain?resource=shoq", undefined, stan), 404);
        expect(real.text.replace("shop", "shoq")).toBe(none.text);
      });
    });
  });
}
