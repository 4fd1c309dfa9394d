import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, tempDir } from "@tidewaiter/testkit";
import { startVaultDouble } from "@tidewaiter/testkit/vault-double";
import { describe, expect, it } from "vitest";
import { SecretResolver } from "../src/secret-resolver.ts";
import { VaultClient } from "../src/stores/vault/vault-client.ts";
import { vaultSettings } from "../src/stores/vault/vault-settings.ts";
import { createVaultStore } from "../src/stores/vault/vault-store.ts";
import { CANARY, secretStoreContract } from "./secret-store-contract.ts";

const variables: Record<string, string> = {
  VAULT_TOKEN: "root-token",
  SECRET_ID: "secret-id-1",
  WRONG_ID: "secret-id-2",
  WORKLOAD: "workload-jwt\n",
};
const APPROLE = { method: "approle", roleId: "role-1", secretId: "env:SECRET_ID" };

async function scene(auth: object = APPROLE, times: Parameters<typeof startVaultDouble>[0] = {}, allow?: string[]) {
  let at = Date.now();
  const now = () => at;
  const vault = await startVaultDouble({ password: CANARY, ...times });
  const settings = vaultSettings.parse({ address: vault.url, auth, allow });
  const client = new VaultClient(settings, { readVariable: (name) => variables[name], now });
  const store = createVaultStore(client, { allow: settings.allow, now });
  const problems: string[] = [];
  const resolver = new SecretResolver({ stores: [store], now, onProblem: (detail) => problems.push(detail) });
  return {
    vault,
    store,
    resolver,
    problems,
    advance: (ms: number) => {
      at += ms;
    },
    async [Symbol.asyncDispose]() {
      await resolver.close();
      client.close();
      await vault.stop();
    },
  };
}

secretStoreContract("vault (double of Vault)", async () => {
  const made = await scene();
  return {
    store: made.store,
    good: "vault:secret/data/one value",
    goodField: "vault:secret/data/shop#password",
    missing: "vault:secret/data/nothing",
    refused: [
      "vault:secret",
      "vault:/secret/data/shop",
      "vault:secret/data/../../sys/seal",
      "vault:sys/policies/acl/root",
      "vault:auth/token/lookup-self",
      "vault:secret/data/shop?version=latest",
      "vault:secret//data",
    ],
    stop: () => made[Symbol.asyncDispose](),
  };
});

