import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../running.ts";
import { expectStatus } from "../scene.ts";

const AUDIENCE = "https://gw.example";
const SECRET = "the-clients-own-secret-4711";

/** Workloads of a real, certified provider: client credentials, and access tokens as JWT (RFC 9068) for our audience (RFC 8707). */
describe("workload federation with oidc-provider", () => {
  const server = createServer();
  let harness: Harness;
  let issuer: string;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = {
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    };
    const provider = new Provider(issuer, {
      clients: [
        { client_id: "deployer", ...client },
        { client_id: "other", ...client },
      ],
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => AUDIENCE,
          getResourceServerInfo: (_context: unknown, audience: string) => ({
            scope: "deploy",
            audience,
            accessTokenFormat: "jwt",
            accessTokenTTL: 300,
            jwt: { sign: { alg: "RS256" } },
          }),
        },
      },
    });
    server.on("request", provider.callback());
    harness = await startHarness("sqlite", { now: Date.now });
    await expectStatus(harness.call("POST", "/v1/principals", { name: "ci", kind: "service" }), 201);
    const federation = {
      kind: "federation",
      name: "deploy",
      issuer,
      audience: AUDIENCE,
      subject: "deployer",
      when: 'claims.client_id == "deployer" && claims.scope == "deploy"',
      principal: "ci",
      singleUse: true,
    };
    const documents = [{ name: "federation.yaml", source: JSON.stringify(federation) }];
    await expectStatus(harness.call("POST", "/v1/apply", { documents, dryRun: false }), 200);
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await harness[Symbol.asyncDispose]();
  });

  const workloadToken = async (client: string, resource = AUDIENCE, scope = "deploy") => {
    const response = await fetch(`${issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${client}:${SECRET}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", resource, scope }),
    });
    const answer = (await response.json()) as { access_token?: string };
    if (answer.access_token === undefined) throw new Error(JSON.stringify(answer));
    return answer.access_token;
  };
  const exchange = async (token: string) => {
    const payload = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      subject_token: token,
    }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await harness.running.app.inject({ method: "POST", url: "/v1/token", headers, payload });
    return { status: response.statusCode, json: JSON.parse(response.body) };
  };

  it("lets the workload in that the document names, once per token", async () => {
    const token = await workloadToken("deployer");
    const answer = await exchange(token);
    expect([answer.status, answer.json.token_type], JSON.stringify(answer.json)).toEqual([200, "Bearer"]);
    const me = await expectStatus(harness.call("GET", "/v1/me", undefined, answer.json.access_token), 200);
    expect(me.json.principal).toMatchObject({ name: "ci", kind: "service" });
    expect((await exchange(token)).json.error).toBe("invalid_grant");
  });

  it("and no other workload of the same provider, audience or scope", async () => {
    for (const token of [
      await workloadToken("other"),
      await workloadToken("deployer", "https://other.example"),
      await workloadToken("deployer", AUDIENCE, ""),
    ]) {
      expect((await exchange(token)).json.error).toBe("invalid_grant");
    }
  });
});
