import { beforeEach, describe, expect, it } from "vitest";
import type { BlobStore } from "../src/blobs/blob-store.ts";

/** What every BlobStore must do. `create` gives an empty store for each test. For tests only. */
export function describeBlobStore(name: string, create: () => Promise<BlobStore>): void {
  describe(`blob store contract: ${name}`, () => {
    let store: BlobStore;
    beforeEach(async () => {
      store = await create();
    });
    const bytes = (...values: number[]) => Uint8Array.from(values);
    const plain = (value: Uint8Array | undefined) => value && [...value];

    it("gives back what was put", async () => {
      expect(await store.putIfAbsent("recordings/ses_1/000001.twrec", bytes(1, 2, 3))).toBe("stored");
      expect(plain(await store.get("recordings/ses_1/000001.twrec"))).toEqual([1, 2, 3]);
      expect(await store.putIfAbsent("empty", bytes())).toBe("stored");
      expect(plain(await store.get("empty"))).toEqual([]);
    });

    it("never writes over a blob", async () => {
      await store.putIfAbsent("a/b", bytes(1));
      expect(await store.putIfAbsent("a/b", bytes(2))).toBe("exists");
      expect(plain(await store.get("a/b"))).toEqual([1]);
    });

    it("lets exactly one of many writers win, whole", async () => {
      const writers = Array.from({ length: 8 }, (_, n) => new Uint8Array(50_000).fill(n));
      const outcomes = await Promise.all(writers.map((blob) => store.putIfAbsent("race/it", blob)));
      expect(outcomes.filter((outcome) => outcome === "stored")).toHaveLength(1);
      const winner = writers[outcomes.indexOf("stored")];
      expect(Buffer.compare((await store.get("race/it")) ?? bytes(), winner ?? bytes())).toBe(0);
    });

    it("lists by prefix in order, also inside a name", async () => {
      for (const key of ["s/10/b", "s/10/a", "s/1/c", "t"]) await store.putIfAbsent(key, bytes(0));
      expect(await store.list("")).toEqual(["s/1/c", "s/10/a", "s/10/b", "t"]);
      expect(await store.list("s/1")).toEqual(["s/1/c", "s/10/a", "s/10/b"]);
      expect(await store.list("s/10/")).toEqual(["s/10/a", "s/10/b"]);
      expect(await store.list("u/")).toEqual([]);
      expect(await store.list("../")).toEqual([]);
    });

    it("deletes, and a deleted key is free again", async () => {
      await store.putIfAbsent("a/b", bytes(1));
      await store.delete("a/b");
      await store.delete("a/b");
      expect(await store.get("a/b")).toBeUndefined();
      expect(await store.list("")).toEqual([]);
      expect(await store.putIfAbsent("a/b", bytes(2))).toBe("stored");
    });

    it.each([
      "",
      "/",
      "/etc/passwd",
      "a/",
      "a//b",
      "..",
      "a/../b",
      ".hidden",
      "a/.incoming/x",
      "a\\b",
      "a\0b",
      "a b",
      "ä",
      "x".repeat(129),
      `${"x/".repeat(256)}x`,
      "a\n",
    ])("refuses the key %j", async (key) => {
      for (const run of [() => store.putIfAbsent(key, bytes(1)), () => store.get(key), () => store.delete(key)]) {
        await expect(run()).rejects.toMatchObject({ code: "bad_request" });
      }
    });
  });
}
