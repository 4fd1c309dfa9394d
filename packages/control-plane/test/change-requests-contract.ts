import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Harness } from "./running.ts";
import { expectStatus, setTheScene } from "./scene.ts";

const POLICY = `version: 1
labels:
  pii.email: { columns: ["*.customers.email"] }
rules:
  - id: mask-pii
    mask: { "pii.*": constant }
    unless: '"pii-readers" in principal.groups'
`;

/** Two people for whatever weakens protection, by every way in. */
export function changeRequestsContract(name: string, start: () => Promise<Harness>): void {
  describe(`change requests ${name}`, () => {
    let harness: Harness;
    let call: Harness["call"];
    let ada: string;

    beforeAll(async () => {
      harness = await start();
      ({ call } = harness);
      await setTheScene(harness);
      await harness.addUser("mia");
      await call("POST", "/v1/groups", { name: "pii-readers" });
      await call("POST", "/v1/groups", { name: "plain" });
      await call("POST", "/v1/groups", { name: "keepers", roles: ["reviewer"] });
      await expectStatus(apply({ "pii.yaml": POLICY }), 200);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const apply = (files: Record<string, string>, token?: string) => {
      const documents = Object.entries(files).map(([file, source]) => ({ name: file, source }));
      return call("POST", "/v1/apply", { documents }, token);
    };
    /** It is kept and not done; resolves to its short id. */
    const kept = async (answer: ReturnType<Harness["call"]>) => {
      const got = await expectStatus(answer, 409);
      expect(got.json).toMatchObject({ code: "second_person_needed" });
      return /tw changes show (\w+)/.exec(got.json.next)?.[1] ?? "";
    };
    const approve = (id: string, token: string = ada) =>
      call("POST", `/v1/changes/${id}/approve`, { comment: "ok" }, token);

    it("cannot be switched on by somebody alone", async () => {
      expect((await call("GET", "/v1/settings")).json).toEqual({ twoPerson: "off", administrators: 1 });
      await expectStatus(call("PUT", "/v1/settings/two-person", { twoPerson: "on" }), 409);
      ada = await harness.addUser("ada", ["admin"]);
      await expectStatus(call("PUT", "/v1/settings/two-person", { twoPerson: "on" }), 204);
      expect((await call("GET", "/v1/settings")).json).toEqual({ twoPerson: "on", administrators: 2 });
    });

    it("keeps the change whole, shows it, and applies it when another person approves", async () => {
      const id = await kept(call("PATCH", "/v1/resources/shop", { enforce: "observe" }));
      expect((await call("GET", "/v1/resources/shop")).json.enforce).toBe("on");
      const shown = (await call("GET", `/v1/changes/${id}`, undefined, ada)).json;
      expect(shown).toMatchObject({
        state: "pending",
        requester: "root",
        changes: [{ noun: "resource", name: "shop" }],
      });
      expect(JSON.parse(shown.changes[0].before).enforce).toBe("on");
      expect(JSON.parse(shown.changes[0].after).enforce).toBe("observe");
      expect((await expectStatus(approve(id, harness.adminToken), 403)).json.detail).toContain("own request");
      expect((await call("GET", "/v1/resources/shop")).json.enforce).toBe("on");
      expect((await expectStatus(approve(id), 200)).json).toMatchObject({ state: "applied", decidedBy: "ada" });
      expect((await call("GET", "/v1/resources/shop")).json.enforce).toBe("observe");
      await expectStatus(approve(id), 409);
      await expectStatus(call("PATCH", "/v1/resources/shop", { enforce: "on" }), 200);
    });

    it("asks nobody for what only strengthens", async () => {
      await expectStatus(
        apply({ "more.yaml": 'version: 1\nrules:\n  - id: extra\n    when: "true"\n    deny: "no"\n' }),
        200,
      );
      await expectStatus(call("PUT", "/v1/groups/plain/members", { members: ["mia"] }), 200);
      await expectStatus(call("PATCH", "/v1/principals/mia", { disabled: true }), 200);
      await expectStatus(call("PATCH", "/v1/principals/mia", { disabled: false }), 200);
      await expectStatus(call("POST", "/v1/grants", { name: "mias", principal: "mia", resource: "shop" }), 201);
    });

    it("holds every way in", async () => {
      const { json } = await call("GET", "/v1/principals/mia");
      const before = JSON.stringify([
        json,
        (await call("GET", "/v1/groups")).json,
        (await call("GET", "/v1/grants")).json,
      ]);
      const grant = { principal: "root", resource: "shop" };
      const rule = { requesters: ["group:plain"], resources: ["shop"], maxDuration: "1h", autoApprove: true };
      const ways: Record<string, () => ReturnType<Harness["call"]>> = {
        "an administrator": () => call("POST", "/v1/principals", { name: "eve", roles: ["admin"] }),
        "a role": () => call("PATCH", "/v1/principals/mia", { roles: ["user", "reviewer"] }),
        "a role by a document": () => apply({ "x.yaml": "kind: principal\nname: mia\nroles: [auditor]\n" }),
        "a manager": () => call("PATCH", "/v1/principals/mia", { attributes: { manager: "root" } }),
        "a password of another": () => call("PUT", "/v1/principals/mia/password", { password: "a-password-of-roots" }),
        "a member of reviewers": () => call("PUT", "/v1/groups/keepers/members", { members: ["root"] }),
        "an exempted member": () => call("PUT", "/v1/groups/pii-readers/members", { members: ["root"] }),
        "an exempted member by a document": () =>
          apply({ "x.yaml": "kind: group\nname: pii-readers\nmembers: [root]\n" }),
        "a role of a group": () => call("PUT", "/v1/groups/plain", { roles: ["admin"] }),
        "a role that permits more": () => call("PUT", "/v1/roles/more", { permissions: ["sessions.kill"] }),
        "another address": () => call("PATCH", "/v1/resources/shop", { target: { host: "evil.internal" } }),
        "another agent": () => call("PATCH", "/v1/resources/shop", { agent: "elsewhere" }),
        "other tags": () => call("PATCH", "/v1/resources/shop", { tags: {} }),
        "a grant to oneself": () => call("POST", "/v1/grants", grant),
        "an access rule": () => call("PUT", "/v1/access-rules/quick", rule),
        "a rule that goes": () => apply({ "pii.yaml": "version: 1\n" }),
        "a policy that goes": () => apply({ "x.yaml": "kind: policy\nname: pii.yaml\nstate: absent\n" }),
        "a wider exemption": () => apply({ "pii.yaml": POLICY.replace("pii-readers", "everybody") }),
        "recording that keeps less": () =>
          apply({ "pii.yaml": `${POLICY}defaults: { recording: { mode: best_effort } }\n` }),
        "one that hides among harmless ones": () =>
          apply({ "x.yaml": "kind: group\nname: new-one\n---\nkind: group\nname: pii-readers\nmembers: [root]\n" }),
        "one administrator less": () => call("PATCH", "/v1/principals/ada", { disabled: true }),
        "the mode itself": () => call("PUT", "/v1/settings/two-person", { twoPerson: "off" }),
      };
      for (const [way, go] of Object.entries(ways)) {
        expect(await kept(go()).catch((error: Error) => `${way}: ${error.message}`), way).toMatch(/^[0-9A-Z]{5,}$/);
      }
      expect((await call("GET", "/v1/groups")).text).not.toContain("new-one");
      const after = JSON.stringify([
        (await call("GET", "/v1/principals/mia")).json,
        (await call("GET", "/v1/groups")).json,
        (await call("GET", "/v1/grants")).json,
      ]);
      expect(after).toBe(before);
      expect((await call("GET", "/v1/policies")).json.documents.map((one: { name: string }) => one.name)).toEqual([
        "more.yaml",
        "pii.yaml",
      ]);
      const shown = (await call("GET", "/v1/changes?state=pending", undefined, ada)).text;
      expect(shown).not.toContain("argon2");
    });

    it("says in a dry run what would wait", async () => {
      const source = "kind: group\nname: pii-readers\nmembers: [root]\n";
      const dry = await call("POST", "/v1/apply", { documents: [{ name: "x.yaml", source }], dryRun: true });
      expect(dry.json).toMatchObject({
        applied: false,
        waitsFor: ["group pii-readers: the policy names it, and its members change"],
      });
    });

    it("keeps one request for the same change, however often it is made", async () => {
      const [one, two] = [
        await kept(call("PUT", "/v1/groups/keepers/members", { members: ["mia"] })),
        await kept(call("PUT", "/v1/groups/keepers/members", { members: ["mia"] })),
      ];
      expect(two).toBe(one);
    });

    it("applies exactly what was shown, or nothing", async () => {
      const id = await kept(call("PUT", "/v1/groups/keepers/members", { members: ["root", "mia"] }));
      await expectStatus(approve(await kept(call("PUT", "/v1/groups/keepers/members", { members: ["ana"] }))), 200);
      expect((await expectStatus(approve(id), 409)).json.detail).toContain("something else now");
      const groups = (await call("GET", "/v1/groups")).json.groups as { name: string; members: string[] }[];
      expect(groups.find((group) => group.name === "keepers")?.members).toEqual(["ana"]);
    });

    it("is not approved by whoever gains by it, nor by somebody who could not make it", async () => {
      const promotion = await kept(call("PATCH", "/v1/principals/ada", { roles: ["admin", "reviewer"] }));
      expect((await expectStatus(approve(promotion), 403)).json.detail).toContain("gain by");
      const joining = await kept(call("PUT", "/v1/groups/keepers/members", { members: ["ana", "ada"] }));
      await expectStatus(approve(joining), 403);
      const mia = await harness.login("mia", "mia-has-a-long-password");
      await expectStatus(approve(promotion, mia), 403);
      await expectStatus(call("GET", "/v1/changes", undefined, mia), 403);
    });

    it("is not approved through an AI agent or a service of whoever asked", async () => {
      await call("POST", "/v1/principals", { name: "robo", kind: "service" });
      await expectStatus(approve(await kept(call("PATCH", "/v1/principals/robo", { roles: ["admin"] }))), 200);
      const key = await expectStatus(
        call("POST", "/v1/api-keys", { name: "robo", principal: "robo", ttlSeconds: 3600 }),
        201,
      );
      await expectStatus(call("GET", "/v1/resources", undefined, key.json.key), 401);
      await expectStatus(approve(key.json.waitsFor, harness.adminToken), 403);
      await expectStatus(approve(key.json.waitsFor), 200);
      const asked = await kept(call("PATCH", "/v1/resources/shop", { enforce: "observe" }, key.json.key));
      await expectStatus(approve(asked, harness.adminToken), 403);
      expect((await approve(asked, key.json.key)).status).toBe(403);
      const own = await kept(call("PATCH", "/v1/resources/shop", { agent: "other" }));
      expect((await approve(own, key.json.key)).status).toBe(403);
      await expectStatus(approve(asked), 200);
      await call("PATCH", "/v1/resources/shop", { enforce: "on" });
    });

    it("holds what an AI agent gives the person that it acts for, as if they gave it themselves", async () => {
      await expectStatus(call("POST", "/v1/principals", { name: "helper", kind: "ai_agent" }), 201);
      await expectStatus(approve(await kept(call("PATCH", "/v1/principals/helper", { roles: ["admin"] }))), 200);
      const { token } = (await expectStatus(call("POST", "/v1/delegations", { agent: "helper" }), 201)).json;
      const grant = { name: "roots", principal: "root", resource: "shop", level: "admin" };
      const id = await kept(call("POST", "/v1/grants", grant, token));
      await expectStatus(approve(id, harness.adminToken), 403);
      await expectStatus(approve(id), 200);
      expect((await call("GET", "/v1/grants")).json.grants).toContainEqual(expect.objectContaining(grant));
      await call("POST", "/v1/groups", { name: "shoppers" });
      await call("POST", "/v1/grants", { group: "shoppers", resource: "shop" });
      await kept(call("PUT", "/v1/groups/shoppers/members", { members: ["root"] }, token));
      await expectStatus(call("PUT", "/v1/groups/shoppers/members", { members: ["mia"] }, token), 200);
    });

    it("holds a new key of a program with roles, and a successor of one, but none of a plain program", async () => {
      await call("POST", "/v1/principals", { name: "plainbot", kind: "service" });
      const plain = { name: "plain", principal: "plainbot", ttlSeconds: 3600 };
      expect((await expectStatus(call("POST", "/v1/api-keys", plain), 201)).json.waitsFor).toBeUndefined();
      const turned = await expectStatus(call("POST", "/v1/api-keys/robo/rotate", { ttlSeconds: 3600 }), 201);
      expect(turned.json).toMatchObject({ name: "robo", principal: "robo", waitsFor: expect.any(String) });
      await expectStatus(call("GET", "/v1/resources", undefined, turned.json.key), 401);
      const shown = (await call("GET", `/v1/changes/${turned.json.waitsFor}`, undefined, ada)).text;
      expect(shown).toContain("with the roles admin");
      expect(shown).not.toContain(turned.json.key);
      await expectStatus(approve(turned.json.waitsFor), 200);
      await expectStatus(call("GET", "/v1/resources", undefined, turned.json.key), 200);
    });

    it("holds a federation that is new or changes, and is not asked about one that stays", async () => {
      const document = (audience: string) =>
        `kind: federation\nname: builds\nissuer: https://ci.example\naudience: ${audience}\nsubject: "repo:a/b"\nprincipal: plainbot\n`;
      await expectStatus(approve(await kept(apply({ "f.yaml": document("one") }))), 200);
      await expectStatus(apply({ "f.yaml": document("one") }), 200);
      await expectStatus(approve(await kept(apply({ "f.yaml": document("two") }))), 200);
      await expectStatus(apply({ "f.yaml": "kind: federation\nname: builds\nstate: absent\n" }), 200);
    });

    it("holds a notification channel that goes, is narrowed or leads elsewhere, and no other", async () => {
      const put = (more: object) => {
        const wide = { type: "email", host: "mail.example", from: "gw@corp.example", to: ["watch@corp.example"] };
        const events = ["change.requested", "change.decided"];
        return call("PUT", "/v1/notification-channels/watch", { ...wide, events, ...more });
      };
      await expectStatus(put({}), 200);
      await expectStatus(put({ events: ["change.requested", "change.decided", "emergency.started"] }), 200);
      await expectStatus(
        put({ events: ["emergency.started", "change.decided", "change.requested"], perMinute: 60 }),
        200,
      );
      for (const more of [{}, { to: ["mine@evil.example"] }, { resources: ["shop"] }, { asks: ["group:plain"] }]) {
        expect(await kept(put(more)), JSON.stringify(more)).not.toBe("");
      }
      expect(await kept(apply({ "n.yaml": "kind: notification_channel\nname: watch\nstate: absent\n" }))).not.toBe("");
      const removal = await kept(call("DELETE", "/v1/notification-channels/watch"));
      expect((await call("GET", "/v1/notification-channels")).json.channels).toHaveLength(1);
      await expectStatus(approve(removal), 200);
      expect((await call("GET", "/v1/notification-channels")).json.channels).toEqual([]);
    });

    it("ends with its requester's right, with time, and by rejection", async () => {
      const bea = await harness.addUser("bea");
      await expectStatus(approve(await kept(call("PATCH", "/v1/principals/bea", { roles: ["admin"] }))), 200);
      const beas = await kept(call("PATCH", "/v1/resources/shop", { enforce: "observe" }, bea));
      await expectStatus(call("PATCH", "/v1/principals/bea", { roles: ["user"] }), 200);
      expect((await expectStatus(approve(beas), 409)).json.detail).toContain("may not make this change any more");
      const rejected = await kept(call("PATCH", "/v1/resources/shop", { agent: "third" }));
      expect((await expectStatus(call("POST", `/v1/changes/${rejected}/reject`, {}, ada), 200)).json.state).toBe(
        "rejected",
      );
      await expectStatus(approve(rejected), 409);
      const withdrawn = await kept(call("PATCH", "/v1/resources/shop", { agent: "fourth" }));
      expect((await call("POST", `/v1/changes/${withdrawn}/reject`, {})).json.state).toBe("withdrawn");
      const late = await kept(call("PATCH", "/v1/resources/shop", { agent: "fifth" }));
      harness.clock.advance(3 * 86_400_000);
      expect((await expectStatus(approve(late), 409)).json.detail).toContain("expired");
    });

    it("lets only one of two approvals apply it", async () => {
      const id = await kept(call("PATCH", "/v1/resources/shop", { enforce: "observe" }));
      const answers = await Promise.all([approve(id), approve(id), approve(id)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
      await call("PATCH", "/v1/resources/shop", { enforce: "on" });
    });

    it("is switched off by two people only, and then asks nobody", async () => {
      await expectStatus(approve(await kept(call("PUT", "/v1/settings/two-person", { twoPerson: "off" }))), 200);
      await expectStatus(call("PATCH", "/v1/resources/shop", { enforce: "observe" }), 200);
      const types = (await call("GET", "/v1/audit?type=change_request&limit=1000")).json.events.map(
        (one: { type: string }) => one.type,
      );
      for (const verb of ["requested", "applied", "rejected", "withdrawn"])
        expect(types).toContain(`change_request.${verb}`);
      expect((await call("GET", "/v1/audit/verify")).json.ok).toBe(true);
    });
  });
}
