import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, GATEWAY, type Harness } from "./running.ts";
import { COUNTERS, expectStatus, openSession, setTheScene } from "./scene.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** SCIM as Okta and Entra ID send it; bodies are those of their documentation, with other names. */
export function scimContract(name: string, start: () => Promise<Harness>): void {
  describe(`SCIM 2.0: ${name}`, () => {
    let harness: Harness;
    let okta: Scim;
    let entra: Scim;

    beforeAll(async () => {
      harness = await start();
      await setTheScene(harness);
      okta = await scimOf(harness, "okta");
      entra = await scimOf(harness, "entra");
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const newUser = async (scim: Scim, userName: string, more: object = {}) => {
      const answer = await scim("POST", "/Users", { schemas: [USER], userName, active: true, ...more });
      expect(answer.status, answer.text).toBe(201);
      return answer.json as { id: string; meta: { version: string } };
    };
    const newGroup = async (scim: Scim, displayName: string, members: readonly string[] = []) => {
      const body = { schemas: [GROUP], displayName, members: members.map((value) => ({ value })) };
      const answer = await scim("POST", "/Groups", body);
      expect(answer.status, answer.text).toBe(201);
      return answer.json as { id: string };
    };
    const patch = (...Operations: object[]) => ({ schemas: [PATCH], Operations });
    const groupsOf = async (principal: string) =>
      (await harness.call("GET", `/v1/principals/${principal}`)).json.groups as string[];

    it("describes itself", async () => {
      expect((await okta("GET", "/ServiceProviderConfig")).json).toMatchObject({
        patch: { supported: true },
        bulk: { supported: false },
        filter: { supported: true, maxResults: 200 },
      });
      const types = (await okta("GET", "/ResourceTypes")).json;
      expect(types.Resources.map(({ id }: { id: string }) => id)).toEqual(["User", "Group"]);
      const schemas = (await okta("GET", "/Schemas")).json;
      expect(schemas.Resources.map(({ id }: { id: string }) => id)).toEqual([USER, GROUP, ENTERPRISE]);
      const one = await okta("GET", `/Schemas/${ENTERPRISE}`);
      expect(one.json.attributes.map(({ name }: { name: string }) => name)).toContain("manager");
      expect(one.headers["content-type"]).toBe("application/scim+json; charset=utf-8");
    });

    it("lives through a user of Okta's: look up, create, read, replace, deactivate, activate", async () => {
      const filter = encodeURIComponent('userName eq "Isaac.Brock@example.com"');
      const found = () => okta("GET", `/Users?filter=${filter}&startIndex=1&count=100`);
      expect((await found()).json).toMatchObject({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
      const body = {
        schemas: [USER],
        userName: "Isaac.Brock@example.com",
        name: { givenName: "Isaac", familyName: "Brock" },
        emails: [{ primary: true, value: "isaac.brock@example.com", type: "work" }],
        displayName: "Isaac Brock",
        locale: "en-US",
        externalId: "00ujl29u0le5T6Aj10h7",
        groups: [],
        password: "1mz050nq-canary",
        roles: [{ value: "admin" }],
        active: true,
      };
      const made = await okta("POST", "/Users", body);
      expect(made.status).toBe(201);
      const { id } = made.json;
      expect(made.headers).toMatchObject({ etag: 'W/"1"', location: `http://127.0.0.1:8080/scim/v2/Users/${id}` });
      expect(made.json).toMatchObject({ userName: body.userName, name: body.name, emails: body.emails, active: true });
      expect(made.text).not.toContain("canary");
      expect((await harness.call("GET", "/v1/principals/isaac.brock")).json).toMatchObject({
        id,
        kind: "user",
        roles: ["user"],
        hasPassword: false,
        disabled: false,
      });
      expect((await found()).json).toMatchObject({ totalResults: 1, Resources: [{ id }] });
      const replaced = await okta("PUT", `/Users/${id}`, { ...body, displayName: "Isaac B." });
      expect(replaced.json).toMatchObject({ displayName: "Isaac B.", meta: { version: 'W/"2"' } });
      const off = await okta("PATCH", `/Users/${id}`, patch({ op: "replace", value: { active: false } }));
      expect(off.json).toMatchObject({ id, active: false });
      const suspended = { suspendedBy: "okta", disabled: false };
      expect((await harness.call("GET", "/v1/principals/isaac.brock")).json).toMatchObject(suspended);
      await okta("PUT", `/Users/${id}`, body);
      expect((await harness.call("GET", "/v1/principals/isaac.brock")).json).toMatchObject({ suspendedBy: null });
    });

    it("lives through a user of Entra ID's: legacy names, string booleans, paths in keys, a new work address", async () => {
      const { id } = await newUser(entra, "lena@contoso.example", {
        active: "True",
        [ENTERPRISE]: { department: "IT" },
      });
      const answer = await entra(
        "PATCH",
        `/Users/${id}`,
        patch(
          { op: "Replace", path: "ACTIVE", value: "False" },
          { op: "Add", path: 'emails[type eq "work"].value', value: "lena@contoso.example" },
          { op: "Add", value: { "name.givenName": "Lena", [`${ENTERPRISE}:employeeNumber`]: "701984" } },
          { op: "Add", path: `${ENTERPRISE}:manager`, value: "prn_someone" },
          { op: "Replace", path: `${ENTERPRISE}:department`, value: "Finance" },
          { op: "Add", path: 'phoneNumbers[type eq "mobile"].value', value: "425-555-0100" },
        ),
      );
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json).toMatchObject({
        active: false,
        emails: [{ type: "work", value: "lena@contoso.example" }],
        name: { givenName: "Lena" },
        [ENTERPRISE]: { employeeNumber: "701984", department: "Finance", manager: { value: "prn_someone" } },
      });
      const again = patch({ op: "replace", path: 'emails[type eq "work"].value', value: "l@contoso.example" });
      const boss = await newUser(entra, "boss.of.lena@contoso.example");
      await harness.call("PATCH", "/v1/principals/lena", { attributes: { badge: "7", department: "Finance" } });
      const manager = patch({ op: "Replace", path: `${ENTERPRISE}:manager`, value: boss.id });
      expect((await entra("PATCH", `/Users/${id}`, manager)).status).toBe(200);
      expect((await harness.call("GET", "/v1/principals/lena")).json).toMatchObject({
        attributes: { badge: "7", department: "Finance", manager: "boss.of.lena" },
        roles: ["user"],
      });
      const { emails } = (await entra("PATCH", `/Users/${id}`, again)).json;
      expect(emails).toEqual([{ type: "work", value: "l@contoso.example" }]);
    });

    it("keeps members as Okta and Entra ID change them, and nobody else's", async () => {
      const people = [];
      for (const who of ["ada", "bob", "cyd"]) people.push(await newUser(okta, `${who}@example.com`));
      const [ada, bob, cyd] = people.map(({ id }) => id) as [string, string, string];
      const { id } = await newGroup(okta, "Data Owners", [ada]);
      expect(await groupsOf("ada")).toEqual(["data-owners"]);
      // Given here, so it stays whatever the provider says.
      await harness.call("PUT", "/v1/groups/data-owners/members", { members: ["ana", "bob"] });
      const change = async (...operations: object[]) => {
        const answer = await okta("PATCH", `/Groups/${id}`, patch(...operations));
        expect(answer.status, answer.text).toBe(200);
        return answer.json.members.map((member: { value: string }) => member.value).sort();
      };
      const list = (...ids: string[]) => ids.sort();
      const added = [{ value: bob, display: "bob@example.com" }, { value: cyd }];
      expect(await change({ op: "add", path: "members", value: added })).toEqual(list(ada, bob, cyd));
      expect(await change({ op: "remove", path: `members[value eq "${ada}"]` })).toEqual(list(bob, cyd));
      expect(await change({ op: "Remove", path: "members", value: [{ value: bob }] })).toEqual([cyd]);
      expect(await groupsOf("bob")).toEqual(["data-owners"]);
      expect(await groupsOf("ada")).toEqual([]);
      const whole = { id, displayName: "Data Owners (EU)" };
      expect(await change({ op: "replace", value: whole })).toEqual([cyd]);
      expect(await groupsOf("cyd")).toEqual(["data-owners-eu"]);
      expect(await change({ op: "replace", path: "members", value: [{ value: ada }] })).toEqual([ada]);
      expect(await change({ op: "remove", path: "members" })).toEqual([]);
      const shown = (await harness.call("GET", "/v1/groups")).json.groups;
      expect(shown.find((group: { id: string }) => group.id === id)).toMatchObject({ members: ["ana", "bob"] });
      await harness.call("PUT", "/v1/groups/data-owners-eu", { roles: ["admin"] });
      const promote = patch({ op: "add", path: "members", value: [{ value: bob }] });
      const refused = await okta("PATCH", `/Groups/${id}`, promote);
      expect(refused.json).toMatchObject({ status: "400", scimType: "mutability" });
      const lean = await okta("GET", `/Groups/${id}?excludedAttributes=members`);
      expect(lean.json).not.toHaveProperty("members");
    });

    it("filters, pages and picks attributes", async () => {
      const scim = await scimOf(harness, "pages");
      for (const index of [1, 2, 3, 4, 5]) {
        const more = { externalId: `ext-${index}`, emails: [{ value: `p${index}@mail.example`, type: "work" }] };
        await newUser(scim, `Page${index}@example.com`, { ...more, active: index !== 3 });
      }
      const names = async (filter: string) => {
        const answer = await scim("GET", `/Users?filter=${encodeURIComponent(filter)}`);
        expect(answer.status, answer.text).toBe(200);
        return answer.json.Resources.map((user: { externalId: string }) => user.externalId).sort();
      };
      expect(await names('USERNAME Eq "page2@EXAMPLE.com"')).toEqual(["ext-2"]);
      expect(await names('externalId eq "EXT-2"')).toEqual([]);
      expect(await names('externalId eq "ext-4" and active eq true')).toEqual(["ext-4"]);
      expect(await names('externalId eq "ext-3" and active eq True')).toEqual([]);
      expect(await names('userName sw "page" and not (active eq true or externalId eq "x")')).toEqual(["ext-3"]);
      expect(await names('emails[type eq "work" and value co "p5@"]')).toEqual(["ext-5"]);
      expect(await names('emails.value eq "p1@mail.example" or emails eq "p4@mail.example"')).toEqual([
        "ext-1",
        "ext-4",
      ]);
      expect(await names(`${USER}:userName eq "page1@example.com"`)).toEqual(["ext-1"]);
      expect(await names('title pr or nosuch eq "x"')).toEqual([]);
      expect(await names('meta.lastModified gt "2026-01-01T00:00:00Z" and externalId ew "5"')).toEqual(["ext-5"]);
      const first = (await scim("GET", "/Users?startIndex=1&count=2")).json;
      const last = (await scim("GET", "/Users?startIndex=5&count=2&attributes=userName")).json;
      expect(first).toMatchObject({ totalResults: 5, startIndex: 1, itemsPerPage: 2 });
      expect(last).toMatchObject({ totalResults: 5, startIndex: 5, itemsPerPage: 1 });
      expect(Object.keys(last.Resources[0]).sort()).toEqual(["id", "meta", "schemas", "userName"]);
      expect((await scim("GET", "/Users?startIndex=-1&count=0")).json).toMatchObject({
        startIndex: 1,
        itemsPerPage: 0,
      });
      const groups = await scim("GET", `/Groups?filter=${encodeURIComponent('displayName eq "none"')}`);
      expect(groups.json.totalResults).toBe(0);
    });

    it("heeds the version that the provider has seen", async () => {
      const { id, meta } = await newUser(okta, "etag@example.com");
      const body = { schemas: [USER], userName: "etag@example.com", title: "One" };
      expect((await okta("PUT", `/Users/${id}`, body, { "if-match": meta.version })).status).toBe(200);
      const late = await okta("PUT", `/Users/${id}`, body, { "if-match": meta.version });
      expect(late.json).toMatchObject({ status: "412" });
    });

    it("refuses names that collide, are reserved or cannot be", async () => {
      const refused = async (path: string, body: object) => {
        const { status, json } = await okta("POST", path, body);
        return [status, json.scimType, json.detail];
      };
      await newUser(okta, "twin@example.com", { externalId: "twin" });
      const user = (userName: string, more: object = {}) => refused("/Users", { userName, ...more });
      expect(await user("TWIN@example.com")).toMatchObject([409, "uniqueness", expect.stringContaining("userName")]);
      expect(await user("x@y.example", { externalId: "twin" })).toMatchObject([409, "uniqueness", expect.any(String)]);
      // A local principal, another provider's, one of a like name.
      expect(await user("root@example.com")).toMatchObject([
        409,
        "uniqueness",
        expect.stringContaining("principal root"),
      ]);
      expect(await user("lena@example.com")).toMatchObject([409, "uniqueness", expect.any(String)]);
      expect(await user("twin@other.example")).toMatchObject([409, "uniqueness", expect.any(String)]);
      expect(await user("login")).toMatchObject([400, "invalidValue", expect.stringContaining("reserved")]);
      expect(await user("@example.com")).toMatchObject([400, "invalidValue", expect.any(String)]);
      expect(await user("   ")).toMatchObject([400, "invalidValue", expect.any(String)]);
      const group = (displayName: string) => refused("/Groups", { displayName });
      await harness.call("POST", "/v1/groups", { name: "on-call" });
      expect(await group("On Call")).toMatchObject([409, "uniqueness", expect.stringContaining("group on-call")]);
      for (const reserved of ["system:masters", "System Masters", "tidewaiter-admins", "Admin", "reviewer"]) {
        expect(await group(reserved), reserved).toMatchObject([400, "invalidValue", expect.any(String)]);
      }
      expect(await group("日本")).toMatchObject([400, "invalidValue", expect.any(String)]);
      const { id } = await newGroup(okta, "Renamed Later");
      const rename = patch({ op: "replace", path: "displayName", value: "on call" });
      expect((await okta("PATCH", `/Groups/${id}`, rename)).status).toBe(409);
      const refusals = (await harness.call("GET", "/v1/audit?type=scim.refused&limit=100")).json.events;
      expect(refusals.length).toBeGreaterThanOrEqual(5);
    });

    it("shows and changes nothing of another provider, and nothing local", async () => {
      const mine = await newUser(okta, "mine@example.com");
      const theirs = await newUser(entra, "theirs@contoso.example");
      const group = await newGroup(entra, "Their Group", [theirs.id]);
      const root = (await harness.call("GET", "/v1/principals/root")).json.id as string;
      const off = patch({ op: "replace", value: { active: false } });
      for (const [path, body] of [
        [`/Users/${theirs.id}`, off],
        [`/Users/${root}`, off],
        [`/Groups/${group.id}`, patch({ op: "remove", path: "members" })],
      ] as const) {
        expect((await okta("GET", path)).status).toBe(404);
        expect((await okta("PATCH", path, body)).status).toBe(404);
        expect((await okta("PUT", path, { userName: "a", displayName: "a" })).status).toBe(404);
        expect((await okta("DELETE", path)).json).toMatchObject({ status: "404" });
      }
      const own = await newGroup(okta, "Own Group", [mine.id]);
      for (const stranger of [theirs.id, root, own.id, "prn_nobody"]) {
        const add = patch({ op: "add", path: "members", value: [{ value: stranger }] });
        const answer = await okta("PATCH", `/Groups/${own.id}`, add);
        expect(answer.json).toMatchObject({ status: "400", scimType: "invalidValue" });
      }
      expect((await okta("GET", "/Users?count=200")).text).not.toContain("theirs@contoso.example");
    });

    it("takes only a token of this kind that is in force, for nothing else", async () => {
      expect((await harness.call("POST", TOKENS("rotating"), {})).status).toBe(404);
      await makeProvider(harness, "rotating");
      const { token } = (await harness.call("POST", TOKENS("rotating"), { overlapSeconds: 60 })).json;
      const call = (given: string | null, path = "/scim/v2/Users") => send(harness, "GET", path, given);
      expect((await call(token)).status).toBe(200);
      for (const wrong of [null, harness.adminToken, `${token}x`, "", "x".repeat(5000)]) {
        const answer = await call(wrong);
        expect(answer.status).toBe(401);
        expect(answer.json).toMatchObject({ schemas: [expect.stringContaining("Error")], status: "401" });
        expect(answer.headers["www-authenticate"]).toBe("Bearer");
      }
      expect((await call(token, "/v1/me")).status).toBe(401);
      expect((await call(token, "/scim/v2/nowhere")).json).toMatchObject({ status: "404" });
      const next = (await harness.call("POST", TOKENS("rotating"), { overlapSeconds: 60 })).json;
      expect((await call(token)).status).toBe(200);
      expect((await call(next.token)).status).toBe(200);
      harness.clock.advance(61_000);
      expect((await call(token)).status).toBe(401);
      expect((await call(next.token)).status).toBe(200);
      const listed = (await harness.call("GET", TOKENS("rotating"))).json.tokens;
      expect(listed).toMatchObject([{ id: next.id, createdBy: "root", lastUsedAt: expect.any(String) }]);
      expect((await harness.call("DELETE", `${TOKENS("okta")}/${next.id}`)).status).toBe(404);
      expect((await harness.call("DELETE", `${TOKENS("rotating")}/${next.id}`)).status).toBe(204);
      expect((await call(next.token)).status).toBe(401);
      const user = await harness.addUser("plain-user");
      expect((await harness.call("POST", TOKENS("rotating"), {}, user)).status).toBe(403);
    });

    it("lets nobody else sign in as somebody to whom roles were given here", async () => {
      const { id } = await newUser(okta, "role.holder@example.com", { externalId: "00u-holder" });
      const holder = await newUser(okta, "late.holder@example.com");
      const roles = { roles: ["auditor"] };
      for (const name of ["role.holder", "late.holder"]) {
        const given = await harness.call("PATCH", `/v1/principals/${name}`, roles);
        expect(given.status, given.text).toBe(200);
      }
      for (const one of [id, holder.id]) {
        const path = `/Users/${one}`;
        const taken = await okta("PATCH", path, patch({ op: "replace", path: "externalId", value: "00u-mine" }));
        expect([taken.status, taken.json.scimType], taken.text).toEqual([400, "mutability"]);
      }
      const known = (await harness.call("GET", "/v1/identities?principal=role.holder")).json.identities;
      expect(known.map(({ subject }: { subject: string }) => subject)).toEqual(["00u-holder"]);
      const other = await okta("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false }));
      expect(other.status, other.text).toBe(200);
    });

    it("takes tokens only from who may say who signs in as whom", async () => {
      const role = { permissions: ["scim_tokens.write"] };
      expect((await harness.call("PUT", "/v1/roles/pusher", role)).status).toBe(200);
      const token = await harness.addUser("pusher", ["pusher"]);
      expect((await harness.call("POST", TOKENS("okta"), {}, token)).status).toBe(403);
    });

    it("is about the person who signs in with the externalId as subject", async () => {
      const { id } = await newUser(okta, "sub.ject@example.com", { externalId: "00u-subject" });
      const linked = async () =>
        (await harness.call("GET", "/v1/identities?principal=sub.ject")).json.identities.map(
          ({ provider, subject }: { provider: string; subject: string }) => `${provider} ${subject}`,
        );
      expect(await linked()).toEqual(["okta 00u-subject"]);
      await okta("PATCH", `/Users/${id}`, patch({ op: "replace", path: "externalId", value: "00u-other" }));
      expect(await linked()).toEqual(["okta 00u-other"]);
      // Whoever signs in there gets no password here, by which an administrator could sign in as them.
      const password = { password: "an-administrators-guess" };
      const set = await expectStatus(harness.call("PUT", "/v1/principals/sub.ject/password", password), 409);
      expect(set.json).toMatchObject({
        detail: expect.stringContaining("okta"),
        next: expect.stringContaining("unlink"),
      });
      expect((await harness.call("GET", "/v1/principals/sub.ject")).json.hasPassword).toBe(false);
      await expectStatus(
        harness.call("PUT", "/v1/principals/ana/password", { password: "anas-own-long-password" }),
        204,
      );
      // Whoever signed in before the first push is not made twice.
      const made = (await harness.call("POST", "/v1/principals", { name: "early" })).json;
      for (const principal of ["early", "ana"]) {
        const link = { provider: "okta", subject: `00u-${principal}`, principal };
        await expectStatus(harness.call("POST", "/v1/identities", link), 204);
      }
      const early = await newUser(okta, "early.bird@example.com", { externalId: "00u-early" });
      expect(early.id).toBe(made.id);
      const local = await okta("POST", "/Users", { userName: "ana.lima@example.com", externalId: "00u-ana" });
      expect(local.json).toMatchObject({ status: "409", scimType: "uniqueness" });
      const another = await okta("POST", "/Users", { userName: "another@example.com", externalId: "00u-early" });
      expect(another.json).toMatchObject({ status: "409", scimType: "uniqueness" });
    });

    it("ends with its provider", async () => {
      const scim = await scimOf(harness, "shortlived");
      expect((await scim("GET", "/Users")).status).toBe(200);
      const document = { kind: "identity_provider", name: "shortlived", state: "absent" };
      const documents = [{ name: "gone.yaml", source: JSON.stringify(document) }];
      await expectStatus(harness.call("POST", "/v1/apply", { documents, dryRun: false }), 200);
      expect((await scim("GET", "/Users")).status).toBe(401);
    });

    it("ends what a person may do, for good what was given out, by active=false, delete and group removal", async () => {
      const people = await Promise.all(["gone1", "gone2", "gone3"].map((who) => newUser(okta, `${who}@example.com`)));
      const [one, two, three] = people.map(({ id }) => id) as [string, string, string];
      const group = await newGroup(okta, "Shop Readers", [one, two, three]);
      await harness.call("POST", "/v1/grants", { group: "shop-readers", resource: "shop" });
      const sessions = new Map<string, string>();
      for (const id of [one, two, three]) sessions.set(id, (await openSession(harness, id)).id);
      const state = async (id: string) => {
        const renewal = { sessionId: sessions.get(id) ?? "", counters: COUNTERS };
        const [answer] = await harness.port.renewLeases(GATEWAY, [renewal]);
        return answer?.ok === false ? answer.reason : "lives";
      };
      expect(await state(one)).toBe("lives");
      const { last } = await harness.port.changes(1_000_000, 0);
      const waiting = harness.port.changes(last, 20_000);
      await okta("PATCH", `/Users/${one}`, patch({ op: "Replace", path: "active", value: "False" }));
      expect(await waiting).toMatchObject({ changes: [{ kind: "principal", id: one }] });
      expect(await state(one)).toBe("the principal was suspended by the identity provider okta");
      expect(await state(two)).toBe("lives");
      const typed = { headers: { "content-type": "application/scim+json" } };
      expect((await send(harness, "DELETE", `/scim/v2/Users/${two}`, okta.token, typed)).status).toBe(204);
      expect(await state(two)).toBe("the principal was deleted");
      await okta("PATCH", `/Groups/${group.id}`, patch({ op: "remove", path: `members[value eq "${three}"]` }));
      expect(await state(three)).toBe("the grant does not cover it any more");
      expect((await okta("GET", `/Users/${two}`)).status).toBe(404);
    });

    it("never enables whom an administrator disabled, and is not stopped by the last administrator", async () => {
      const { id } = await newUser(okta, "boss@example.com");
      const off = patch({ op: "replace", value: { active: false } });
      const on = patch({ op: "replace", value: { active: true } });
      await harness.call("PATCH", "/v1/principals/boss", { disabled: true });
      await okta("PATCH", `/Users/${id}`, off);
      await okta("PATCH", `/Users/${id}`, on);
      expect((await harness.call("GET", "/v1/principals/boss")).json).toMatchObject({
        disabled: true,
        suspendedBy: null,
      });
      await harness.call("PATCH", "/v1/principals/boss", { disabled: false, roles: ["admin"] });
      const last = await okta("PATCH", `/Users/${id}`, off);
      expect(last.status, last.text).toBe(200);
      expect((await harness.call("GET", "/v1/principals/boss")).json.suspendedBy).toBe("okta");
    });

    it("refuses hostile and broken requests with SCIM's own errors", async () => {
      const { id } = await newUser(okta, "target@example.com");
      const filter = async (text: string) => {
        const { status, json } = await okta("GET", `/Users?filter=${encodeURIComponent(text)}`);
        return [status, json.scimType];
      };
      const deep = `${"(".repeat(11)}userName pr${")".repeat(11)}`;
      const wide = Array.from({ length: 51 }, () => "a pr").join(" or ");
      const bad = [
        deep,
        wide,
        `${"not (".repeat(500)}`,
        'userName eq "x',
        "userName",
        "userName eq",
        'x eq "1" and',
        "(a pr",
      ];
      for (const text of [...bad, 'a eq "1" b', "] eq 1", "userName eq {}", `userName eq "${"x".repeat(3000)}"`]) {
        expect(await filter(text), text.slice(0, 40)).toEqual([400, "invalidFilter"]);
      }
      const operation = async (...operations: unknown[]) => {
        const { status, json } = await okta("PATCH", `/Users/${id}`, patch(...(operations as object[])));
        return [status, json.scimType];
      };
      expect(await operation({ op: "increment", path: "active" })).toEqual([400, "invalidSyntax"]);
      expect(await operation({ op: "__proto__" })).toEqual([400, "invalidSyntax"]);
      expect(await operation()).toEqual([400, "invalidSyntax"]);
      expect(await operation(null)).toEqual([400, "invalidSyntax"]);
      expect(await operation(...Array.from({ length: 1001 }, () => ({ op: "add" })))).toEqual([400, "invalidSyntax"]);
      expect(await operation({ op: "remove" })).toEqual([400, "noTarget"]);
      expect(await operation({ op: "replace", path: "id", value: "x" })).toEqual([400, "mutability"]);
      expect(await operation({ op: "replace", path: "active", value: "perhaps" })).toEqual([400, "invalidValue"]);
      expect(await operation({ op: "replace", path: "active" })).toEqual([400, "invalidValue"]);
      expect(await operation({ op: "replace", path: "members[[", value: "x" })).toEqual([400, "invalidPath"]);
      const widePath = Array.from({ length: 6 }, () => "display pr").join(" or ");
      expect(await operation({ op: "remove", path: `emails[${widePath}]` })).toEqual([400, "invalidPath"]);
      expect(await operation({ op: "replace", path: 7, value: "x" })).toEqual([400, "invalidPath"]);
      expect(await operation({ op: "remove", path: "userName" })).toEqual([400, "invalidValue"]);
      expect(await operation({ op: "add", path: "title", value: "x".repeat(501) })).toEqual([400, "invalidValue"]);
      expect(await operation({ op: "add", path: "__proto__.polluted", value: "x" })).toEqual([400, "invalidPath"]);
      expect(await operation({ op: "add", path: "constructor", value: "x" })).toEqual([200, undefined]);
      expect(({} as { polluted?: string }).polluted).toBeUndefined();
      const raw = (payload: string) => send(harness, "POST", "/scim/v2/Users", okta.token, { payload });
      expect((await raw("{")).json).toMatchObject({ status: "400", scimType: "invalidSyntax" });
      expect((await raw("[]")).json).toMatchObject({ status: "400", scimType: "invalidSyntax" });
      expect((await raw('{"userName":"a","__proto__":{"x":1}}')).json).toMatchObject({ status: "400" });
      expect((await raw(`{"userName":"${"x".repeat(1024 * 1024)}"}`)).json).toMatchObject({ status: "413" });
      expect((await raw(`${"[".repeat(200_000)}${"]".repeat(200_000)}`)).status).toBe(400);
      const many = { displayName: "Too Many", members: Array.from({ length: 10_001 }, (_, n) => ({ value: `p${n}` })) };
      expect((await okta("POST", "/Groups", many)).json).toMatchObject({ status: "400", scimType: "invalidValue" });
    });

    it("brings nobody among reviewers alone where two people are needed, and takes them out at once", async () => {
      const { id: user } = await newUser(okta, "rita@example.com");
      const { id: group } = await newGroup(okta, "Second Look");
      const named = (await harness.call("GET", "/v1/groups")).json.groups as { id: string; name: string }[];
      const name = named.find((one) => one.id === group)?.name ?? "";
      const { name: rita } = (
        (await harness.call("GET", "/v1/principals")).json.principals as { id: string; name: string }[]
      ).find((one) => one.id === user) ?? { name: "" };
      await expectStatus(harness.call("PUT", `/v1/groups/${name}`, { roles: ["reviewer"] }), 200);
      const ada = await harness.addUser("second-admin", ["admin"]);
      await expectStatus(harness.call("PUT", "/v1/settings/two-person", { twoPerson: "on" }), 204);
      const add = patch({ op: "add", path: "members", value: [{ value: user }] });
      const held = await okta("PATCH", `/Groups/${group}`, add);
      expect(held.status).toBe(409);
      expect(held.text).toContain("second person");
      expect(await groupsOf(rita)).toEqual([]);
      const [change] = (await harness.call("GET", "/v1/changes?state=pending")).json.changes;
      expect(change).toMatchObject({ requester: "okta", changes: [{ noun: "group", name }] });
      await expectStatus(harness.call("POST", `/v1/changes/${change.id}/approve`, {}, ada), 200);
      expect(await groupsOf(rita)).toEqual([name]);
      const out = patch({ op: "remove", path: `members[value eq "${user}"]` });
      expect((await okta("PATCH", `/Groups/${group}`, out)).status).toBeLessThan(300);
      expect(await groupsOf(rita)).toEqual([]);
    });

    it("holds members that come in by an access rule, a name, or a role that is given later", async () => {
      const admin = async (method: "PUT" | "POST", url: string, body: object) =>
        (await harness.call(method, url, body)).status;
      const { id: user } = await newUser(okta, "walt@example.com");
      const add = patch({ op: "add", path: "members", value: [{ value: user }] });
      const asked = await newGroup(okta, "Asked Ones");
      const other = await newGroup(okta, "Other Ones", [user]);
      const rule = {
        requesters: ["group:readers"],
        resources: ["shop"],
        maxDuration: "1h",
        reviewers: { by: ["group:asked-ones", "group:future-ones"] },
      };
      const second = await harness.login("second-admin", "second-admin-has-a-long-password");
      const put = await expectStatus(harness.call("PUT", "/v1/access-rules/by-asked", rule), 409);
      const waiting = /tw changes show (\w+)/.exec(put.json.next)?.[1];
      await expectStatus(harness.call("POST", `/v1/changes/${waiting}/approve`, {}, second), 200);
      const pushed = await okta("PATCH", `/Groups/${asked.id}`, add);
      expect([pushed.status, pushed.json.detail]).toEqual([409, expect.stringContaining("an access rule names it")]);
      const renamed = await okta(
        "PATCH",
        `/Groups/${other.id}`,
        patch({ op: "replace", path: "displayName", value: "Future Ones" }),
      );
      expect([renamed.status, renamed.json.detail]).toEqual([409, expect.stringContaining("an access rule names it")]);
      const made = await okta("POST", "/Groups", { displayName: "Future Ones", members: [{ value: user }] });
      expect(made.status).toBe(409);
      expect(await groupsOf("walt")).toEqual(["other-ones"]);
      expect(await admin("PUT", "/v1/groups/other-ones", { roles: ["auditor"] })).toBe(409);
      const { principals } = (await harness.call("GET", "/v1/principals")).json;
      expect(principals.find((one: { name: string }) => one.name === "walt").roles).toEqual(["user"]);
    });

    it("brings nobody into a group with any role where one person is enough, but takes out", async () => {
      const off = await expectStatus(harness.call("PUT", "/v1/settings/two-person", { twoPerson: "off" }), 409);
      const waiting = /tw changes show (\w+)/.exec(off.json.next)?.[1];
      const second = await harness.login("second-admin", "second-admin-has-a-long-password");
      await expectStatus(harness.call("POST", `/v1/changes/${waiting}/approve`, {}, second), 200);
      const { id: user } = await newUser(okta, "vera@example.com");
      const { id: late } = await newUser(okta, "late@example.com");
      for (const role of ["auditor", "reviewer", "admin"]) {
        const group = await newGroup(okta, `With ${role}`, [user]);
        await expectStatus(harness.call("PUT", `/v1/groups/with-${role}`, { roles: [role] }), 200);
        const add = await okta(
          "PATCH",
          `/Groups/${group.id}`,
          patch({ op: "add", path: "members", value: [{ value: late }] }),
        );
        expect(add.json).toMatchObject({
          status: "400",
          scimType: "mutability",
          detail: expect.stringContaining(role),
        });
        const out = patch({ op: "remove", path: `members[value eq "${user}"]` });
        expect((await okta("PATCH", `/Groups/${group.id}`, out)).status).toBeLessThan(300);
      }
      expect([...(await groupsOf("vera")), ...(await groupsOf("late"))]).toEqual([]);
    });
  });
}

type Scim = {
  (method: Method, path: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  readonly token: string;
};
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const TOKENS = (provider: string) => `/v1/identity-providers/${provider}/scim-tokens`;

/** SCIM goes with the provider that people sign in at. */
async function makeProvider(harness: Harness, name: string): Promise<void> {
  const document = { kind: "identity_provider", name, type: "oidc", issuer: `https://${name}.example`, clientId: "tw" };
  const documents = [{ name: "provider.yaml", source: JSON.stringify(document) }];
  await expectStatus(harness.call("POST", "/v1/apply", { documents, dryRun: false }), 200);
}

async function scimOf(harness: Harness, provider: string): Promise<Scim> {
  await makeProvider(harness, provider);
  const { token } = (await harness.call("POST", TOKENS(provider), {})).json as { token: string };
  const call = (method: Method, path: string, body?: object, headers: Record<string, string> = {}) =>
    send(harness, method, `/scim/v2${path}`, token, { ...(body && { payload: JSON.stringify(body) }), headers });
  return Object.assign(call, { token });
}

async function send(
  harness: Harness,
  method: Method,
  url: string,
  token: string | null,
  more: { payload?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const type = more.payload === undefined ? {} : { "content-type": "application/scim+json" };
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const headers = { ...type, ...authorization, ...more.headers };
  const { payload } = more;
  const response = await harness.running.app.inject({ method, url, headers, ...(payload && { payload }) });
  const json = response.body === "" ? undefined : JSON.parse(response.body);
  return { status: response.statusCode, text: response.body, headers: response.headers, json };
}
