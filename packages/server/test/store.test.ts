import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { eventually, type PostgresServer, startPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, type Told, told, World } from "./world.ts";

/** A lease lasts 5 s beyond its last renewal; a moment more for the look. */
const LEASE_OVER_MS = 6_500;

/** Runs statements until one is refused: what it was told, and after how long. */
async function untilRefused({ client }: Connection): Promise<{ readonly refused: Told; readonly after: number }> {
  const began = performance.now();
  const refused = await eventually(() => told(client.query("select 1")), { within: 12_000, every: 50 });
  return { refused, after: performance.now() - began };
}

const works = (connection: Connection) =>
  eventually(async () => (await connection.client.query("select 1 as one")).rows.length === 1, { within: 12_000 });

async function loginsAgain(world: World): Promise<void> {
  const again = await eventually(() => world.connect("ana"), { within: 12_000, every: 100 });
  await again.client.end();
}

async function isRefusedWhileAway(ana: Connection): Promise<void> {
  const { refused, after } = await untilRefused(ana);
  expect(refused).toMatchObject({ severity: "ERROR", code: "57P03", hint: "Try again in a moment." });
  expect(refused.message).toContain("the control plane is out of reach");
  expect(after).toBeLessThan(LEASE_OVER_MS);
}

describe("SQLite, locked by another process", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it("statements are refused when the lease has run out, new sessions at once, and all works again after", async () => {
    const ana = await world.connect("ana");
    await ana.client.query("begin");
    await ana.client.query("create table kept (n int)");
    const running = ana.client.query("select pg_sleep(8)");
    const bo = await world.connect("ana");
    const lock = await lockStore(`${world.tidewaiter.dataDir}/server/tidewaiter.db`);
    const refused = told(world.connect("ana"));
    await isRefusedWhileAway(bo);
    expect(await refused).toMatchObject({
      severity: "FATAL",
      code: "57P03",
      message: expect.stringMatching(/control plane is out of reach|cannot be checked right now/),
    });
    await expect(world.api("PUT", "/v1/groups/late", {})).rejects.toThrow(/503/);
    await lock.release();
    await works(bo);
    // what ran already was not touched, nor was its transaction
    expect((await running).rowCount).toBe(1);
    await ana.client.query("commit");
    expect(await world.target.sql("select count(*)::int as n from kept")).toEqual([{ n: 0 }]);
    await loginsAgain(world);
    for (const { client } of [ana, bo]) await client.end();
    expect(await world.ended(bo.sessionId)).toMatchObject({ endReason: "client left" });
    const recorded = await world.recording(bo.sessionId);
    expect(recorded.filter(({ type }) => type === "operation").length).toBeGreaterThan(2);
    expect(await world.verifyAudit()).toMatchObject({ ok: true });
  });
});

describe("PostgreSQL as store", () => {
  let store: PostgresServer;
  let world: World;
  beforeAll(async () => {
    // one that keeps what it has acknowledged, also when it is killed
    store = await startPostgres({ fsync: true });
    world = await World.start({ storeUrl: store.connectionString() });
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await store.stop();
  });

  it("the whole product runs on it", async () => {
    const ana = await world.connect("ana");
    expect((await ana.client.query("select 6 * 7 as answer")).rows).toEqual([{ answer: 42 }]);
    await ana.client.end();
    expect(await world.ended(ana.sessionId)).toMatchObject({ endReason: "client left", segments: 1 });
    expect((await world.recording(ana.sessionId)).map(({ text }) => text)).toContain("select 6 * 7 as answer");
    expect(await world.verifyRecording(ana.sessionId)).toMatchObject({ ok: true, tail: "complete" });
    expect(await world.verifyAudit()).toMatchObject({ ok: true });
  });

  it("a change made by another process is felt by a live session", async () => {
    const ana = await world.connect("ana");
    await store.sql(`update sessions set kill_reason = 'from elsewhere' where id = '${ana.sessionId}'`);
    expect(await ana.ended).toMatchObject({ code: "57P01", message: "terminating connection: from elsewhere" });
  });

  it("stopped and started: refused meanwhile, then all works again", async () => {
    const ana = await world.connect("ana");
    await store.kill();
    expect(await told(world.connect("ana"))).toMatchObject({ severity: "FATAL", code: "57P03" });
    await isRefusedWhileAway(ana);
    await store.restart();
    await works(ana);
    await loginsAgain(world);
    await ana.client.end();
    expect(await world.ended(ana.sessionId)).toMatchObject({ endReason: "client left" });
    expect(await world.verifyAudit()).toMatchObject({ ok: true });
  });

  it("silent instead of gone: the lease ends all the same", async () => {
    const ana = await world.connect("ana");
    store.pause();
    try {
      await isRefusedWhileAway(ana);
    } finally {
      store.resume();
    }
    await works(ana);
    await loginsAgain(world);
    await ana.client.end();
  });
});

/** Another process in an exclusive transaction on the same file. */
async function lockStore(file: string): Promise<{ release(): Promise<void> }> {
  const program = `
    const { DatabaseSync } = require("node:sqlite");
    const store = new DatabaseSync(process.argv[1], { timeout: 5000 });
    store.exec("begin exclusive");
    process.stdout.write("locked\\n");
    process.stdin.once("data", () => { store.exec("rollback"); store.close(); process.exit(0); });`;
  const helper = spawn(process.execPath, ["--no-warnings", "-e", program, file], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(helper.stdout), "line");
  expect(line).toBe("locked");
  return {
    async release() {
      const exited = once(helper, "exit");
      helper.stdin.write("release\n");
      expect(await exited).toEqual([0, null]);
    },
  };
}