describe("vault (double of Vault)", () => {
  it.each([
    ["token", { method: "token", token: "env:VAULT_TOKEN" }, []],
    ["approle", APPROLE, ["approle"]],
    ["jwt", { method: "jwt", role: "tidewaiter", token: "env:WORKLOAD" }, ["jwt"]],
  ])("signs in by %s, once", async (_name, auth, logins) => {
    await using made = await scene(auth);
    await Promise.all(
      ["#password", "#username"].map((field) => made.resolver.resolve(`vault:secret/data/shop${field}`)),
    );
    expect(made.vault.state.logins).toEqual(logins);
  });

  it("signs in by kubernetes with the token that stands in the file now", async () => {
    await using folder = tempDir("vault");
    const file = join(folder.path, "token");
    writeFileSync(file, "sa-token\n");
    await using made = await scene({ method: "kubernetes", role: "tidewaiter", token: `file:${file}` });
    expect((await made.resolver.resolve("vault:secret/data/shop")).value).toBe(CANARY);
    expect(made.vault.state.logins).toEqual(["kubernetes"]);
  });

  it("says that its login was refused, and repeats nothing of the answer", async () => {
    await using made = await scene({ ...APPROLE, secretId: "env:WRONG_ID" });
    const failed = made.resolver.resolve("vault:secret/data/shop");
    await expect(failed).rejects.toMatchObject({
      code: "secret_unavailable",
      detail: expect.stringContaining("HTTP 400"),
    });
    await expect(failed).rejects.not.toThrow(/secret-id/);
  });

  it("signs in anew when its token was revoked", async () => {
    await using made = await scene();
    await made.resolver.resolve("vault:secret/data/shop");
    made.vault.tokens.clear();
    expect((await made.resolver.resolve("vault:secret/data/shop#username")).value).toBe("shop_reader");
    expect(made.vault.state.logins).toHaveLength(2);
  });

  it("renews its own token while it can", async () => {
    await using made = await scene(APPROLE, { tokenSeconds: 1 });
    await made.resolver.resolve("vault:secret/data/shop");
    await eventually(() => expect(made.vault.state.renewedTokens).toBeGreaterThan(0));
  });

  it("reads versions, and the end of a static role's password", async () => {
    await using made = await scene();
    expect(await made.resolver.resolve("vault:secret/data/shop")).toMatchObject({ value: CANARY, version: "7" });
    expect((await made.resolver.resolve("vault:secret/data/shop?version=3#password")).value).toBe("an-old-one");
    const { expiresAt = 0 } = await made.resolver.resolve("vault:database/static-creds/shop");
    expect(expiresAt - Date.now()).toBeGreaterThan(1_100_000);
  });

  it("makes a user for each session, renews its lease and revokes it when the session ends", async () => {
    await using made = await scene(APPROLE, { leaseSeconds: 2 });
    const reference = "vault:database/creds/shop-reader";
    const one = await made.resolver.resolve(reference, { holder: "ses_1" });
    const two = await made.resolver.resolve(reference, { holder: "ses_2" });
    expect(one.username).toMatch(/^v-shop-reader-/);
    expect(two.username).not.toBe(one.username);
    expect(await made.resolver.resolve(reference, { holder: "ses_1" })).toBe(one);
    await eventually(() => expect(made.vault.state.renewedLeases).toBeGreaterThanOrEqual(2));
    await made.resolver.release("ses_1");
    expect([...made.vault.leases.values()].toSorted()).toEqual(["live", "revoked"]);
    await made.resolver.close();
    expect(new Set(made.vault.leases.values())).toEqual(new Set(["revoked"]));
    expect(made.problems).toEqual([]);
  });

  it("follows a rotation once the old value was refused, or its time is over", async () => {
    await using made = await scene();
    await made.resolver.resolve("vault:secret/data/shop");
    made.vault.state.password = "rotated";
    expect((await made.resolver.resolve("vault:secret/data/shop")).value).toBe(CANARY);
    made.advance(5_000);
    made.resolver.refused("vault:secret/data/shop");
    expect((await made.resolver.resolve("vault:secret/data/shop")).value).toBe("rotated");
  });

  it("asks for nothing outside the allowed paths", async () => {
    await using made = await scene(APPROLE, {}, ["secret/data/sh*", "database/creds/shop-reader"]);
    expect((await made.resolver.resolve("vault:secret/data/shop")).value).toBe(CANARY);
    expect(() => made.resolver.check("vault:secret/data/other")).toThrow(/do not allow/);
    expect(() => made.resolver.check("vault:database/creds/shop-reader-2")).toThrow(/do not allow/);
  });

  it("takes no address where tokens would travel in clear text", () => {
    const auth = { method: "token", token: "env:VAULT_TOKEN" };
    for (const address of ["http://vault.example:8200", "https://user:pass@vault.example", "ftp://vault.example"]) {
      expect(vaultSettings.safeParse({ address, auth }).success, address).toBe(false);
    }
    expect(
      vaultSettings.safeParse({ address: "https://vault.example", auth: { ...auth, token: "hvs.x" } }).success,
    ).toBe(false);
  });

  it("says that it is out of reach", async () => {
    const made = await scene();
    await made.vault.stop();
    const failed = made.resolver.resolve("vault:secret/data/shop");
    await expect(failed).rejects.toMatchObject({
      code: "secret_unavailable",
      detail: expect.stringContaining("reached"),
    });
  });
});
