import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Harness } from "./running.ts";
import { expectStatus, openSession, setTheScene } from "./scene.ts";

/** Custom roles, their scopes, and all the ways to get more than one has. */
export function rolesContract(name: string, start: () => Promise<Harness>): void {
  describe(`roles ${name}`, () => {
    let harness: Harness;
    let call: Harness["call"];
    let anaId: string;
    /** May everything that a keeper may, on resources with env=dev. */
    let kim: string;

    beforeAll(async () => {
      harness = await start();
      ({ call } = harness);
      ({ anaId } = await setTheScene(harness));
      await expectStatus(call("POST", "/v1/resources", resource("dev-db", { env: "dev" })), 201);
      const keeper = {
        permissions: [
          "resources.read",
          "resources.write",
          "credentials.write",
          "grants.read",
          "grants.write",
          "sessions.read_all",
          "sessions.kill",
        ],
        scope: { env: "dev" },
      };
      await expectStatus(call("PUT", "/v1/roles/dev-keeper", keeper), 200);
      const helpdesk = {
        permissions: ["principals.read", "principals.write", "groups.write", "roles.write", "config.apply"],
      };
      await expectStatus(call("PUT", "/v1/roles/helpdesk", helpdesk), 200);
      kim = await harness.addUser("kim", ["dev-keeper"]);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const resource = (name: string, tags: Record<string, string>) => {
      return { name, protocol: "postgres", target: { host: "h" }, agent: "site", tags };
    };
    const refused = async (answer: ReturnType<Harness["call"]>) => {
      expect((await expectStatus(answer, 403)).json).toMatchObject({ code: "permission_missing" });
    };

    it("are limited to resources with their tags on every route that names one", async () => {
      await expectStatus(call("GET", "/v1/resources/dev-db", undefined, kim), 200);
      await refused(call("GET", "/v1/resources/shop", undefined, kim));
      await refused(call("GET", "/v1/resources/nothing", undefined, kim));
      const credential = { type: "trust", username: "t" };
      await expectStatus(call("PUT", "/v1/resources/dev-db/credentials/read", credential, kim), 204);
      await refused(call("PUT", "/v1/resources/shop/credentials/write", credential, kim));
      await refused(call("DELETE", "/v1/resources/shop", undefined, kim));
      const listed = (await call("GET", "/v1/resources", undefined, kim)).json.resources;
      expect(listed).toMatchObject([{ name: "dev-db", address: "h:5432" }]);
    });

    it("take no resource into their scope, and let none go", async () => {
      await refused(call("PATCH", "/v1/resources/shop", { tags: { env: "dev" } }, kim));
      await refused(call("PATCH", "/v1/resources/dev-db", { tags: { env: "prod" } }, kim));
      await refused(call("POST", "/v1/resources", resource("new-db", { env: "prod" }), kim));
      await refused(call("POST", "/v1/resources", resource("new-db", {}), kim));
      await expectStatus(call("POST", "/v1/resources", resource("new-db", { env: "dev", team: "a" }), kim), 201);
      await expectStatus(call("DELETE", "/v1/resources/new-db", undefined, kim), 204);
    });

    it("give and take grants within their scope only", async () => {
      await refused(call("POST", "/v1/grants", { principal: "kim", resource: "shop" }, kim));
      await refused(call("POST", "/v1/grants", { principal: "kim", tags: { env: "prod" } }, kim));
      await refused(call("POST", "/v1/grants", { principal: "kim", tags: { team: "a" } }, kim));
      const made = await expectStatus(call("POST", "/v1/grants", { principal: "kim", tags: { env: "dev" } }, kim), 201);
      const listed = (await call("GET", "/v1/grants", undefined, kim)).json.grants;
      expect(listed.map((grant: { id: string }) => grant.id)).toEqual([made.json.id]);
      const others = (await call("GET", "/v1/grants")).json.grants.find(
        (grant: { resource: string }) => grant.resource === "shop",
      );
      await refused(call("DELETE", `/v1/grants/${others.id}`, undefined, kim));
      await expectStatus(call("DELETE", `/v1/grants/${made.json.id}`, undefined, kim), 204);
    });

    it("see and end sessions within their scope only", async () => {
      const session = await openSession(harness, anaId);
      expect((await call("GET", "/v1/sessions", undefined, kim)).json.sessions).toEqual([]);
      await expectStatus(call("GET", `/v1/sessions/${session.id}`, undefined, kim), 404);
      await refused(call("POST", `/v1/sessions/${session.id}/kill`, { reason: "mine" }, kim));
    });

    it("are not enough where nothing is named", async () => {
      await expectStatus(
        call("PUT", "/v1/roles/some-users", { permissions: ["principals.read"], scope: { env: "dev" } }),
        200,
      );
      const uma = await harness.addUser("uma", ["some-users"]);
      await refused(call("GET", "/v1/principals", undefined, uma));
    });

    describe("nobody gives what they have not:", () => {
      let hal: string;
      beforeAll(async () => {
        hal = await harness.addUser("hal", ["helpdesk"]);
        await harness.addUser("otto", ["auditor"]);
      });

      it("no role to anybody", async () => {
        await refused(call("PATCH", "/v1/principals/hal", { roles: ["admin"] }, hal));
        await refused(call("PATCH", "/v1/principals/ana", { roles: ["admin"] }, hal));
        await refused(call("PATCH", "/v1/principals/hal", { roles: ["helpdesk", "dev-keeper"] }, hal));
        await refused(call("POST", "/v1/principals", { name: "eve", roles: ["admin"] }, hal));
        await refused(call("POST", "/v1/principals", { name: "eve", kind: "service", roles: ["auditor"] }, hal));
        await expectStatus(call("PATCH", "/v1/principals/ana", { roles: ["user", "helpdesk"] }, hal), 200);
        await expectStatus(call("PATCH", "/v1/principals/ana", { roles: ["user"] }, hal), 200);
      });

      it("no role through a group", async () => {
        await refused(call("POST", "/v1/groups", { name: "g", members: ["hal"], roles: ["admin"] }, hal));
        await expectStatus(call("PUT", "/v1/groups/root-club", { roles: ["admin"] }), 200);
        await refused(call("PUT", "/v1/groups/root-club/members", { members: ["hal"] }, hal));
        await refused(call("PUT", "/v1/groups/root-club", { roles: ["helpdesk"] }, hal));
        await expectStatus(call("PUT", "/v1/groups/root-club/members", { members: ["otto"] }), 200);
        await refused(call("PUT", "/v1/groups/root-club/members", { members: [] }, hal));
        await refused(call("DELETE", "/v1/groups/root-club", undefined, hal));
        await call("DELETE", "/v1/groups/root-club");
      });

      it("no grants through a group", async () => {
        await expectStatus(call("POST", "/v1/groups", { name: "readers", members: ["ana"] }), 201);
        await expectStatus(call("POST", "/v1/grants", { name: "readers", group: "readers", resource: "shop" }), 201);
        await refused(call("PUT", "/v1/groups/readers/members", { members: ["ana", "hal"] }, hal));
        await expectStatus(call("PUT", "/v1/groups/readers/members", { members: [] }, hal), 200);
        await refused(call("PUT", "/v1/groups/readers/members", { members: ["hal"] }, hal));
        await call("POST", "/v1/principals", { name: "shop-robot", kind: "service" });
        await refused(call("POST", "/v1/connection-secrets", { forPrincipal: "shop-robot" }, hal));
      });

      it("no permission or wider scope in a role of their own making", async () => {
        await refused(call("PUT", "/v1/roles/mine", { permissions: ["sessions.kill"] }, hal));
        await refused(call("PUT", "/v1/roles/helpdesk", { permissions: ["principals.write", "grants.write"] }, hal));
        await refused(call("PUT", "/v1/roles/dev-keeper", { permissions: ["principals.read"] }, hal));
        await expectStatus(
          call("PUT", "/v1/roles/mine", { permissions: ["principals.read"], scope: { env: "dev" } }, hal),
          200,
        );
        await expectStatus(call("PUT", "/v1/roles/admin", { permissions: ["principals.read"] }), 409);
      });

      it("not by documents either", async () => {
        const apply = (source: string) => call("POST", "/v1/apply", { documents: [{ name: "x.yaml", source }] }, hal);
        await refused(apply("kind: principal\nname: hal\nroles: [admin]\n"));
        await refused(apply("kind: role\nname: helpdesk\npermissions: [grants.write]\n"));
        await refused(apply("kind: grant\nname: g\nprincipal: hal\nresource: shop\n"));
        await refused(apply("kind: resource\nname: shop\nstate: absent\n"));
        await refused(
          apply(
            "kind: access_rule\nname: a\nrequesters: [principal:hal]\nresources: [shop]\nmaxDuration: 1h\nautoApprove: true\n",
          ),
        );
        await expectStatus(apply("kind: group\nname: harmless\nmembers: [hal]\n"), 200);
      });

      it("and nobody becomes, or is rid of, somebody who may do more", async () => {
        await refused(call("PUT", "/v1/principals/root/password", { password: "a-password-of-hals" }, hal));
        await refused(call("PATCH", "/v1/principals/otto", { disabled: true }, hal));
        await refused(call("DELETE", "/v1/principals/otto", undefined, hal));
        await expectStatus(call("PUT", "/v1/principals/ana/password", { password: "a-password-of-anas" }, hal), 204);
      });

      it("an administrator appoints auditors, but never themselves nor a program of theirs", async () => {
        await refused(call("PATCH", "/v1/principals/root", { roles: ["admin", "auditor"] }));
        await refused(call("POST", "/v1/groups", { name: "eyes", members: ["root"], roles: ["auditor"] }));
        await call("POST", "/v1/principals", { name: "roots-bot", kind: "ai_agent", onBehalfOf: "root" });
        await refused(call("PATCH", "/v1/principals/roots-bot", { roles: ["auditor"] }));
        await refused(call("PUT", "/v1/roles/eye", { permissions: ["recordings.read_originals"] }));
        await expectStatus(call("PATCH", "/v1/principals/ana", { roles: ["auditor"] }), 200);
        await expectStatus(call("PATCH", "/v1/principals/ana", { roles: ["user"] }), 200);
      });
    });

    it("take effect and end at once, also those of a group", async () => {
      const zed = await harness.addUser("zed");
      await refused(call("GET", "/v1/principals", undefined, zed));
      await expectStatus(call("POST", "/v1/groups", { name: "desk", members: ["zed"], roles: ["helpdesk"] }), 201);
      await expectStatus(call("GET", "/v1/principals", undefined, zed), 200);
      expect((await call("GET", "/v1/me", undefined, zed)).json.roles).toEqual(["helpdesk", "user"]);
      await expectStatus(call("PUT", "/v1/groups/desk/members", { members: [] }), 200);
      await refused(call("GET", "/v1/principals", undefined, zed));
    });

    it("are gone for good when they are deleted: a later one of the same name falls to nobody", async () => {
      await expectStatus(call("PUT", "/v1/roles/short", { permissions: ["principals.read"] }), 200);
      const lou = await harness.addUser("lou", ["short"]);
      await expectStatus(call("DELETE", "/v1/roles/short"), 204);
      await expectStatus(call("PUT", "/v1/roles/short", { permissions: ["principals.read"] }), 200);
      await refused(call("GET", "/v1/principals", undefined, lou));
      await expectStatus(call("PATCH", "/v1/principals/lou", { roles: ["no-such"] }), 400);
    });
  });
}
