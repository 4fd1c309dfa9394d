import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./running.ts";
import { expectStatus, setTheScene } from "./scene.ts";

describe("credentials that a protocol does not take", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness("sqlite");
    await setTheScene(harness);
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const set = (resource: string, body: object) =>
    harness.call("PUT", `/v1/resources/${resource}/credentials/write`, body);
  const apply = (source: string) => harness.call("POST", "/v1/apply", { documents: [{ name: "r.yaml", source }] });

  it("are refused where they are set, with those that it takes", async () => {
    for (const body of [
      { type: "ssh_key", username: "deploy", privateKeyPem: "x" },
      { type: "ssh_certificate", username: "deploy" },
      { type: "token", reference: "env:TOKEN" },
    ]) {
      const answer = await set("shop", body);
      expect(answer.status).toBe(400);
      const detail = `a credential for postgres is of type password, certificate or trust, not ${body.type}`;
      expect(answer.json.detail).toBe(detail);
    }
    expect((await harness.call("GET", "/v1/resources/shop")).json.credentials).toMatchObject([{ level: "read" }]);
    const unknown = await set("nowhere", { type: "trust", username: "u" });
    expect([unknown.status, unknown.json.detail]).toEqual([404, "there is no resource nowhere"]);
  });

  it("are refused in documents, at their place", async () => {
    const source = `kind: resource
name: web-1
protocol: ssh
target: { host: web-1.internal }
agent: site
credentials:
  write: { type: ssh_certificate, username: deploy }
  read: { type: token, reference: "env:TOKEN" }
`;
    const answer = await apply(source);
    expect(answer.status).toBe(400);
    expect(answer.json.detail).toContain("r.yaml:8:17");
    expect(answer.json.detail).toContain(
      "a credential for ssh is of type password, ssh_key or ssh_certificate, not token",
    );
    expect(answer.json.detail).not.toContain(":7:");
    expect((await harness.call("GET", "/v1/resources/web-1")).status).toBe(404);
  });

  it("do not come with a resource that gets another protocol", async () => {
    const moved = `kind: resource
name: shop
protocol: ssh
target: { host: db.internal }
agent: site
tags: { env: prod }
`;
    const refused = await apply(moved);
    expect([refused.status, refused.json.detail]).toEqual([
      409,
      "r.yaml:1: resource shop: its credential of level read is for postgres: set that level here too",
    ]);
    const credential = "credentials: { read: { type: ssh_certificate, username: deploy } }";
    await expectStatus(apply(`${moved}${credential}\n`), 200);
    const { protocol, credentials } = (await harness.call("GET", "/v1/resources/shop")).json;
    expect([protocol, credentials]).toMatchObject(["ssh", [{ level: "read", type: "ssh_certificate" }]]);
  });
});
