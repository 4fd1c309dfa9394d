import { startPostgres } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { startPostgresRunner } from "../../src/storage/postgres/runner.ts";
import { createStore } from "../../src/storage/store.ts";
import { onPostgres } from "../on-stores.ts";
import { storageContract } from "./contract.ts";
import { type ContractUnits, units } from "./contract-units.ts";

async function open(connectionString: string) {
  const runner = await startPostgresRunner({ connectionString, registry: units, maxConnections: 8 });
  return createStore<ContractUnits>({ runner, registry: units, now: Date.now });
}

onPostgres(() => {
  storageContract("PostgreSQL", async () => {
    const server = await startPostgres({ settings: { max_connections: "60" } });
    const connectionString = server.connectionString();
    return { open: () => open(connectionString), stop: () => server.stop(), columns: "postgresColumns" };
  });
});

onPostgres(() => {
  it("hears of changes that another process made", async () => {
    await using server = await startPostgres();
    const here = await open(server.connectionString());
    const there = await open(server.connectionString());
    const told = Promise.withResolvers<void>();
    here.onChange(told.resolve);
    await there.units.tried.put({ name: "far", value: "" });
    await told.promise;
    await here.close();
    await there.close();
  });

  it("says storage_unavailable when the server is gone, and goes on when it is back", async () => {
    await using server = await startPostgres({ fsync: true });
    const store = await open(server.connectionString());
    await store.units.tried.put({ name: "before", value: "x" });
    await server.kill();
    await expect(store.units.tried.put({ name: "lost", value: "" })).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    await server.restart();
    await store.units.tried.put({ name: "after", value: "y" });
    expect(await store.units.tried.all()).toEqual({ before: "x", after: "y" });
    await store.close();
  });
});
