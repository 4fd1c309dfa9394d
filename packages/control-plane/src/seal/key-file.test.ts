import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { MasterKeyFile } from "./key-file.ts";

it("makes the file once, for its owner only, and leaves nothing beside it", async () => {
  await using folder = tempDir("key");
  const path = join(folder.path, "master.key");
  const all = await Promise.all(Array.from({ length: 8 }, () => new MasterKeyFile(path).readOrCreate()));
  const [first] = all;
  expect(first?.size).toBe(1);
  for (const keys of all) expect(keys).toEqual(first);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder.path)).toEqual(["master.key"]);
});

it("refuses a file that others can read", async () => {
  await using folder = tempDir("key");
  const path = join(folder.path, "master.key");
  await new MasterKeyFile(path).readOrCreate();
  for (const mode of [0o640, 0o604, 0o620]) {
    await chmod(path, mode);
    await expect(new MasterKeyFile(path).read()).rejects.toMatchObject({ next: `chmod 600 ${path}` });
  }
});

it("refuses a damaged file and never quotes it", async () => {
  await using folder = tempDir("key");
  const path = join(folder.path, "master.key");
  for (const text of [
    "SECRETTEXT",
    '{"version":1,"keys":{"a":"SECRETTEXT"}}',
    '{"version":2}',
    '{"version":1,"keys":{}}',
  ]) {
    await writeFile(path, text, { mode: 0o600 });
    const error: unknown = await new MasterKeyFile(path).readOrCreate().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "internal" });
    expect(String((error as Error).stack)).not.toContain("SECRETTEXT");
  }
  expect(await readFile(path, "utf8")).toBe('{"version":1,"keys":{}}');
});
