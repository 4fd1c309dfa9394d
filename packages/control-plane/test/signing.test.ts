import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { expect, it } from "vitest";
import { startHarness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

it("rotates grant keys so that agents that know only the old one can follow", async () => {
  await using harness = await startHarness();
  const { port, clock } = harness;
  const { anaId } = await setTheScene(harness);
  const before = await port.grantKeys();
  expect(before.statement).toBeUndefined();
  const { last } = await port.changes(1_000_000, 0);
  const { kid } = await harness.running.rotateSigningKey("session_grant");
  expect((await port.changes(last, 0)).changes).toMatchObject([{ kind: "agent", id: "grant_keys" }]);

  const after = await port.grantKeys();
  expect(after.keys).toHaveLength(2);
  const known = createLocalJWKSet({ keys: [...before.keys] } as unknown as JSONWebKeySet);
  const options = { issuer: "tidewaiter", typ: "tw-grant-keys+jwt", currentDate: new Date(clock.now()) };
  const { payload } = await jwtVerify(after.statement ?? "", known, options);
  expect(payload.keys).toEqual(after.keys);
  expect(JSON.stringify(after)).not.toContain('"d"');

  const signedWith = async () => decodeProtectedHeader((await openSession(harness, anaId)).sessionGrant).kid;
  expect(await signedWith()).toBe(before.keys[0]?.kid);
  clock.advance(11 * MINUTE);
  expect(await signedWith()).toBe(kid);
  clock.advance(8 * DAY);
  expect((await port.grantKeys()).keys.map((key) => key.kid)).toEqual([kid]);
});

it("rotates access token keys without ending tokens", async () => {
  await using harness = await startHarness();
  await harness.running.rotateSigningKey("access_token");
  harness.clock.advance(2 * MINUTE);
  const fresh = await harness.login("root", "correct-horse-battery");
  expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(harness.adminToken).kid);
  for (const token of [fresh, harness.adminToken]) {
    expect((await harness.call("GET", "/v1/me", undefined, token)).status).toBe(200);
  }
});
