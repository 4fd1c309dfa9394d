import { statSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { startSqliteRunner } from "../../src/storage/sqlite/runner.ts";
import { createStore } from "../../src/storage/store.ts";
import { storageContract } from "./contract.ts";
import { type ContractUnits, units } from "./contract-units.ts";

const registry = new URL("./contract-units.ts", import.meta.url).href;

async function open(file: string, busyTimeoutMs = 5000) {
  const runner = await startSqliteRunner({ file, registry, busyTimeoutMs });
  return createStore<ContractUnits>({ runner, registry: units, now: Date.now });
}

storageContract("SQLite", async () => {
  const folder = tempDir("sqlite");
  const file = join(folder.path, "store.db");
  return { open: () => open(file), stop: () => folder.remove(), columns: "sqliteColumns" };
});

describe("SQLite store", () => {
  it("is readable by its owner only, WAL included, and syncs each commit", async () => {
    await using folder = tempDir("sqlite");
    const file = join(folder.path, "store.db");
    const store = await open(file);
    await store.units.tried.put({ name: "a", value: "b" });
    for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    expect(await store.units.tried.synchronous()).toBe(2);
    const reader = new Database(file, { readonly: true });
    expect(reader.pragma("journal_mode", { simple: true })).toBe("wal");
    reader.close();
    await store.close();
  });

  it("says storage_unavailable while another process holds the lock, and goes on after it", async () => {
    await using folder = tempDir("sqlite");
    const file = join(folder.path, "store.db");
    const store = await open(file, 50);
    const intruder = new Database(file);
    intruder.exec("begin immediate");
    await expect(store.units.tried.put({ name: "a", value: "" })).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    expect(await store.units.tried.all()).toEqual({});
    intruder.exec("rollback");
    intruder.close();
    await store.units.tried.put({ name: "a", value: "" });
    expect(await store.units.tried.all()).toEqual({ a: "" });
    await store.close();
  });

  it("is opened from nothing by many processes at once", async () => {
    for (let round = 0; round < 2; round++) {
      await using folder = tempDir("sqlite");
      const file = join(folder.path, "store.db");
      const stores = await Promise.all(Array.from({ length: 4 }, () => open(file)));
      await Promise.all(stores.map((store, index) => store.units.tried.put({ name: `${index}`, value: "" })));
      expect(Object.keys((await stores[0]?.units.tried.all()) ?? {})).toHaveLength(4);
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  it("writes nothing by halves when the disk is full", async () => {
    await using folder = tempDir("sqlite");
    const store = await open(join(folder.path, "store.db"));
    await store.units.tried.put({ name: "before", value: "x" });
    await store.units.tried.limitPages({ more: 2 });
    const large = store.units.tried.put({ name: "large", value: "y".repeat(1_000_000) });
    await expect(large).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(await store.units.tried.all()).toEqual({ before: "x" });
    await store.units.tried.limitPages({ more: 10_000 });
    await store.units.tried.put({ name: "after", value: "z" });
    expect(Object.keys(await store.units.tried.all())).toEqual(["before", "after"]);
    await store.close();
  });

  it("refuses a file that it cannot open, and one of a newer release", async () => {
    await using folder = tempDir("sqlite");
    const missing = open(join(folder.path, "no", "store.db"));
    await expect(missing).rejects.toMatchObject({ code: "storage_unavailable" });
    const file = join(folder.path, "store.db");
    await (await open(file)).close();
    const database = new Database(file);
    database.prepare("insert into schema_migrations values (9999, 'later', '')").run();
    database.close();
    const detail = "the store was made by a newer release (migration 9999)";
    await expect(open(file)).rejects.toMatchObject({ code: "storage_unavailable", detail });
  });
});
