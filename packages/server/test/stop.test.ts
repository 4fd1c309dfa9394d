import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { eventually } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RawClient, startup } from "./raw-client.ts";
import { told, World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world[Symbol.asyncDispose]());

it("SIGTERM ends every session in its own words, closes the recordings, and leaves nothing behind", async () => {
  const idle = await world.connect("ana");
  const inTransaction = await world.connect("ana");
  await inTransaction.client.query("begin");
  const busy = await world.connect("ana");
  const running = told(busy.client.query("select pg_sleep(30)"));
  const half = await RawClient.open(world.port, startup({ user: "ana" }));
  await eventually(() => half.received.length > 0);
  await eventually(async () => (await activeSleeps()) === 1);

  const began = performance.now();
  world.server.kill("SIGTERM");
  const bye = { severity: "FATAL", code: "57P01", message: "terminating connection: the gateway stops" };
  expect(await Promise.all([idle.ended, inTransaction.ended, running])).toMatchObject([bye, bye, bye]);
  expect(await half.end()).toMatchObject({ severity: "FATAL", code: "57P01" });
  expect(await world.server.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(5_000);

  expect(childrenOf(world.server.pid)).toEqual([]);
  const refused = connect(world.port, "127.0.0.1");
  const [error] = await once(refused, "error");
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
  // the statement does not go on at the target either
  await eventually(async () => (await activeSleeps()) === 0, { within: 10_000 });
  const journals = readdirSync(`${world.tidewaiter.dataDir}/server/journals`, { recursive: true, encoding: "utf8" });
  expect(journals.filter((name) => name.endsWith(".journal"))).toEqual([]);

  await world.startServer();
  for (const { sessionId } of [idle, inTransaction, busy]) {
    expect((await world.session(sessionId)).endReason).toContain("the gateway stops");
    expect(await world.verifyRecording(sessionId)).toMatchObject({ ok: true, tail: "complete", problems: [] });
    expect((await world.recording(sessionId)).at(-1)?.type).toBe("session_ended");
  }
});

it("the agent stops as well", async () => {
  world.agent.kill("SIGTERM");
  expect(await world.agent.exited).toEqual({ code: 0, signal: null });
  await world.agentState("site", false);
});

async function activeSleeps(): Promise<unknown> {
  const [row] = await world.target.sql(
    "select count(*)::int as n from pg_stat_activity where state = 'active' and query = 'select pg_sleep(30)'",
  );
  return row?.n;
}

/** Of Linux; elsewhere there is nothing to read and so nothing to find. */
function childrenOf(pid: number): string[] {
  const stats = readdirSync("/proc", { encoding: "utf8" })
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [readFileSync(`/proc/${name}/stat`, "utf8")];
      } catch {
        return [];
      }
    });
  // pid (comm) state ppid
  return stats.filter((stat) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid);
}
