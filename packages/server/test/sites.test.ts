import { eventually, type NodeProcess } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, told, World } from "./world.ts";

let world: World;
let second: NodeProcess;

/** Client, severity and code that say "out of reach, your access is fine". */
const UNREACHABLE = { severity: "FATAL", code: "08001", detail: "Your access is fine." };

beforeAll(async () => {
  world = await World.start({
    target: { auth: "scram", sql: ["create role app login password 'the-app-password'"] },
    targetLogin: { user: "app", password: "the-app-password" },
  });
  const { host, port } = world.target;
  second = await world.addAgent("second", `${host}:${port}`);
  await resource("second-db", "second", {});
  await resource("far-db", "never-joined", {});
  await resource("walled-db", "second", { port: port + 1 });
  await resource("wrong-db", "second", {}, "not-the-password");
  await resource("empty-db", "second", { database: "nowhere" });
});
afterAll(() => world[Symbol.asyncDispose]());

async function resource(name: string, agent: string, target: object, password = "the-app-password"): Promise<void> {
  const { host, port } = world.target;
  const full = { host, port, database: "postgres", tls: { mode: "disable" }, ...target };
  await world.apply(
    { kind: "resource", name, protocol: "postgres", agent, target: full },
    { kind: "grant", name: `ana-${name}`, principal: "ana", resource: name, level: "read" },
  );
  const credential = { type: "password", username: "app", password };
  await world.api("PUT", `/v1/resources/${name}/credentials/read`, credential);
}

let everywhere: string | undefined;
async function connect(database: string): Promise<Connection> {
  everywhere ??= ((await world.api("POST", "/v1/connection-secrets", {}, "ana")) as { secret: string }).secret;
  return world.connect("ana", { database, secret: everywhere });
}

async function lives(connection: Connection): Promise<void> {
  expect((await connection.client.query("select 7 as seven")).rows).toEqual([{ seven: 7 }]);
}

/** The session that was refused most recently is kept with the words that its client was told. */
async function endedWith(message: string): Promise<void> {
  await eventually(async () => (await world.audit("session.ended")).some(({ data }) => data.reason === message));
}

describe("while others go on", () => {
  let other: Connection;
  beforeAll(async () => {
    other = await connect("second-db");
  });
  afterAll(() => other.client.end());

  it("no agent online", async () => {
    const refused = await told(connect("far-db"));
    expect(refused).toMatchObject(UNREACHABLE);
    expect(refused.message).toMatch(/^far-db is out of reach: no site agent online for never-joined/);
    expect((await world.audit("session.refused"))[0]?.data.reason).toBe("agent_offline");
    await lives(other);
  });

  it("an agent whose allow-list does not name the target", async () => {
    const message = "walled-db is out of reach: the site agent's allow-list does not include the target";
    expect(await told(connect("walled-db"))).toMatchObject({ ...UNREACHABLE, message });
    await endedWith(message);
    expect(second.output.stderr).toMatch(/not_allowed|not allowed|allow/);
    await lives(other);
  });

  it("a target that refuses the stored credential", async () => {
    const message = "wrong-db: the target refused the stored credential";
    const refused = await told(connect("wrong-db"));
    expect(refused).toMatchObject({ severity: "FATAL", code: "08004", detail: "Your access is fine.", message });
    // nobody learns the role or the address
    expect(JSON.stringify(refused)).not.toMatch(/not-the-password|"app"|127\.0\.0\.1/);
    await endedWith(message);
    await lives(other);
  });

  it("a target without that database", async () => {
    const message = "empty-db: that database does not exist there";
    expect(await told(connect("empty-db"))).toMatchObject({ severity: "FATAL", code: "3D000", message });
    await endedWith(message);
    await lives(other);
  });

  it("an agent that is killed in the middle of a statement", async () => {
    const ana = await world.connect("ana");
    const running = told(ana.client.query("select pg_sleep(30)"));
    await isRunning("pg_sleep(30)");
    const began = performance.now();
    world.agent.kill("SIGKILL");
    expect(await running).toMatchObject({ severity: "FATAL", code: "08006", message: "prod-db closed the connection" });
    expect(performance.now() - began).toBeLessThan(3_000);
    await lives(other);
    await world.agentState("site", false);
    const refused = await told(world.connect("ana"));
    expect(refused).toMatchObject(UNREACHABLE);
    expect(refused.message).toMatch(/^prod-db is out of reach: no site agent online for site \(last seen .+\)$/);
    expect((await world.audit("agent.offline")).map(({ data }) => data.name)).toContain("site");
    expect(await world.ended(ana.sessionId)).toMatchObject({ endReason: expect.stringContaining("prod-db closed") });
    expect(await world.verifyRecording(ana.sessionId)).toMatchObject({ ok: true, tail: "complete" });
    expect((await world.recording(ana.sessionId)).map(({ text }) => text)).toContain("select pg_sleep(30)");

    await world.startAgent();
    const again = await world.connect("ana");
    await lives(again);
    await again.client.end();
    await lives(other);
  });

  it("an agent that is removed loses its tunnel, and its sessions", async () => {
    const third = await world.addAgent("third", `${world.target.host}:${world.target.port}`);
    await resource("third-db", "third", {});
    const ana = await connect("third-db");
    await world.api("DELETE", "/v1/agents/third");
    expect(await ana.ended).toMatchObject({ severity: "FATAL", code: "57P01" });
    expect((await third.line(/"?disconnected.*/))[0]).toContain("the agent was removed");
    expect(await told(connect("third-db"))).toMatchObject(UNREACHABLE);
    await third.stop();
    await lives(other);
  });
});

describe("the target itself", () => {
  it("restarted under a session: its own words reach the client, and the next login works", async () => {
    const ana = await world.connect("ana");
    await world.target.restart();
    expect(await ana.ended).toMatchObject({
      severity: "FATAL",
      code: "57P01",
      message: "terminating connection due to administrator command",
    });
    expect(await world.ended(ana.sessionId)).toMatchObject({ state: "ended" });
    const again = await world.connect("ana");
    await lives(again);
    await again.client.end();
  });

  it("crashed in the middle of a statement, then down, then up", async () => {
    const ana = await world.connect("ana");
    const running = told(ana.client.query("select pg_sleep(31)"));
    await isRunning("pg_sleep(31)");
    await world.target.kill();
    expect(await running).toMatchObject({ severity: "FATAL" });
    const message = "prod-db is out of reach: the target refused the connection";
    expect(await told(world.connect("ana"))).toMatchObject({ ...UNREACHABLE, message });
    await endedWith(message);
    await world.target.restart();
    const again = await world.connect("ana");
    await lives(again);
    await again.client.end();
  });
});

async function isRunning(sql: string): Promise<void> {
  await eventually(async () => {
    const [row] = await world.target.sql(
      `select count(*)::int as n from pg_stat_activity where state = 'active' and query like '%${sql}%' and pid <> pg_backend_pid()`,
    );
    return row?.n === 1;
  });
}
