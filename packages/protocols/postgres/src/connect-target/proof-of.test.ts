import { expect, it } from "vitest";
import { postgresTargetSchema } from "../target-schema.ts";
import { proofOf } from "./proof-of.ts";

it.each([
  [
    { type: "password", username: "u", password: "p" },
    { password: "p", tls: {} },
  ],
  [{ type: "certificate", username: "u", certificatePem: "c", privateKeyPem: "k" }, { tls: { cert: "c", key: "k" } }],
  [{ type: "trust", username: "u" }, { tls: {} }],
] as const)("proves a user of PostgreSQL: %j", (credential, proof) => {
  expect(proofOf(credential)).toEqual(proof);
  expect(postgresTargetSchema.credentialTypes).toContain(credential.type);
});

it.each([
  { type: "token", username: "u", token: "canary" },
  { type: "ssh_key", username: "u", privateKeyPem: "canary" },
] as const)("does not try with what PostgreSQL does not take: %j", (credential) => {
  const told = `the stored credential is of a type that PostgreSQL does not take: it is of type ${credential.type}`;
  expect(() => proofOf(credential)).toThrow(told);
  expect(postgresTargetSchema.credentialTypes).not.toContain(credential.type);
});
