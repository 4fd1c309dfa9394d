import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { MasterKeyFile } from "./key-file.ts";

/** A DOUBLE of a key service: it gives what it was given, under a name. */
function wrappingKey(id = "vault-transit:transit/tw") {
  const kept = new Map<string, Buffer>();
  return {
    id,
    async wrap(plaintext: Uint8Array, context: string) {
      const name = `${context}-${kept.size}`;
      kept.set(name, Buffer.from(plaintext));
      return name;
    },
    async unwrap(wrapped: string) {
      const found = kept.get(wrapped);
      if (found === undefined) throw new Error("unknown");
      return found;
    },
  };
}

it("keeps no key in clear when another key wraps them, and reads them again", async () => {
  await using folder = tempDir("key-file");
  const path = join(folder.path, "master.key");
  const wrapping = wrappingKey();
  const keys = await new MasterKeyFile(path, wrapping).readOrCreate();
  const text = readFileSync(path, "utf8");
  for (const key of keys.values()) expect(text).not.toContain(key.toString("base64"));
  expect(JSON.parse(text)).toMatchObject({ version: 2, wrappedBy: wrapping.id });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await new MasterKeyFile(path, wrapping).read()).toEqual(keys);
});

it("wraps a file from before at the next start", async () => {
  await using folder = tempDir("key-file");
  const path = join(folder.path, "master.key");
  const keys = await new MasterKeyFile(path).readOrCreate();
  expect(await new MasterKeyFile(path, wrappingKey()).readOrCreate()).toEqual(keys);
  const [key] = keys.values();
  expect(readFileSync(path, "utf8")).not.toContain(key?.toString("base64"));
});

it("does not open without the key that wrapped it, and says which", async () => {
  await using folder = tempDir("key-file");
  const path = join(folder.path, "master.key");
  await new MasterKeyFile(path, wrappingKey()).readOrCreate();
  for (const other of [undefined, wrappingKey("aws-kms:arn")]) {
    await expect(new MasterKeyFile(path, other).read()).rejects.toMatchObject({
      detail: expect.stringContaining("vault-transit:transit/tw"),
    });
  }
});
