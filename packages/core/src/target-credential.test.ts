import { expect, it } from "vitest";
import { credentialFrom } from "./target-credential.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
const KEY = "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----";

it("takes certificate chain and key out of one PEM text, in any order", () => {
  expect(credentialFrom("certificate", { username: "u", value: `${KEY}\n${CERTIFICATE}\n${CERTIFICATE}\n` })).toEqual({
    type: "certificate",
    username: "u",
    certificatePem: `${CERTIFICATE}\n${CERTIFICATE}`,
    privateKeyPem: KEY,
  });
});

it.each([
  ["no key", { username: "u", value: CERTIFICATE }],
  ["no certificate", { username: "u", value: KEY }],
  ["no user", { username: "", value: `${KEY}${CERTIFICATE}` }],
])("refuses %s without repeating the secret", (_name, secret) => {
  expect(() => credentialFrom("certificate", secret)).toThrow(/secret_unavailable/);
  expect(() => credentialFrom("certificate", secret)).not.toThrow(/AAAA|BBBB/);
});

it("takes a bearer token without the line break of its file", () => {
  expect(credentialFrom("token", { username: "u", value: "eyJh.b-_c.d~+/==\n" })).toEqual({
    type: "token",
    username: "u",
    token: "eyJh.b-_c.d~+/==",
  });
});

it.each(["", "\n", "two words", "a\r\nImpersonate-User: root", "tök3n", "=="])(
  "refuses what cannot stand in an Authorization header: %j",
  (value) => {
    expect(() => credentialFrom("token", { username: "u", value })).toThrow(/secret_unavailable.*bearer token/);
  },
);
