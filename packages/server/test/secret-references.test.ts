import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectPg, eventually, tempDir } from "@tidewaiter/testkit";
import { startVaultDouble } from "@tidewaiter/testkit/vault-double";
import { afterAll, beforeAll, expect, it } from "vitest";
import { told, World } from "./world.ts";

/** The product as processes, a real PostgreSQL, and a DOUBLE of Vault: none can be had here. */
const FIRST = "first-password-4f1a";
const SECOND = "second-password-9c2e";
const vault = await startVaultDouble({ password: FIRST });
const folder = tempDir("references");
let world: World;

beforeAll(async () => {
  mkdirSync(join(folder.path, "secrets"));
  writeFileSync(join(folder.path, "secrets", "vault-token"), "root-token\n");
  const settings = join(folder.path, "stores.yaml");
  writeFileSync(
    settings,
    `vault:
  address: ${vault.url}
  auth: { method: token, token: "file:${folder.path}/secrets/vault-token" }
  allow: ["secret/data/shop", "database/creds/*"]
`,
  );
  chmodSync(settings, 0o600);
  world = await World.start({
    target: { auth: "scram", sql: [`create role shop_reader login superuser password '${FIRST}'`] },
    targetLogin: { user: "shop_reader", password: FIRST },
    allowSecret: ["env:SITE_SHOP"],
    agentEnv: { SITE_SHOP: SECOND, SHOP_PASSWORD: SECOND },
    serverArgs: [
      ...["--secret-stores", settings, "--secret-dir", join(folder.path, "secrets")],
      ...["--master-key-wrap", "vault-transit:transit/tidewaiter"],
    ],
  });
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await vault.stop();
  await folder.remove();
});

const set = (body: object) => world.api("PUT", "/v1/resources/prod-db/credentials/read", { type: "password", ...body });
const whoAmI = async () => {
  const connection = await world.connect("ana");
  const { rows } = await connection.client.query("select current_user as role");
  await connection.client.end();
  return { role: rows[0]?.role as string, sessionId: connection.sessionId };
};

async function changePassword(password: string): Promise<void> {
  const { host, port, superuser, superuserPassword } = world.target;
  const direct = await connectPg({ host, port, user: superuser, password: superuserPassword, database: "postgres" });
  await direct.client.query(`alter role shop_reader password '${password}'`);
  await direct.client.end();
}

it("keeps its master key wrapped: the file alone opens nothing", () => {
  const file = JSON.parse(readFileSync(join(world.tidewaiter.dataDir, "server/master.key"), "utf8")) as object;
  expect(file).toMatchObject({ version: 2, wrappedBy: "vault-transit:transit/tidewaiter" });
  expect(JSON.stringify(Object.values((file as { keys: object }).keys))).toContain("vault:v1:");
});

it("follows a password that was changed in Vault and at the database, without a restart", async () => {
  await set({ reference: "vault:secret/data/shop" });
  expect((await whoAmI()).role).toBe("shop_reader");
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await changePassword(SECOND);
  vault.state.password = SECOND;
  const reads = () => vault.requests.filter(({ path }) => path === "/v1/secret/data/shop").length;
  const before = reads();
  expect((await whoAmI()).role).toBe("shop_reader");
  expect(reads()).toBe(before + 1);
});

it("tells a client nothing of where the secret is kept, and an administrator all but the secret", async () => {
  await set({ reference: "vault:database/creds/gone" });
  const refused = await told(world.connect("ana"));
  expect(refused).toMatchObject({ code: "08001" });
  expect(refused.message).toContain("its credential cannot be read where it is kept");
  expect(JSON.stringify(refused)).not.toContain("vault");
  const check = JSON.stringify(await world.api("POST", "/v1/resources/prod-db/check", { level: "read" }));
  expect(check).toContain("vault:database/creds/gone: the store does not have it (HTTP 404)");
});

it("reads a secret beside the target through the agent, as far as that allows it", async () => {
  await set({ username: "shop_reader", reference: "agent:env:SITE_SHOP" });
  expect((await whoAmI()).role).toBe("shop_reader");
  await set({ username: "shop_reader", reference: "agent:env:SHOP_PASSWORD" });
  const refused = await told(world.connect("ana"));
  expect(refused.message).toContain("its credential cannot be read");
  const check = JSON.stringify(await world.api("POST", "/v1/resources/prod-db/check", { level: "read" }));
  expect(check).toContain("--allow-secret");
});

it("gives a leased user back when its session ends", async () => {
  await set({ reference: "vault:database/creds/shop-reader" });
  // The double's users are not made at the database: what counts is the lease of a session that could not start.
  await told(world.connect("ana"));
  expect(vault.leases.size).toBeGreaterThan(0);
  await eventually(() => expect(new Set(vault.leases.values())).toEqual(new Set(["revoked"])), { within: 10_000 });
});

it("says no secret in any log or answer", async () => {
  const answers = JSON.stringify([
    await world.api("GET", "/v1/resources/prod-db"),
    await world.audit("credential.set"),
    await world.audit("credential.opened"),
  ]);
  expect(answers).toContain("vault:secret/data/shop");
  for (const secret of [FIRST, SECOND, "root-token"]) {
    expect(answers).not.toContain(secret);
    expect(world.server.output.stderr + world.server.output.stdout).not.toContain(secret);
  }
});
