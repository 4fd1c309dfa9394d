import { once } from "node:events";
import { copyFile, mkdir, symlink } from "node:fs/promises";
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
  let otherApi: string;
  const directory = tempDir("second-gateway");
  beforeAll(async () => {
    store = await startPostgres();
    world = await World.start({ storeUrl: store.connectionString() });
    await mkdir(`${directory.path}/server`, { mode: 0o700 });
    await copyFile(`${world.tidewaiter.dataDir}/server/master.key`, `${directory.path}/server/master.key`);
    await symlink(`${world.tidewaiter.dataDir}/server/recordings`, `${directory.path}/server/recordings`);
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
    const listening = JSON.parse((await other.line(/^\{"listening".*\}$/))[0]) as {
      web: string;
      postgres: { port: number };
    };
    otherPort = listening.postgres.port;
    otherApi = listening.web;
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

  it("a session of the one is followed through the other, about a second behind", async () => {
    const call = async (method: string, path: string, body?: object, token?: string) => {
      const headers = {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      };
      const response = await fetch(`${otherApi}${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text;
    };
    const admin = { name: "admin", password: world.tidewaiter.adminPassword };
    const { accessToken } = JSON.parse(await call("POST", "/v1/login", admin)) as { accessToken: string };
    const { client } = await world.connect("ana");
    const live = JSON.parse(await call("GET", "/v1/sessions?state=live&limit=1", undefined, accessToken)) as {
      sessions: { id: string }[];
    };
    const watches = `/v1/sessions/${live.sessions[0]?.id}/watches`;
    const { id } = JSON.parse(await call("POST", watches, { reason: "ticket 812" }, accessToken)) as { id: string };
    let after = 0;
    const see = async (text: string) => {
      for (let answers = 0; answers < 5; answers++) {
        const lines = await call("GET", `${watches}/${id}/events?after=${after}`, undefined, accessToken);
        after = (JSON.parse(lines.trimEnd().split("\n").at(-1) ?? "") as { watch: { after: number } }).watch.after;
        if (lines.includes(text)) return;
      }
      throw new Error(`not seen: ${text}`);
    };
    await see("session_started");
    const took: number[] = [];
    for (const text of ["select 1001", "select 1002", "select 1003"]) {
      await client.query(text);
      const asked = performance.now();
      await see(text);
      took.push(performance.now() - asked);
    }
    expect(took.toSorted((a, b) => a - b)[1]).toBeLessThan(2_500);
    await client.end();
    await see("session_ended");
  });
});
