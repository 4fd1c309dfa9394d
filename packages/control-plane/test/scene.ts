import { generateKeyPairSync } from "node:crypto";
import type { AuthorizedSession, SessionRequest } from "@tidewaiter/core";
import { GATEWAY, type Harness } from "./running.ts";

export const TARGET_PASSWORD = "the-target-password-9f3k";

/** ana may read shop through an online agent; the credential is set. */
export async function setTheScene(harness: Harness, protocol = "postgres") {
  const { call, port } = harness;
  const anaToken = await harness.addUser("ana");
  const agent = await joinAgent(harness, "site");
  await port.reportAgent({ agentId: agent.id, gatewayId: GATEWAY, state: "online", version: "1.0.0", data: {} });
  const resource = {
    name: "shop",
    protocol,
    target: { host: "db.internal" },
    agent: "site",
    tags: { env: "prod" },
  };
  await expectStatus(call("POST", "/v1/resources", resource), 201);
  const credential = { type: "password", username: "shop_reader", password: TARGET_PASSWORD };
  await expectStatus(call("PUT", "/v1/resources/shop/credentials/read", credential), 204);
  const grant = await expectStatus(call("POST", "/v1/grants", { principal: "ana", resource: "shop" }), 201);
  const ana = (await call("GET", "/v1/principals/ana")).json as { id: string };
  return { anaToken, anaId: ana.id, grantId: grant.json.id as string, agent };
}

export async function joinAgent(harness: Harness, name: string) {
  const pair = generateKeyPairSync("ed25519");
  const { token } = (await expectStatus(harness.call("POST", "/v1/agents/tokens", { name }), 201)).json;
  const { kty, crv, x } = pair.publicKey.export({ format: "jwk" });
  const join = { token, publicKey: { kty, crv, x }, version: "1.0.0" };
  const joined = await expectStatus(harness.call("POST", "/v1/agents/join", join, null), 201);
  return { id: joined.json.agentId as string, name, privateKey: pair.privateKey, joined: joined.json, token };
}

export async function expectStatus<T extends { status: number; text: string }>(
  answer: Promise<T>,
  status: number,
): Promise<T> {
  const got = await answer;
  if (got.status !== status) throw new Error(`expected ${status}, got ${got.status}: ${got.text}`);
  return got;
}

export function sessionRequest(principalId: string, more: Partial<SessionRequest> = {}): SessionRequest {
  const client = { address: "127.0.0.1" };
  return { gatewayId: GATEWAY, principalId, resourceName: "shop", protocol: "postgres", client, detail: {}, ...more };
}

export async function openSession(
  harness: Harness,
  principalId: string,
  more: Partial<SessionRequest> = {},
): Promise<AuthorizedSession> {
  const result = await harness.port.authorizeSession(sessionRequest(principalId, more));
  if (!result.ok) throw new Error(`no session: ${result.reason}: ${result.detail}`);
  return result.session;
}

export const COUNTERS = { statements: 3, refused: 1, held: 0, rows: 20, bytesToClient: 900, bytesToTarget: 80 };
