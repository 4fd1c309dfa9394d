import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createControlPlane, type RunningControlPlane } from "../src/create-control-plane.ts";
import { caller, type Harness, startHarness } from "./running.ts";
import { expectStatus, setTheScene } from "./scene.ts";

const MINUTE = 60_000;

/** Approvals of access requests and of changes, as of reviews (review-pages.test.ts), by the command line. */
describe("approvals by the person", () => {
  let harness: Harness;
  let strict: RunningControlPlane;
  let ana: string;
  let ada: string;

  beforeAll(async () => {
    harness = await startHarness();
    ana = (await setTheScene(harness)).anaToken;
    strict = await createControlPlane({ ...harness.deps, requireSecondFactor: true });
    ada = await harness.addUser("ada", ["admin"]);
    const rule = { requesters: ["principal:ana"], resources: ["shop"], level: "write", maxDuration: "4h" };
    const asks = { ...rule, reviewers: { by: ["principal:ada"] } };
    await expectStatus(harness.call("PUT", "/v1/access-rules/ana", asks), 200);
    await expectStatus(harness.call("PUT", "/v1/settings/two-person", { twoPerson: "on" }), 204);
  });
  afterAll(async () => {
    await strict.close();
    await harness[Symbol.asyncDispose]();
  });

  const request = async () => {
    const body = { resource: "shop", level: "write", durationSeconds: 3600, reason: "ticket 812" };
    const { json } = await expectStatus(harness.call("POST", "/v1/access-requests", body, ana), 201);
    return json.id as string;
  };
  const change = async (noun: string, body: object) => {
    const { json } = await expectStatus(harness.call("PATCH", noun, body), 409);
    return /tw changes show (\w+)/.exec(json.next)?.[1] ?? "";
  };
  const code = (answer: { json: { code: string } }) => answer.json.code;

  it("need no proof where nothing asks for it", async () => {
    harness.clock.advance(6 * MINUTE);
    await expectStatus(harness.call("POST", `/v1/access-requests/${await request()}/approve`, {}, ada), 200);
    const id = await change("/v1/principals/ana", { roles: ["user", "auditor"] });
    await expectStatus(harness.call("POST", `/v1/changes/${id}/approve`, {}, ada), 200);
  });

  it("need a fresh proof where second factors are required; saying no does not", async () => {
    const call = caller(strict);
    const access = await request();
    const id = await change("/v1/principals/ana", { roles: ["user", "reviewer"] });
    expect(code(await call("POST", `/v1/access-requests/${access}/approve`, {}, ada))).toBe("step_up_required");
    expect(code(await call("POST", `/v1/changes/${id}/approve`, {}, ada))).toBe("step_up_required");
    await expectStatus(call("POST", `/v1/changes/${id}/reject`, {}, ada), 200);
    await expectStatus(harness.call("POST", "/v1/step-up", { password: "ada-has-a-long-password" }, ada), 204);
    await expectStatus(call("POST", `/v1/access-requests/${access}/approve`, {}, ada), 200);
  });

  it("need a fresh proof where the resource asks for presence", async () => {
    const secrets = { presence: "required" };
    const waiting = await change("/v1/resources/shop", { secrets });
    await expectStatus(harness.call("POST", `/v1/changes/${waiting}/approve`, {}, ada), 200);
    const access = await request();
    const observed = await change("/v1/resources/shop", { enforce: "observe" });
    const elsewhere = await change("/v1/principals/ana", { roles: ["user", "reviewer"] });
    harness.clock.advance(6 * MINUTE);
    expect(code(await harness.call("POST", `/v1/access-requests/${access}/approve`, {}, ada))).toBe("step_up_required");
    expect(code(await harness.call("POST", `/v1/changes/${observed}/approve`, {}, ada))).toBe("step_up_required");
    await expectStatus(harness.call("POST", `/v1/changes/${elsewhere}/approve`, {}, ada), 200);
    await expectStatus(harness.call("POST", `/v1/access-requests/${access}/deny`, {}, ada), 200);
    await expectStatus(harness.call("POST", "/v1/step-up", { password: "ada-has-a-long-password" }, ada), 204);
    await expectStatus(harness.call("POST", `/v1/changes/${observed}/approve`, {}, ada), 200);
  });
});
