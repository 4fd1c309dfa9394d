import { once } from "node:events";
import { copyFile, mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import {
  eventually,
  type NodeProcess,
  type PostgresServer,
  spawnNode,
  startPostgres,
  tempDir,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { told, World } from "./world.ts";

const SERVER = fileURLToPath(new URL("../bin/tidewaiter-server.js", import.meta.url));

/** As libpq before 17 sends it, in clear text; resolves when the gateway has closed the connection. */
async function sendCancel(port: number, processId: number, secretKey: number): Promise<void> {
  const request = Buffer.alloc(16);
  for (const [index, value] of [16, 80877102, processId, secretKey].entries()) request.writeInt32BE(value, index * 4);
  const socket = connect(port, "127.0.0.1", () => socket.write(request));
  socket.resume();
  await once(socket, "close");
}

describe("P2: two gateways on one PostgreSQL store", () => {
  let store: PostgresServer;
  let world: World;
  let other: NodeProcess;
  let otherPort: number;
  const directory = tempDir("second-gateway");
  beforeAll(async () => {
    store = await startPostgres();
    world = await World.start({ storeUrl: store.connectionString() });
    await mkdir(`${directory.path}/server`, { mode: 0o700 });
    await copyFile(`${world.tidewaiter.dataDir}/server/master.key`, `${directory.path}/server/master.key`);
    other = spawnNode(SERVER, {
      args: [
        "--data-dir",
        `${directory.path}/server`,
        "--http",
        "127.0.0.1:0",
        "--postgres",
        "127.0.0.1:0",
        "--tls",
        "optional",
        "--json",
      ],
      env: { TIDEWAITER_STORE_URL: store.connectionString(), LOG_LEVEL: "trace" },
    });
    otherPort = (JSON.parse((await other.line(/^\{"listening".*\}$/))[0]) as { postgres: { port: number } }).postgres
      .port;
  }, 90_000);
  afterAll(async () => {
    await other?.stop();
    await world?.[Symbol.asyncDispose]();
    await store?.stop();
    await directory[Symbol.asyncDispose]();
  });

  it("a cancel request that arrives at the other one reaches the session, and only with its key", async () => {
    const { client } = await world.connect("ana");
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const sleeps = async () =>
      (
        await world.target.sql("select count(*)::int as n from pg_stat_activity where query like 'select pg_sleep%'")
      )[0];
    const running = told(client.query("select pg_sleep(30)"));
    await eventually(async () => JSON.stringify(await sleeps()).includes("1"), { within: 10_000 });
    await sendCancel(otherPort, processID, secretKey ^ 1);
    expect(JSON.stringify(await sleeps())).toContain("1");
    await sendCancel(otherPort, processID, secretKey);
    // it was closed when the cancel had been dealt with: what comes next is not hit by it
    expect(await running).toMatchObject({ code: "57014" });
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.end();
    const key = Buffer.alloc(4);
    key.writeInt32BE(secretKey);
    for (const { output } of [other, world.server])
      for (const text of [key.toString("hex"), String(secretKey), String(secretKey >>> 0)])
        expect(output.stdout + output.stderr).not.toContain(text);
  });
});
