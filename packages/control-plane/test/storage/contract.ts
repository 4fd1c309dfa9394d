import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyAudit } from "../../src/features/audit/verify.ts";
import { getTableConfig } from "../../src/storage/drizzle.ts";
import * as schema from "../../src/storage/schema.ts";
import type { Store } from "../../src/storage/store.ts";
import type { ContractUnits } from "./contract-units.ts";

export interface StoreUnderTest {
  /** Opens the same store; several may be open at once, as several processes would. */
  open(): Promise<Store<ContractUnits>>;
  stop(): Promise<void>;
  readonly columns: "sqliteColumns" | "postgresColumns";
}

/** What every store promises. Run against real servers. */
export function storageContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`storage contract: ${name}`, () => {
    let under: StoreUnderTest;
    let store: Store<ContractUnits>;
    let other: Store<ContractUnits>;

    beforeAll(async () => {
      under = await start();
      // Together and from nothing: one makes the tables, the other finds them.
      [store, other] = await Promise.all([under.open(), under.open()]);
    });

    afterAll(async () => {
      await store.close();
      await other.close();
      await under.stop();
    });

    it("applies migrations once, however often and however many at once it is opened", async () => {
      const [third, fourth] = await Promise.all([under.open(), under.open()]);
      await third.close();
      await fourth.close();
      for (const table of Object.values(schema) as SQLiteTable[]) {
        const { name: table_, columns } = getTableConfig(table);
        const made = await store.units.tried[under.columns]({ table: table_ });
        // A column that came later stands last in the store; statements name their columns.
        expect([...made].sort()).toEqual(columns.map((column) => column.name).sort());
      }
    });

    it("keeps a unit whose neighbour fails", async () => {
      const results = await Promise.allSettled([
        store.units.tried.put({ name: "stays", value: "whole" }),
        store.units.tried.putThenFail({ name: "goes" }),
        other.units.tried.put({ name: "stays too", value: "whole" }),
        other.units.tried.putThenFail({ name: "goes too" }),
      ]);
      expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
      const all = await store.units.tried.all();
      expect(all).toMatchObject({ stays: "whole", "stays too": "whole" });
      expect(Object.keys(all).filter((key) => key.startsWith("goes"))).toEqual([]);
    });

    it("gives a failing unit's own error to its caller", async () => {
      const failing = store.units.tried.putThenFail({ name: "x" });
      await expect(failing).rejects.toMatchObject({ code: "conflict", detail: "this unit fails" });
    });

    it("calls a taken name a conflict", async () => {
      await store.units.tried.put({ name: "taken", value: "1" });
      await expect(store.units.tried.put({ name: "taken", value: "2" })).rejects.toMatchObject({ code: "conflict" });
    });

    it("keeps every acknowledged audit event, in one unbroken chain", async () => {
      const before = (await store.units.audit.head()).sequence;
      const work = Array.from({ length: 60 }, (_, index) => {
        const { tried } = (index % 2 === 0 ? store : other).units;
        if (index % 3 === 0) return tried.putThenFail({ name: `failing ${index}` });
        return tried.put({ name: `kept ${index}`, value: "" });
      });
      const done = await Promise.allSettled(work);
      const acknowledged = done.filter((result) => result.status === "fulfilled").length;
      expect(acknowledged).toBe(40);
      const events = await store.units.audit.list({ after: before, limit: 1000 });
      expect(events.map((event) => event.sequence)).toEqual(Array.from({ length: 40 }, (_, i) => before + 1 + i));
      expect(await verifyAudit(other.units.audit)).toMatchObject({ ok: true, problems: [] });
    });

    it("never lets a follower of the outbox miss a change", async () => {
      const start = (await store.units.changes.since({ since: 1_000_000 })).last;
      let writing = true;
      const writers = Promise.all(
        Array.from({ length: 80 }, (_, index) => {
          const { tried } = (index % 2 === 0 ? store : other).units;
          return tried.put({ name: `change ${index}`, value: "" });
        }),
      ).finally(() => {
        writing = false;
      });
      const seen: number[] = [];
      let last = start;
      while (writing || last < start + 80) {
        const batch = await store.units.changes.since({ since: last });
        seen.push(...batch.changes.map((change) => change.sequence));
        last = batch.last;
      }
      await writers;
      expect(seen).toEqual(Array.from({ length: 80 }, (_, index) => start + 1 + index));
    });

    it("runs writing units one after the other, across processes", async () => {
      const work = Array.from({ length: 40 }, (_, index) => {
        return (index % 2 === 0 ? store : other).units.tried.increment({ name: "counter" });
      });
      const numbers = await Promise.all(work);
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });

    it("shows a reading unit one state", async () => {
      const writers = Promise.all(
        Array.from({ length: 20 }, (_, index) => other.units.tried.put({ name: `moving ${index}`, value: "" })),
      );
      for (let look = 0; look < 10; look++) {
        const [first, second] = await store.units.tried.countTwice();
        expect(second).toBe(first);
      }
      await writers;
    });

    it("takes back a discarded unit and still gives its result", async () => {
      const head = (await store.units.audit.head()).sequence;
      expect(await store.units.tried.putThenDiscard({ name: "tried" })).toBe("tried");
      expect(await store.units.tried.all()).not.toHaveProperty("tried");
      expect((await store.units.audit.head()).sequence).toBe(head);
    });

    it("tells listeners of changes here", async () => {
      const told = Promise.withResolvers<void>();
      const stop = store.onChange(told.resolve);
      await store.units.tried.put({ name: "heard", value: "" });
      await told.promise;
      stop();
    });

    it("refuses work when it is closed", async () => {
      const closed = await under.open();
      await closed.close();
      await expect(closed.units.tried.all()).rejects.toMatchObject({ code: "storage_unavailable" });
    });
  });
}
