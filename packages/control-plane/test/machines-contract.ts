import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY, type Harness } from "./running.ts";
import { COUNTERS, expectStatus, openSession, sessionRequest, setTheScene, TARGET_PASSWORD } from "./scene.ts";

const HOUR = 3600;

/** API keys and delegations, on either store. */
export function machinesContract(name: string, start: () => Promise<Harness>): void {
  describe(`machines: ${name}`, () => {
    let harness: Harness;
    let anaToken: string;
    let anaId: string;
    let bobToken: string;
    let coderId: string;
    let ciId: string;

    const id = async (principal: string) =>
      (await expectStatus(harness.call("GET", `/v1/principals/${principal}`), 200)).json.id as string;
    const grant = async (body: object) => (await expectStatus(harness.call("POST", "/v1/grants", body), 201)).json.id;
    const renew = async (sessionId: string) => {
      const [state] = await harness.port.renewLeases(GATEWAY, [{ sessionId, counters: COUNTERS }]);
      return state;
    };
    const newKey = async (body: object = {}) => {
      const asked = { principal: "ci", name: "deploy", ttlSeconds: HOUR, ...body };
      return (await expectStatus(harness.call("POST", "/v1/api-keys", asked), 201)).json;
    };
    const delegate = async (body: object = {}, token = anaToken) => {
      return (await expectStatus(harness.call("POST", "/v1/delegations", { agent: "coder", ...body }, token), 201))
        .json;
    };
    const authenticated = async (token: string) => {
      const result = await harness.port.authenticate({ type: "access_token", token });
      if (!result.ok) throw new Error(result.reason);
      return result;
    };
    const audit = async (type: string) =>
      (await harness.call("GET", `/v1/audit?type=${type}&limit=100`)).json.events as {
        data: Record<string, unknown>;
      }[];

    beforeAll(async () => {
      harness = await start();
      ({ anaToken, anaId } = await setTheScene(harness));
      bobToken = await harness.addUser("bob");
      for (const [agent, kind] of [
        ["coder", "ai_agent"],
        ["ci", "service"],
      ]) {
        await expectStatus(harness.call("POST", "/v1/principals", { name: agent, kind }), 201);
      }
      coderId = await id("coder");
      ciId = await id("ci");
      const other = { name: "other", protocol: "postgres", target: { host: "o.internal" }, agent: "site" };
      await expectStatus(harness.call("POST", "/v1/resources", other), 201);
      const credential = { type: "password", username: "r", password: TARGET_PASSWORD };
      for (const [resource, level] of [
        ["shop", "write"],
        ["other", "read"],
      ]) {
        await expectStatus(harness.call("PUT", `/v1/resources/${resource}/credentials/${level}`, credential), 204);
      }
      await grant({ principal: "coder", resource: "shop", level: "write" });
      await grant({ principal: "ci", resource: "shop", level: "write" });
      await grant({ principal: "ci", resource: "other" });
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    describe("API keys", () => {
      it("identify a service, are shown once, and are listed with their last use", async () => {
        const key = await newKey({ name: "shown once" });
        expect(key.key).toMatch(/^twk_[A-Za-z0-9_-]{43}$/);
        const me = await expectStatus(harness.call("GET", "/v1/me", undefined, key.key), 200);
        expect(me.json).toMatchObject({ principal: { name: "ci", kind: "service" }, tokenExpiresAt: key.expiresAt });
        const listed = await harness.call("GET", "/v1/api-keys");
        expect(listed.text).not.toContain(key.key);
        expect(listed.json.keys.find((each: { id: string }) => each.id === key.id)).toMatchObject({
          name: "shown once",
          principal: "ci",
          state: "live",
          createdBy: "root",
          lastUsedAt: new Date(harness.clock.now()).toISOString(),
          lastUsedFrom: "127.0.0.1",
        });
      });

      it("are for no person, live no longer than allowed, and are made by no key", async () => {
        const of = (body: object) =>
          harness.call("POST", "/v1/api-keys", { principal: "ci", name: "x", ttlSeconds: HOUR, ...body });
        expect((await of({ principal: "ana" })).status).toBe(400);
        expect((await of({ ttlSeconds: 91 * 24 * HOUR })).status).toBe(400);
        expect((await of({ ttlSeconds: undefined })).status).toBe(400);
        expect((await harness.call("POST", "/v1/api-keys", { principal: "ci" }, anaToken)).status).toBe(403);
        await expectStatus(
          harness.call("POST", "/v1/principals", { name: "boss", kind: "service", roles: ["admin"] }),
          201,
        );
        const boss = await newKey({ principal: "boss" });
        const more = { principal: "ci", name: "x", ttlSeconds: HOUR };
        expect((await harness.call("POST", "/v1/api-keys", more, boss.key)).json).toMatchObject({
          code: "permission_missing",
        });
      });

      it("give only the permissions of their scope", async () => {
        await expectStatus(
          harness.call("POST", "/v1/principals", { name: "scripts", kind: "service", roles: ["admin"] }),
          201,
        );
        const key = await newKey({ principal: "scripts", permissions: ["groups.read"] });
        expect((await harness.call("GET", "/v1/groups", undefined, key.key)).status).toBe(200);
        expect((await harness.call("GET", "/v1/principals", undefined, key.key)).status).toBe(403);
        expect((await harness.call("POST", "/v1/connection-secrets", {}, key.key)).status).toBe(403);
        // nor does the scope give what the principal has not
        const small = await newKey({ permissions: ["groups.read"] });
        expect((await harness.call("GET", "/v1/groups", undefined, small.key)).status).toBe(403);
      });

      it("limit sessions to their resources and level, whichever way they are opened", async () => {
        const key = await newKey({ resources: ["shop"], level: "read" });
        const { mandateId, principal } = await authenticated(key.key);
        expect([principal.name, mandateId]).toEqual(["ci", key.id]);
        const direct = { ...(mandateId === undefined ? {} : { mandateId }) };
        expect(await openSession(harness, ciId, direct)).toMatchObject({ level: "read" });
        const tries = { ...direct, level: "write" } as const;
        expect(await harness.port.authorizeSession(sessionRequest(ciId, tries))).toMatchObject({
          reason: "level_not_granted",
        });
        expect(
          await harness.port.authorizeSession(sessionRequest(ciId, { ...direct, resourceName: "other" })),
        ).toMatchObject({ reason: "no_grant" });

        const elsewhere = await harness.call("POST", "/v1/connection-secrets", { resource: "other" }, key.key);
        expect(elsewhere.status).toBe(404);
        const made = await expectStatus(
          harness.call("POST", "/v1/connection-secrets", { ttlSeconds: 8 * HOUR }, key.key),
          201,
        );
        expect([made.json.username, made.json.expiresAt]).toEqual(["ci", key.expiresAt]);
        const secretId = made.json.id as string;
        const used = { secretId, level: "write" } as const;
        expect(await harness.port.authorizeSession(sessionRequest(ciId, used))).toMatchObject({
          reason: "level_not_granted",
        });
        expect(
          await harness.port.authorizeSession(sessionRequest(ciId, { secretId, resourceName: "other" })),
        ).toMatchObject({ reason: "no_grant" });
        const reachable = await harness.call("GET", "/v1/me", undefined, key.key);
        expect(reachable.json.grants).toEqual([{ resource: "shop", level: "read" }]);
      });

      it("end what was opened with them: by revocation, by expiry, and by the end of their service", async () => {
        const key = await newKey();
        const opened = await openSession(harness, ciId, { mandateId: key.id });
        const secret = (await expectStatus(harness.call("POST", "/v1/connection-secrets", {}, key.key), 201)).json;
        const native = await openSession(harness, ciId, { secretId: secret.id });
        expect(await renew(opened.id)).toMatchObject({ ok: true });
        const { last } = await harness.port.changes(0, 0);
        await expectStatus(harness.call("DELETE", `/v1/api-keys/${key.id}`), 204);
        const { changes } = await harness.port.changes(last, 0);
        expect(changes).toContainEqual(expect.objectContaining({ kind: "mandate", id: key.id }));
        for (const session of [opened, native]) {
          expect(await renew(session.id)).toMatchObject({ ok: false, reason: "the API key was revoked" });
        }
        expect((await harness.call("GET", "/v1/me", undefined, key.key)).status).toBe(401);
        const proof = { type: "secret", principalName: "ci", secretId: secret.id } as const;
        expect(await harness.port.authenticate(proof)).toMatchObject({ ok: false, reason: "revoked" });
        expect(await audit("api_key.refused")).toContainEqual(
          expect.objectContaining({ data: expect.objectContaining({ id: key.id, reason: "revoked" }) }),
        );

        const short = await newKey({ ttlSeconds: 60 });
        const late = await openSession(harness, ciId, { mandateId: short.id });
        harness.clock.advance(61_000);
        expect(await renew(late.id)).toMatchObject({ ok: false, reason: "the API key has expired" });
        expect(await harness.port.authenticate({ type: "access_token", token: short.key })).toMatchObject({
          reason: "expired",
        });
      });

      it("are rotated with an overlap", async () => {
        const old = await newKey({ name: "rotated", resources: ["shop"], ttlSeconds: 30 * HOUR });
        const body = { ttlSeconds: 30 * HOUR, overlapSeconds: 60 };
        const next = (await expectStatus(harness.call("POST", "/v1/api-keys/rotated/rotate", body), 201)).json;
        expect(next).toMatchObject({ name: "rotated", resources: ["shop"], principal: "ci" });
        for (const { key } of [old, next]) {
          expect((await harness.call("GET", "/v1/me", undefined, key)).status).toBe(200);
        }
        harness.clock.advance(61_000);
        expect((await harness.call("GET", "/v1/me", undefined, old.key)).status).toBe(401);
        expect((await harness.call("GET", "/v1/me", undefined, next.key)).status).toBe(200);
      });

      it("cannot be guessed, and are not another principal's", async () => {
        const key = await newKey();
        for (const wrong of [`${key.key.slice(0, -1)}${key.key.endsWith("A") ? "B" : "A"}`, key.key.slice(0, -1)]) {
          expect((await harness.call("GET", "/v1/me", undefined, wrong)).status).toBe(401);
        }
        const borrowed = await harness.port.authorizeSession(sessionRequest(anaId, { mandateId: key.id }));
        expect(borrowed).toMatchObject({ ok: false, reason: "principal_disabled" });
      });
    });

    describe("delegations", () => {
      it("give an AI agent what both it and its person may, and name both", async () => {
        const made = await delegate({ purpose: "tidy up" });
        expect([made.token, made.username]).toEqual([expect.stringMatching(/^twd_/), "coder+ana"]);
        const me = (await expectStatus(harness.call("GET", "/v1/me", undefined, made.token), 200)).json;
        expect(me.principal).toMatchObject({ name: "coder", kind: "ai_agent", onBehalfOf: { name: "ana" } });
        // coder may write, ana may only read
        expect(me.grants).toEqual([{ resource: "shop", level: "read" }]);
        const { mandateId, principal } = await authenticated(made.token);
        const session = await openSession(harness, coderId, { mandateId: mandateId ?? "" });
        expect(session.principal).toEqual(principal);
        expect(session.principal.onBehalfOf).toMatchObject({ id: anaId, name: "ana" });
        expect(
          await harness.port.authorizeSession(sessionRequest(coderId, { mandateId: mandateId ?? "", level: "write" })),
        ).toMatchObject({ reason: "level_not_granted" });
        await harness.port.endSession(session.id, { reason: "done", segments: 0, lastSegmentHash: "" });
        for (const type of ["session.started", "session.ended", "session.refused"]) {
          expect(await audit(type), type).toContainEqual(
            expect.objectContaining({ data: expect.objectContaining({ agent: "coder", onBehalfOf: "ana" }) }),
          );
        }
      });

      it("give nothing that the agent has and the person has not, nor the other way round", async () => {
        const bobs = await delegate({}, bobToken);
        expect((await harness.call("GET", "/v1/me", undefined, bobs.token)).json.grants).toEqual([]);
        expect(await harness.port.authorizeSession(sessionRequest(coderId, { mandateId: bobs.id }))).toMatchObject({
          reason: "no_grant",
        });
        await grant({ principal: "ana", resource: "other" });
        const anas = await delegate();
        expect((await harness.call("GET", "/v1/me", undefined, anas.token)).json.grants).toEqual([
          { resource: "shop", level: "read" },
        ]);
      });

      it("give only the API permissions that both have", async () => {
        const rootToken = harness.adminToken;
        const byAdmin = await delegate({}, rootToken);
        expect((await harness.call("GET", "/v1/principals", undefined, byAdmin.token)).status).toBe(403);
        await expectStatus(
          harness.call("POST", "/v1/principals", { name: "strong", kind: "ai_agent", roles: ["admin"] }),
          201,
        );
        const byAna = await delegate({ agent: "strong" });
        expect((await harness.call("GET", "/v1/principals", undefined, byAna.token)).status).toBe(403);
        const both = await delegate({ agent: "strong" }, rootToken);
        expect((await harness.call("GET", "/v1/principals", undefined, both.token)).status).toBe(200);
        const scoped = await delegate({ agent: "strong", permissions: ["groups.read"] }, rootToken);
        expect((await harness.call("GET", "/v1/principals", undefined, scoped.token)).status).toBe(403);
      });

      it("serve several persons with one agent, each apart", async () => {
        const [anas, bobs] = [await delegate(), await delegate({}, bobToken)];
        await grant({ principal: "bob", resource: "shop" });
        const secretOf = async (token: string) =>
          (await expectStatus(harness.call("POST", "/v1/connection-secrets", {}, token), 201)).json;
        const [one, two] = [await secretOf(anas.token), await secretOf(bobs.token)];
        expect([one.username, two.username]).toEqual(["coder+ana", "coder+bob"]);
        const verifiers = async (user: string) =>
          (await harness.port.lookupVerifiers(user))?.verifiers.map((v) => v.id);
        expect(await verifiers("coder+ana")).toContain(one.id);
        expect(await verifiers("coder+ana")).not.toContain(two.id);
        expect(await verifiers("coder")).toEqual([]);
        expect(await verifiers("coder+nobody")).toBeUndefined();
        const proof = (principalName: string, secretId: string) =>
          harness.port.authenticate({ type: "secret", principalName, secretId });
        expect(await proof("coder+bob", one.id)).toMatchObject({ ok: false, reason: "other_principal" });
        expect(await proof("coder+ana", one.id)).toMatchObject({
          ok: true,
          principal: { onBehalfOf: { name: "ana" } },
        });
        const session = await openSession(harness, coderId, { secretId: one.id });
        const seenBy = async (token: string) =>
          (await harness.call("GET", "/v1/sessions", undefined, token)).json.sessions.map((s: { id: string }) => s.id);
        expect(await seenBy(anaToken)).toContain(session.id);
        expect(await seenBy(anas.token)).toContain(session.id);
        expect(await seenBy(bobs.token)).not.toContain(session.id);
        const secretsOf = async (token: string) =>
          (await harness.call("GET", "/v1/connection-secrets", undefined, token)).json.secrets.map(
            (s: { id: string }) => s.id,
          );
        expect(await secretsOf(bobs.token)).toEqual([two.id]);
        expect(await secretsOf(anaToken)).toContain(one.id);
        expect((await harness.call("DELETE", `/v1/connection-secrets/${one.id}`, undefined, bobs.token)).status).toBe(
          404,
        );
      });

      it("spend a budget of their own for each person", async () => {
        const [anas, bobs] = [await delegate(), await delegate({}, bobToken)];
        const reserve = async (mandateId: string) => {
          const session = await openSession(harness, coderId, { mandateId });
          return harness.port.reserveBudget({
            sessionId: session.id,
            ruleId: "rows",
            account: "own",
            per: "principal",
            windowSeconds: HOUR,
            limits: { rows: 10 },
            onExceed: "deny",
            want: { rows: { least: 10, most: 10 } },
            values: {},
            returns: [],
          });
        };
        expect(await reserve(anas.id)).toMatchObject({ granted: true });
        expect(await reserve(anas.id)).toMatchObject({ granted: false });
        expect(await reserve(bobs.id)).toMatchObject({ granted: true });
        const seen = await harness.call("GET", "/v1/budgets", undefined, bobs.token);
        expect(seen.json.budgets).toMatchObject([{ principal: "coder", onBehalfOf: "bob", spent: 10 }]);
        const all = (await harness.call("GET", "/v1/budgets")).json.budgets;
        expect(all.map((each: { onBehalfOf: string }) => each.onBehalfOf).sort()).toEqual(["ana", "bob"]);
      });

      it.each([
        [
          "revoked",
          "the delegation was revoked",
          (id_: string) => harness.call("DELETE", `/v1/delegations/${id_}`, undefined, anaToken),
          204,
        ],
        [
          "of a disabled person",
          "the person it acts for was disabled",
          () => harness.call("PATCH", "/v1/principals/ana", { disabled: true }),
          200,
        ],
        [
          "of a disabled agent",
          "the principal was disabled",
          () => harness.call("PATCH", "/v1/principals/coder", { disabled: true }),
          200,
        ],
      ])("%s end, and their sessions with them", async (_what, reason, act, status) => {
        const made = await delegate();
        const session = await openSession(harness, coderId, { mandateId: made.id });
        await expectStatus(act(made.id), status);
        expect(await renew(session.id)).toMatchObject({ ok: false, reason });
        expect((await harness.call("GET", "/v1/me", undefined, made.token)).status).toBe(401);
        for (const name_ of ["ana", "coder"]) {
          await expectStatus(harness.call("PATCH", `/v1/principals/${name_}`, { disabled: false }), 200);
        }
      });

      it("end when they expire, and when the person's grant goes", async () => {
        const short = await delegate({ ttlSeconds: 60 });
        const first = await openSession(harness, coderId, { mandateId: short.id });
        harness.clock.advance(61_000);
        expect(await renew(first.id)).toMatchObject({ ok: false, reason: "the delegation has expired" });

        const gone = await grant({ principal: "ana", resource: "shop", level: "write" });
        const made = await delegate();
        const second = await openSession(harness, coderId, { mandateId: made.id, level: "write" });
        expect(second.level).toBe("write");
        await expectStatus(harness.call("DELETE", `/v1/grants/${gone}`), 204);
        expect(await renew(second.id)).toMatchObject({
          ok: false,
          reason: "the person it acts for has no such grant any more",
        });
      });

      it("end with the sign-in that made them", async () => {
        const token = await harness.login("ana", "ana-has-a-long-password");
        const made = await delegate({}, token);
        const session = await openSession(harness, coderId, { mandateId: made.id });
        await expectStatus(harness.call("POST", "/v1/logout", undefined, token), 204);
        expect(await renew(session.id)).toMatchObject({ ok: false });
        expect((await harness.call("GET", "/v1/me", undefined, made.token)).status).toBe(401);
      });

      it("are made by persons only, to AI agents that are theirs or nobody's", async () => {
        const made = await delegate();
        const again = await harness.call("POST", "/v1/delegations", { agent: "coder" }, made.token);
        expect(again.json).toMatchObject({ code: "permission_missing" });
        const key = await newKey();
        expect((await harness.call("POST", "/v1/delegations", { agent: "coder" }, key.key)).status).toBe(403);
        expect((await harness.call("POST", "/v1/delegations", { agent: "bob" }, anaToken)).status).toBe(400);
        for (const resource of ["other", "nowhere"]) {
          const probe = { agent: "coder", resources: [resource] };
          expect((await harness.call("POST", "/v1/delegations", probe, bobToken)).json).toMatchObject({
            code: "not_found",
            detail: `there is no resource ${resource} that you may reach`,
          });
        }
        const bobs = { name: "bobs-helper", kind: "ai_agent", onBehalfOf: "bob" };
        await expectStatus(harness.call("POST", "/v1/principals", bobs), 201);
        expect((await harness.call("POST", "/v1/delegations", { agent: "bobs-helper" }, anaToken)).status).toBe(403);
        expect((await harness.call("POST", "/v1/delegations", { agent: "bobs-helper" }, bobToken)).status).toBe(201);
      });

      it("are listed to their person, and end themselves but no other", async () => {
        const [mine, other] = [await delegate({ purpose: "mine" }), await delegate({}, bobToken)];
        const listed = await harness.call("GET", "/v1/delegations", undefined, anaToken);
        expect(listed.json.delegations.map((each: { id: string }) => each.id)).toContain(mine.id);
        expect(listed.text).not.toContain(other.id);
        expect(listed.text).not.toContain(mine.token);
        expect((await harness.call("DELETE", `/v1/delegations/${other.id}`, undefined, anaToken)).status).toBe(404);
        expect((await harness.call("DELETE", `/v1/delegations/${other.id}`, undefined, mine.token)).status).toBe(404);
        expect((await harness.call("DELETE", `/v1/delegations/${mine.id}`, undefined, mine.token)).status).toBe(204);
        expect((await harness.call("GET", "/v1/me", undefined, mine.token)).status).toBe(401);
      });
    });
  });
}
