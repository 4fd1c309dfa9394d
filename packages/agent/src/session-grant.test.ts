import { createHmac } from "node:crypto";
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { verifyGrantKeys, verifySessionGrant } from "./session-grant.ts";

const { privateKey, publicKey } = await generateKeyPair("EdDSA");
const stranger = await generateKeyPair("EdDSA");
const jwk = { ...(await exportJWK(publicKey)), kid: "k1" };
const expected = { keys: { keys: [jwk] }, agentId: "agent-1", gatewayId: "gw-1" };
const now = Math.floor(Date.now() / 1000);
const CLAIMS: JWTPayload = {
  iss: "tidewaiter",
  aud: "agent-1",
  gw: "gw-1",
  sid: "s-1",
  addr: "db:5432",
  nbf: now,
  exp: now + 60,
};
const HEADER = { alg: "EdDSA", typ: "tw-session-grant+jwt", kid: "k1" };

const sign = (claims: JWTPayload, header: object = {}, key: CryptoKey = privateKey): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ ...HEADER, ...header }).sign(key);
const without = (name: string): JWTPayload =>
  Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name));
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("verifySessionGrant", () => {
  it("gives session and address of a good grant", async () => {
    expect(await verifySessionGrant(await sign(CLAIMS), expected)).toEqual({
      sessionId: "s-1",
      addresses: [{ kind: "tcp", host: "db", port: 5432 }],
    });
    const several = await verifySessionGrant(await sign({ ...CLAIMS, addr: "a:1,[::1]:2" }), expected);
    expect(several.addresses).toEqual([
      { kind: "tcp", host: "a", port: 1 },
      { kind: "tcp", host: "::1", port: 2 },
    ]);
  });

  it.each<[string, string, () => Promise<string>]>([
    ["expired", "grant_expired", () => sign({ ...CLAIMS, nbf: now - 100, exp: now - 10 })],
    ["not valid yet", "grant_invalid", () => sign({ ...CLAIMS, nbf: now + 60, exp: now + 120 })],
    ["for another agent", "grant_invalid", () => sign({ ...CLAIMS, aud: "agent-2" })],
    ["for another gateway", "wrong_session", () => sign({ ...CLAIMS, gw: "gw-2" })],
    ["of another issuer", "grant_invalid", () => sign({ ...CLAIMS, iss: "someone" })],
    ["of another type", "grant_invalid", () => sign(CLAIMS, { typ: "JWT" })],
    ["signed by a stranger", "grant_invalid", () => sign(CLAIMS, {}, stranger.privateKey)],
    ["signed by an unknown key id", "grant_invalid", () => sign(CLAIMS, { kid: "k2" }, stranger.privateKey)],
    ["living too long", "grant_invalid", () => sign({ ...CLAIMS, exp: now + 90_000 })],
    ...["exp", "nbf", "sid", "addr", "gw", "aud", "iss"].map((name): [string, string, () => Promise<string>] => [
      `without ${name}`,
      name === "gw" ? "wrong_session" : "grant_invalid",
      () => sign(without(name)),
    ]),
    ["naming a wildcard", "grant_invalid", () => sign({ ...CLAIMS, addr: "*:5432" })],
    ["naming addresses as a list", "grant_invalid", () => sign({ ...CLAIMS, addr: ["a:1", "b:2"] })],
    ["naming an address and something else", "grant_invalid", () => sign({ ...CLAIMS, addr: "a:1,b" })],
    ["naming an address and a socket", "grant_invalid", () => sign({ ...CLAIMS, addr: "a:1,unix:/s" })],
    ["naming a wildcard among others", "grant_invalid", () => sign({ ...CLAIMS, addr: "a:1,*:2" })],
    ["naming nine addresses", "grant_invalid", () => sign({ ...CLAIMS, addr: Array(9).fill("a:1").join() })],
    ["unsigned", "grant_invalid", () => Promise.resolve(`${base64({ ...HEADER, alg: "none" })}.${base64(CLAIMS)}.`)],
    ["tampered with", "grant_invalid", async () => swapPayload(await sign(CLAIMS), { ...CLAIMS, addr: "other:22" })],
    ["signed by HMAC with the public key", "grant_invalid", () => Promise.resolve(hmacToken())],
    ["no token", "grant_invalid", () => Promise.resolve("nonsense")],
    ["too long", "grant_invalid", () => sign({ ...CLAIMS, pad: "x".repeat(9000) })],
  ])("refuses a grant %s", async (_name, code, token) => {
    await expect(verifySessionGrant(await token(), expected)).rejects.toMatchObject({ code });
  });
});

describe("verifyGrantKeys", () => {
  const header = { typ: "tw-grant-keys+jwt" };
  const next = { ...jwk, kid: "k2" };

  it("takes a new set signed by a trusted key, and no other", async () => {
    const claims = { iss: "tidewaiter", exp: now + 60, keys: [next] };
    expect(await verifyGrantKeys(await sign(claims, header), expected.keys)).toEqual({ keys: [next] });
    const forged = await sign(claims, header, stranger.privateKey);
    await expect(verifyGrantKeys(forged, expected.keys)).rejects.toMatchObject({ code: "grant_invalid" });
  });

  it("refuses a session grant in its place, an empty set and private keys", async () => {
    for (const token of [
      await sign({ ...CLAIMS, keys: [next] }),
      await sign({ iss: "tidewaiter", exp: now + 60, keys: [] }, header),
      await sign({ iss: "tidewaiter", exp: now + 60, keys: [{ ...next, d: "x" }] }, header),
    ]) {
      await expect(verifyGrantKeys(token, expected.keys)).rejects.toMatchObject({ code: "grant_invalid" });
    }
  });
});

function swapPayload(token: string, claims: object): string {
  const [header, , signature] = token.split(".");
  return `${header}.${base64(claims)}.${signature}`;
}

function hmacToken(): string {
  const signed = `${base64({ ...HEADER, alg: "HS256" })}.${base64(CLAIMS)}`;
  return `${signed}.${createHmac("sha256", JSON.stringify(jwk)).update(signed).digest("base64url")}`;
}
