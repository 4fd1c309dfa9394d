import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { parseSecretReference } from "../src/secret-reference.ts";
import { createEnvStore } from "../src/stores/env-store.ts";
import { createFileStore } from "../src/stores/file-store.ts";
import { CANARY, secretStoreContract } from "./secret-store-contract.ts";

const LOGIN = JSON.stringify({ username: "shop_reader", password: CANARY });

secretStoreContract("env", async () => {
  const variables: Record<string, string> = { SHOP: CANARY, SHOP_LOGIN: LOGIN, MASTER: "another" };
  return {
    store: createEnvStore(["SHOP", "SHOP_LOGIN", "UNSET"], (name) => variables[name]),
    good: "env:SHOP",
    goodField: "env:SHOP_LOGIN#password",
    missing: "env:UNSET",
    refused: ["env:MASTER", "env:SHOP ", "env:__proto__"],
  };
});

secretStoreContract("file", async () => {
  const folder = tempDir("secrets");
  const allowed = join(folder.path, "allowed");
  mkdirSync(join(allowed, "..data"), { recursive: true });
  writeFileSync(join(allowed, "..data", "shop"), `${CANARY}\n`);
  symlinkSync(join("..data", "shop"), join(allowed, "shop"));
  writeFileSync(join(allowed, "login.json"), LOGIN);
  writeFileSync(join(folder.path, "outside"), "another");
  return {
    store: createFileStore([allowed]),
    good: `file:${allowed}/shop`,
    goodField: `file:${allowed}/login.json#password`,
    missing: `file:${allowed}/nothing`,
    refused: [
      `file:${folder.path}/outside`,
      `file:${allowed}/../outside`,
      `file:${allowed}`,
      `file:${allowed}-more/x`,
      "file:relative",
    ],
    stop: () => folder.remove(),
  };
});

it("file: follows no link out of its directory, and reads neither pipes, folders nor what is too large", async () => {
  await using folder = tempDir("secrets");
  const allowed = join(folder.path, "allowed");
  mkdirSync(join(allowed, "folder"), { recursive: true });
  writeFileSync(join(folder.path, "outside"), "another");
  symlinkSync(join(folder.path, "outside"), join(allowed, "link"));
  execFileSync("mkfifo", [join(allowed, "pipe")]);
  writeFileSync(join(allowed, "large"), Buffer.alloc(65 * 1024, "a"));
  writeFileSync(join(allowed, "empty"), "\n");
  const store = createFileStore([allowed]);
  for (const name of ["link", "pipe", "folder", "large", "empty"]) {
    const reference = parseSecretReference(`file:${allowed}/${name}`);
    await expect(store.resolve(reference, AbortSignal.timeout(2_000)), name).rejects.toMatchObject({
      code: name === "link" ? "bad_request" : "secret_unavailable",
    });
  }
});

it("with nothing allowed nothing is read", () => {
  expect(() => createEnvStore([], () => "x").check(parseSecretReference("env:PATH"))).toThrow(/bad_request/);
  expect(() => createFileStore([]).check(parseSecretReference("file:/etc/hostname"))).toThrow(/bad_request/);
});
