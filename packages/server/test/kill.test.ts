import { eventually } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, World } from "./world.ts";

const LONG = process.env.TIDEWAITER_LONG === "1";
const ROUNDS = LONG ? 40 : 5;
const AGENT_ROUNDS = LONG ? 10 : 2;
const SESSIONS = 4;

let world: World;
beforeAll(async () => {
  world = await World.start({ target: { sql: ["create table done (id text primary key)"] } });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Round {
  readonly sessions: readonly string[];
  /** Resolves when every session is gone. */
  readonly over: Promise<unknown>;
}

/** Sessions that each leave a trace of every statement at the target, as fast as they can. */
async function busy(name: string): Promise<Round> {
  const connections = await Promise.all(
    Array.from({ length: SESSIONS }, () => eventually(() => world.connect("ana"), { within: 12_000, every: 100 })),
  );
  const over = Promise.all(connections.map((connection, index) => work(connection, `${name}-${index}`)));
  return { sessions: connections.map(({ sessionId }) => sessionId), over };
}

async function work({ client }: Connection, name: string): Promise<void> {
  try {
    for (let n = 0; ; n++) {
      if (n % 2 === 0) await client.query(`insert into done values ('${name}-${n}')`);
      else await client.query("insert into done values ($1)", [`${name}-${n}`]);
    }
  } catch {
    await client.end().catch(() => {});
  }
}

const executed = async (name: string) =>
  (await world.target.sql(`select id from done where id like '${name}-%'`)).map(({ id }) => String(id));

/** Where in the work the blow falls: a number of statements that differs by round. */
const enough = (name: string, count: number) =>
  eventually(async () => (await executed(name)).length >= count, { within: 10_000, every: 5 });

async function everyStatementIsRecorded(name: string, sessions: readonly string[]): Promise<void> {
  const recordings = await Promise.all(sessions.map((id) => world.recording(id)));
  const recorded = JSON.stringify(recordings.flat());
  const done = await executed(name);
  expect(done.length).toBeGreaterThan(0);
  expect(done.filter((id) => !recorded.includes(`'${id}'`) && !recorded.includes(`"${id}"`))).toEqual([]);
}

describe("kill -9 of the server", () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    "round %i: what the target executed is recorded",
    async (round) => {
      const name = `server-${round}`;
      const { sessions, over } = await busy(name);
      await enough(name, 1 + round * 37);
      world.server.kill("SIGKILL");
      expect(await world.server.exited).toMatchObject({ signal: "SIGKILL" });
      await over;
      await world.startServer();
      for (const id of sessions) {
        expect(await world.ended(id)).toMatchObject({ state: "ended", endReason: "gateway lost" });
        expect(await world.verifyRecording(id)).toMatchObject({ ok: true });
      }
      await everyStatementIsRecorded(name, sessions);
      expect(await world.verifyAudit()).toMatchObject({ ok: true });
    },
  );

  it("the agent came back by itself every time", async () => {
    await using ana = await eventually(() => world.connect("ana"), { within: 12_000, every: 100 });
    expect((await ana.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(world.agent.pid).toBe(world.tidewaiter.pids.agent);
  });
});

describe("kill -9 of the agent", () => {
  it.each(Array.from({ length: AGENT_ROUNDS }, (_, round) => round))(
    "round %i: sessions end, what the target executed is recorded",
    async (round) => {
      const name = `agent-${round}`;
      const { sessions, over } = await busy(name);
      await enough(name, 40);
      world.agent.kill("SIGKILL");
      await over;
      for (const id of sessions) {
        const { endReason } = await world.ended(id);
        expect(endReason).toContain("prod-db closed the connection");
        expect(await world.verifyRecording(id)).toMatchObject({ ok: true, tail: "complete", problems: [] });
      }
      await everyStatementIsRecorded(name, sessions);
      await world.startAgent();
    },
  );
});
