import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { afterAll, expect, it } from "vitest";
import { describeBlobStore } from "../../test/blob-store-contract.ts";
import { segmentKey } from "./blob-store.ts";
import { createFileBlobStore } from "./file-blob-store.ts";

const folder = tempDir("blobs");
afterAll(() => folder.remove());
let stores = 0;
const freshPath = () => join(folder.path, `store-${++stores}`);

describeBlobStore("files", () => createFileBlobStore(freshPath()));

it("keeps others out and leaves nothing behind", async () => {
  const path = freshPath();
  const store = await createFileBlobStore(path);
  await store.putIfAbsent(segmentKey("ses_1", 1), Uint8Array.of(1));
  await store.putIfAbsent(segmentKey("ses_1", 1), Uint8Array.of(1));
  const mode = (...parts: string[]) => statSync(join(path, ...parts)).mode & 0o777;
  expect(mode()).toBe(0o700);
  expect(mode("recordings", "ses_1")).toBe(0o700);
  expect(mode("recordings", "ses_1", "000001.twrec")).toBe(0o600);
  expect(readdirSync(join(path, ".incoming"))).toEqual([]);
});

it("forgets what a killed writer had not finished, and leaves alone what another one may be writing", async () => {
  const path = freshPath();
  mkdirSync(join(path, ".incoming"), { recursive: true });
  for (const [name, minutes] of Object.entries({ half: 61, writing: 59 })) {
    const file = join(path, ".incoming", name);
    writeFileSync(file, "half");
    const at = Date.now() / 1000 - minutes * 60;
    utimesSync(file, at, at);
  }
  const store = await createFileBlobStore(path);
  expect(readdirSync(join(path, ".incoming"))).toEqual(["writing"]);
  expect(await store.list("")).toEqual([]);
});

it("answers storage_unavailable when the directory cannot be used", async () => {
  const file = freshPath();
  writeFileSync(file, "");
  await expect(createFileBlobStore(file)).rejects.toMatchObject({ code: "storage_unavailable" });
  const store = await createFileBlobStore(freshPath());
  await store.putIfAbsent("a", Uint8Array.of(1));
  await expect(store.putIfAbsent("a/b", Uint8Array.of(1))).rejects.toMatchObject({ code: "storage_unavailable" });
});
