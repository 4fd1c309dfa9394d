import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { eventually, skipUnless, type TempDir, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, told, World } from "./world.ts";

const MAX_FILL_BYTES = 8 * 1024 * 1024;

const home: TempDir = tempDir("journal");
const journals = join(home.path, "server", "journals");
const recordings = join(home.path, "server", "recordings");
mkdirSync(journals, { recursive: true, mode: 0o700 });
const mounted = mount("-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", journals);

let world: World;

beforeAll(async () => {
  world = await World.start({
    dataDir: home.path,
    target: { sql: ["create table notes (id serial, text text)"] },
    principals: ["ana", "bo"].map((name) => ({ name, type: "user", level: "write" })),
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  if (mounted) spawnSync("umount", [journals]);
  await home.remove();
});

skipUnless(mounted, "root, to mount a small tmpfs").describe("the journal's disk is full", () => {
  let fillers = 0;
  const fillUp = () => fill(join(journals, `filler-${fillers++}`));
  const makeRoom = () => {
    while (fillers > 0) rmSync(join(journals, `filler-${--fillers}`));
  };
  afterAll(makeRoom);

  // both do not fit into what is left of a page; the long one is classified by a worker
  it.each([6_000, 20_000])("a statement with %i random bytes ends its session and does not run", async (bytes) => {
    const ana = await world.connect("ana");
    await ana.client.query(`insert into notes (text) values ('before ${bytes}')`);
    const before = await world.target.sql("select id from notes");
    fillUp();
    const text = randomBytes(bytes).toString("base64");
    expect(await told(ana.client.query(`insert into notes (text) values ('${text}')`))).toMatchObject({
      severity: "FATAL",
      code: "58030",
      message: "this session can no longer be recorded, so it ends",
      detail: expect.stringContaining("full"),
    });
    const session = await world.ended(ana.sessionId);
    expect(session.endReason).toBe("the recording failed: the disk of the recording journal is full (ENOSPC)");
    const ended = (await world.audit("session.ended")).find(({ sessionId }) => sessionId === ana.sessionId);
    expect(ended?.data.reason).toBe(session.endReason);
    const texts = (await world.recording(ana.sessionId)).map((event) => event.text);
    expect(texts).toContain(`insert into notes (text) values ('before ${bytes}')`);
    const { ok, problems } = await world.verifyRecording(ana.sessionId);
    expect(ok).toBe(true);
    expect(problems).toContain("the recorder failed after segment 1");
    await noLongerAtTarget(ana);
    expect(await world.target.sql("select id from notes")).toEqual(before);
  });

  it("a new session does not start, and is not left behind as live", async () => {
    // the journal of the one before was handed over and has left room
    fillUp();
    const refused = await told(world.connect("bo"));
    expect(refused).toMatchObject({
      severity: "FATAL",
      code: "58030",
      message: "the session cannot be recorded, so it does not start",
    });
    const live = async () => ((await world.api("GET", "/v1/sessions?state=live")) as { sessions: unknown[] }).sessions;
    await eventually(async () => (await live()).length === 0);
    expect((await world.audit("session.ended"))[0]?.data.reason).toContain("is full");
  });

  it("and with room again sessions start again", async () => {
    makeRoom();
    await using bo = await world.connect("bo");
    await bo.client.query("insert into notes (text) values ('after')");
    expect(await world.target.sql("select text from notes where text = 'after'")).toHaveLength(1);
  });
});

describe("the recordings' directory cannot be written", () => {
  it("sessions go on, segments are tried again, nothing is lost", async () => {
    renameSync(recordings, `${recordings}.away`);
    writeFileSync(recordings, "in the way");
    let ana: Connection;
    try {
      ana = await world.connect("ana");
      for (let n = 0; n < 20; n++) await ana.client.query(`insert into notes (text) values ('blob ${n}')`);
      await ana.client.end();
      // closed, and kept because nobody took it
      await eventually(
        async () => (await world.session(ana.sessionId)).state === "live" && journalsOf(ana).length === 1,
      );
      await using bo = await world.connect("bo");
      expect((await bo.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
      expect(journalsOf(ana)).toHaveLength(1);
    } finally {
      rmSync(recordings);
      renameSync(`${recordings}.away`, recordings);
    }
    expect(await world.ended(ana.sessionId)).toMatchObject({ segments: 1 });
    await eventually(() => journalsOf(ana).length === 0, { within: 12_000 });
    expect(await world.verifyRecording(ana.sessionId)).toEqual({
      ok: true,
      segments: 1,
      tail: "complete",
      problems: [],
    });
    const texts = (await world.recording(ana.sessionId)).map(({ text }) => text);
    for (let n = 0; n < 20; n++) expect(texts).toContain(`insert into notes (text) values ('blob ${n}')`);
  });
});

/** Whatever reached the target has been done there. */
function noLongerAtTarget({ sessionId }: Connection): Promise<boolean> {
  return eventually(async () => {
    const running = await world.target.sql("select query from pg_stat_activity where backend_type = 'client backend'");
    return running.length === 1 && !JSON.stringify(running).includes(sessionId);
  });
}

function journalsOf({ sessionId }: Connection): string[] {
  return readdirSync(journals, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(sessionId));
}

function mount(...args: string[]): boolean {
  return process.getuid?.() === 0 && spawnSync("mount", args).status === 0;
}

/** Takes every page there is. */
function fill(path: string): void {
  const file = openSync(path, "w");
  const page = Buffer.alloc(4096);
  try {
    for (let written = 0; written < MAX_FILL_BYTES; written += page.length) writeSync(file, page);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return;
    throw error;
  } finally {
    closeSync(file);
  }
  throw new Error("it did not become full");
}
