import { createApiClient } from "@tidewaiter/contract";
import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { register, route } from "../src/http/route.ts";
import { generatedFiles, staleFiles } from "../src/openapi/generate.ts";
import { permissionsOf, ROLE_PERMISSIONS } from "../src/permissions.ts";
import { addAccess, may } from "../src/plugins/access.ts";
import { addProblems } from "../src/plugins/problems.ts";
import type { Services } from "../src/services.ts";
import { ADMIN, type Harness, startHarness } from "./running.ts";

describe("API", () => {
  let harness: Harness;
  let userToken: string;
  let auditorToken: string;

  beforeAll(async () => {
    harness = await startHarness();
    userToken = await harness.addUser("uma");
    auditorToken = await harness.addUser("otto", ["auditor"]);
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  it("serves exactly the document that is committed, and nothing beside it", async () => {
    expect(await staleFiles(await generatedFiles())).toEqual([]);
  });

  it("answers nobody on a route that is not public", async () => {
    const { paths } = (await harness.call("GET", "/v1/openapi.json", undefined, null)).json as OpenApi;
    const open: string[] = [];
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const name = `${method.toUpperCase()} ${path}`;
        if (operation.security.length === 0) {
          open.push(name);
          continue;
        }
        const url = path.replace(/\{\w+\}/g, "x");
        const answer = await harness.call(method.toUpperCase() as "GET", url, undefined, null);
        expect(answer.status, name).toBe(401);
        expect(answer.json, name).toMatchObject({ code: "unauthenticated" });
      }
    }
    expect(open.sort()).toEqual([
      "GET /v1/health",
      "GET /v1/identity-providers/{name}/saml-metadata",
      "GET /v1/policies/schema",
      "POST /v1/agents/join",
      "POST /v1/emergency/drill",
      "POST /v1/emergency/use",
      "POST /v1/login",
      "POST /v1/login/code",
      "POST /v1/login/device",
      "POST /v1/login/device/token",
      "POST /v1/login/refresh",
    ]);
  });

  it("lets a role do what the table says and nothing else", async () => {
    const { paths } = (await harness.call("GET", "/v1/openapi.json")).json as OpenApi;
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const permission = /permission `([^`]+)`/.exec(operation.description)?.[1];
        if (permission === undefined) continue;
        const url = path.replace("{level}", "read").replace(/\{\w+\}/g, "x");
        for (const [roles, token] of [
          [["user"], userToken],
          [["auditor"], auditorToken],
        ] as const) {
          // Logging out would end the token that the rest needs.
          if (path === "/v1/logout") continue;
          const answer = await harness.call(method.toUpperCase() as "GET", url, {}, token);
          const allowed = permissionsOf(roles).has(permission as never);
          if (!allowed) expect(answer.json, `${method} ${path} ${roles}`).toMatchObject({ code: "permission_missing" });
          else expect(answer.status, `${method} ${path} ${roles}`).not.toBe(401);
        }
      }
    }
  });

  it("gives an auditor no permission to change anything", () => {
    const changing = ROLE_PERMISSIONS.auditor.filter((permission) => /write|apply|kill/.test(permission));
    expect(changing).toEqual(["self.write"]);
  });

  it("does not start with a route that declares nothing", async () => {
    const app = pluginsOnly();
    expect(() => app.get("/v1/undeclared", async () => "")).toThrow(/declares neither/);
    await app.close();
  });

  it("cuts from an answer what its schema does not name", async () => {
    const leaky = route({
      method: "GET",
      url: "/v1/leaky",
      summary: "Only in this test",
      access: { public: true },
      response: z.object({ shown: z.string() }),
      handle: async () => ({ shown: "yes", passwordHash: "no" }) as { shown: string },
    });
    const app = pluginsOnly();
    register(app, leaky, { may, tagsOf: async () => undefined });
    expect((await app.inject({ url: "/v1/leaky" })).body).toBe('{"shown":"yes"}');
    await app.close();
  });

  it("describes every error as a problem", async () => {
    const missing = await harness.call("GET", "/v1/principals/nobody");
    expect(missing.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
    expect(missing.json).toEqual({
      type: "urn:tidewaiter:error:not_found",
      title: "There is no such thing",
      status: 404,
      detail: "there is no principal nobody",
      code: "not_found",
    });
    expect((await harness.call("GET", "/v1/nowhere")).json).toMatchObject({ code: "not_found" });
    const wrong = await harness.call("POST", "/v1/principals", { name: "Bad Name", extra: 1 });
    expect(wrong.json).toMatchObject({ code: "bad_request" });
    expect(wrong.json.detail).toContain("body.name");
    expect(wrong.json.detail).toContain("unknown field extra");
    const large = await harness.call("POST", "/v1/principals", { name: "x".repeat(100_000) });
    expect(large.json).toMatchObject({ status: 413, code: "too_large" });
    const app = harness.running.app;
    const text = await app.inject({
      method: "POST",
      url: "/v1/login",
      headers: { "content-type": "text/plain" },
      payload: "x",
    });
    expect(text.json()).toMatchObject({ status: 400, code: "bad_request" });
    const broken = await app.inject({
      method: "POST",
      url: "/v1/login",
      headers: { "content-type": "application/json" },
      payload: '{"password": "hunter2-hunter2", ',
    });
    expect(broken.json()).toMatchObject({ status: 400, code: "bad_request" });
    expect(broken.body).not.toContain("hunter2");
  });

  it("sets security headers on every answer", async () => {
    for (const url of ["/v1/health", "/v1/nowhere", "/v1/me"]) {
      const { headers } = await harness.call("GET", url, undefined, null);
      expect(headers).toMatchObject({
        "content-security-policy": expect.stringContaining("default-src 'none'"),
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
      });
    }
  });

  it("tells nothing about a review to somebody who is not signed in", async () => {
    const page = await harness.call("GET", "/r/7q2hx", undefined, null);
    expect([page.status, page.headers.location]).toEqual([303, "/sign-in?next=%2Fr%2F7q2hx"]);
    expect(page.text).toBe("");
  });

  it("works through the generated client", async () => {
    const address = await harness.running.app.listen({ host: "127.0.0.1", port: 0 });
    const client = createApiClient({ baseUrl: address, token: harness.adminToken });
    const made = await client.POST("/v1/groups", { body: { name: "by-client", members: ["uma"] } });
    expect(made.data?.members).toEqual(["uma"]);
    const { data, error } = await client.GET("/v1/principals/{name}", { params: { path: { name: "nobody" } } });
    expect(data).toBeUndefined();
    expect(error).toMatchObject({ code: "not_found" });
  });

  describe("signing in", () => {
    it("says the same for a wrong password and for a name that is not there", async () => {
      const wrong = await harness.call("POST", "/v1/login", { name: "uma", password: "not-her-password" }, null);
      const nobody = await harness.call("POST", "/v1/login", { name: "nobody", password: "not-her-password" }, null);
      expect(wrong.status).toBe(401);
      expect(nobody.text).toBe(wrong.text);
    });

    it("slows one address down without keeping the owner out elsewhere", async () => {
      const attempt = (remoteAddress: string, password: string) =>
        harness.running.app.inject({
          method: "POST",
          url: "/v1/login",
          payload: { name: ADMIN.name, password },
          remoteAddress,
        });
      const codes: number[] = [];
      for (let count = 0; count < 7; count++) codes.push((await attempt("192.0.2.7", "guess")).statusCode);
      expect(codes).toEqual([401, 401, 401, 401, 401, 429, 429]);
      expect((await attempt("192.0.2.7", ADMIN.password)).statusCode).toBe(429);
      expect((await attempt("198.51.100.9", ADMIN.password)).statusCode).toBe(200);
      harness.clock.advance(15_000);
      expect((await attempt("192.0.2.7", ADMIN.password)).statusCode).toBe(200);
    });

    it("ends tokens with logout, with a new password, with disabling, and with time", async () => {
      const works = async (token: string) => (await harness.call("GET", "/v1/me", undefined, token)).status === 200;
      const one = await harness.addUser("vic");
      expect(await works(one)).toBe(true);
      expect((await harness.call("POST", "/v1/logout", undefined, one)).status).toBe(204);
      expect(await works(one)).toBe(false);
      const two = await harness.login("vic", "vic-has-a-long-password");
      await harness.call("PUT", "/v1/principals/vic/password", { password: "another-long-password" });
      expect(await works(two)).toBe(false);
      const three = await harness.login("vic", "another-long-password");
      await harness.call("PATCH", "/v1/principals/vic", { disabled: true });
      expect(await works(three)).toBe(false);
      await harness.call("PATCH", "/v1/principals/vic", { disabled: false });
      harness.clock.advance(8 * 3600 * 1000);
      expect(await works(three)).toBe(false);
    });

    it("takes no token of another kind, key or algorithm", async () => {
      const admin = await harness.login(ADMIN.name, ADMIN.password);
      const [header = "", payload = "", signature = ""] = admin.split(".");
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
      const forged = Buffer.from(JSON.stringify({ ...claims, sub: "prn_other" })).toString("base64url");
      for (const token of [`${none}.${payload}.`, `${header}.${forged}.${signature}`, `${header}.${payload}.`, "x"]) {
        expect((await harness.call("GET", "/v1/me", undefined, token)).status).toBe(401);
      }
      expect((await harness.call("GET", "/v1/me", undefined, admin)).status).toBe(200);
    });
  });

  it("keeps the last administrator", async () => {
    const admin = await harness.login(ADMIN.name, ADMIN.password);
    for (const [method, body] of [
      ["DELETE", undefined],
      ["PATCH", { disabled: true }],
      ["PATCH", { roles: [] }],
    ] as const) {
      expect((await harness.call(method, "/v1/principals/root", body, admin)).status).toBe(409);
    }
    expect(await harness.running.bootstrapAdmin(ADMIN)).toBe(false);
  });

  it("uses a join token once", async () => {
    const admin = await harness.login(ADMIN.name, ADMIN.password);
    const { token } = (await harness.call("POST", "/v1/agents/tokens", { name: "once" }, admin)).json;
    const publicKey = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
    const join = (body: object) =>
      harness.call("POST", "/v1/agents/join", { token, publicKey, version: "1", ...body }, null);
    const results = await Promise.all([join({}), join({}), join({})]);
    expect(results.map((result) => result.status).sort()).toEqual([201, 401, 401]);
    expect((await join({ token: "twj_wrong" })).status).toBe(401);
  });

  it("makes no secret for another person, but for one's own AI agent", async () => {
    const admin = await harness.login(ADMIN.name, ADMIN.password);
    const uma = await harness.login("uma", "uma-has-a-long-password");
    await harness.call("POST", "/v1/principals", { name: "umas-bot", kind: "ai_agent", onBehalfOf: "uma" }, admin);
    const make = (forPrincipal: string, token: string) =>
      harness.call("POST", "/v1/connection-secrets", { forPrincipal }, token);
    expect((await make("uma", admin)).status).toBe(403);
    expect((await make("root", uma)).status).toBe(403);
    expect((await make("umas-bot", uma)).status).toBe(201);
    const other = await harness.login("otto", "otto-has-a-long-password");
    expect((await make("umas-bot", other)).status).toBe(403);
    const listed = await harness.call("GET", "/v1/connection-secrets?all=true", undefined, uma);
    expect(listed.json.secrets.map((secret: { principal: string }) => secret.principal)).toEqual(["umas-bot"]);
    const stolen = `/v1/connection-secrets/${listed.json.secrets[0].id}`;
    expect((await harness.call("DELETE", stolen, undefined, other)).status).toBe(404);
    expect((await harness.call("DELETE", stolen, undefined, uma)).status).toBe(204);
  });

  it("allows 64 live secrets", async () => {
    const token = await harness.login("uma", "uma-has-a-long-password");
    const codes: number[] = [];
    for (let count = 0; count < 65; count++) {
      codes.push((await harness.call("POST", "/v1/connection-secrets", {}, token)).status);
    }
    expect(codes.filter((code) => code === 201)).toHaveLength(64);
    expect(codes.at(-1)).toBe(409);
  });
});

interface OpenApi {
  readonly paths: Record<string, Record<string, { security: unknown[]; description: string }>>;
}

/** The plugins alone, before anything is ready, so that a test may add a route. */
function pluginsOnly() {
  const app = Fastify();
  addProblems(app);
  addAccess(app, {} as Services);
  return app;
}
