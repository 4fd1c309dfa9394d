import { randomBytes } from "node:crypto";
import { startHttpDouble } from "@tidewaiter/testkit/http-double";
import { startVaultDouble } from "@tidewaiter/testkit/vault-double";
import { describe, expect, it } from "vitest";
import { createSecretStores, readSecretStoreSettings } from "../src/create-secret-stores.ts";
import type { WrappingKey } from "../src/wrapping-keys/wrapping-key.ts";

const VARIABLES: Record<string, string> = {
  VAULT_TOKEN: "root-token",
  AWS_ACCESS_KEY_ID: "AKIA",
  AWS_SECRET_ACCESS_KEY: "k",
};
const ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

function keyOf(settings: object, id: string): WrappingKey {
  const deps = { readVariable: (name: string) => VARIABLES[name], now: Date.now };
  return createSecretStores(readSecretStoreSettings(JSON.stringify(settings)), deps).wrappingKey(id);
}

/** Shapes of API_Encrypt and API_Decrypt. */
async function startKms() {
  const kept = new Map<string, { plaintext: string; context: string }>();
  return startHttpDouble(({ headers, body }) => {
    const asked = JSON.parse(body) as Record<string, string>;
    const context = JSON.stringify(asked.EncryptionContext);
    if (headers["x-amz-target"] === "TrentService.Encrypt") {
      const CiphertextBlob = Buffer.from(`blob-${kept.size}`).toString("base64");
      kept.set(CiphertextBlob, { plaintext: asked.Plaintext ?? "", context });
      return { json: { CiphertextBlob, KeyId: ARN, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" } };
    }
    const known = kept.get(asked.CiphertextBlob ?? "");
    if (known?.context !== context) return { status: 400, json: { __type: "InvalidCiphertextException" } };
    return { json: { Plaintext: known.plaintext, KeyId: ARN } };
  });
}

describe.each([
  {
    name: "vault-transit (double of Vault)",
    id: "vault-transit:transit/tidewaiter",
    start: startVaultDouble,
    settings: (url: string) => ({ vault: { address: url, auth: { method: "token", token: "env:VAULT_TOKEN" } } }),
  },
  {
    name: "aws-kms (double of the documented exchange)",
    id: `aws-kms:${ARN}`,
    start: startKms,
    settings: (url: string) => ({ aws: { endpoints: { kms: url } } }),
  },
])("wrapping key $name", ({ id, start, settings }) => {
  it("opens what it wrapped, for the same purpose only", async () => {
    const service = await start();
    const key = keyOf(settings(service.url), id);
    const secret = randomBytes(32);
    const wrapped = await key.wrap(secret, "mk_1");
    expect(key.id).toBe(id);
    expect(await key.unwrap(wrapped, "mk_1")).toEqual(secret);
    await expect(key.unwrap(wrapped, "mk_2")).rejects.toMatchObject({ code: "secret_unavailable" });
    expect(service.requests.length).toBeGreaterThanOrEqual(3);
    await service.stop();
    await expect(key.unwrap(wrapped, "mk_1")).rejects.toMatchObject({
      code: "secret_unavailable",
      detail: expect.stringContaining("reached"),
    });
  });
});

it("says what a key has to look like, and whose settings are missing", () => {
  for (const id of ["vault-transit:transit", "aws-kms:x", "gcp-kms:x", `aws-kms:${ARN}`, "vault-transit:transit/k"]) {
    expect(() => keyOf({}, id), id).toThrow(/--secret-stores|expected/);
  }
  expect(() => readSecretStoreSettings("vault: {address: https://v, auth: {method: token, token: hvs.x}}")).toThrow(
    /vault.auth.token/,
  );
  expect(() => readSecretStoreSettings("vualt: {}")).toThrow(/secret stores/);
});
