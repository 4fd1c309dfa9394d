import { cp, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  connectPg,
  eventually,
  freePort,
  type NodeProcess,
  type PostgresServer,
  spawnNode,
  startPostgres,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { World } from "./world.ts";

const SERVER = fileURLToPath(new URL("../bin/tidewaiter-server.js", import.meta.url));
const AGENT = fileURLToPath(new URL("../../agent/bin/tidewaiter-agent.js", import.meta.url));
const LIMIT = 600;

const POLICY = `
version: 1
rules:
  - id: few-rows
    budget: { window: 1h, rows: ${LIMIT} }
`;

interface BudgetView {
  readonly rule: string;
  readonly principal: string;
  readonly spent: number;
  readonly leased: number;
}

describe("two servers with one PostgreSQL store", () => {
  let store: PostgresServer;
  let world: World;
  let second: NodeProcess;
  let agent: NodeProcess;
  let secondPort: number;
  beforeAll(async () => {
    store = await startPostgres({ fsync: true });
    world = await World.start({
      storeUrl: store.connectionString(),
      principals: ["bo", "eve"].map((name) => ({ name, type: "service", level: "write" })),
      target: {
        sql: ["create table t as select g as id from generate_series(1, 1000) g", "grant select on t to public"],
      },
    });
    const http = await freePort();
    secondPort = await freePort();
    const { dataDir, adminPassword } = world.tidewaiter;
    await mkdir(`${dataDir}/second`, { mode: 0o700 });
    await cp(`${dataDir}/server/master.key`, `${dataDir}/second/master.key`);
    await cp(`${dataDir}/agent`, `${dataDir}/second-agent`, { recursive: true });
    second = spawnNode(SERVER, {
      args: [
        ...["--data-dir", `${dataDir}/second`, "--http", `127.0.0.1:${http}`, "--postgres", `127.0.0.1:${secondPort}`],
        ...["--tls", "optional", "--json"],
      ],
      env: {
        TIDEWAITER_ADMIN_PASSWORD: adminPassword,
        TIDEWAITER_STORE_URL: store.connectionString(),
        LOG_LEVEL: "warn",
      },
    });
    await second.line(/^\{"listening".*\}$/);
    agent = spawnNode(AGENT, {
      args: [
        ...["run", "--url", `ws://127.0.0.1:${http}`, "--state-dir", `${dataDir}/second-agent`, "--name", "site"],
        ...["--allow", `${world.target.host}:${world.target.port}`],
      ],
      env: {},
    });
    await agent.line(/connected/);
    await world.applyPolicy(POLICY);
  }, 90_000);
  afterAll(async () => {
    await agent?.stop();
    await second?.stop();
    await world?.[Symbol.asyncDispose]();
    await store?.stop();
  });

  const connectTo = async (port: number, user: string) =>
    connectPg({
      host: "127.0.0.1",
      port,
      user,
      password: await world.secretOf(user),
      database: world.tidewaiter.database,
    });
  /** Rows that a session gets until it is refused, or its server is gone. */
  const readAll = async (port: number, user: string, got: (rows: number) => void): Promise<string> => {
    await using connection = await connectTo(port, user);
    for (;;) {
      const found = connection.client.query("select id from t limit 7");
      const rows = await found.then(
        (result) => result.rows.length,
        (error: { readonly code?: string }) => error.code ?? "gone",
      );
      if (typeof rows === "string") return rows;
      got(rows);
    }
  };
  const ports = () => [world.port, secondPort] as const;
  const spent = async (principal: string) => {
    const { budgets } = (await world.api("GET", `/v1/budgets?principal=${principal}`)) as { budgets: BudgetView[] };
    return budgets.find(({ rule }) => rule === "few-rows");
  };

  it("ten sessions in both together never get more than allowed", async () => {
    let total = 0;
    const sessions = Array.from({ length: 10 }, (_, index) =>
      readAll(ports()[index % 2 === 0 ? 0 : 1], "bo", (rows) => {
        total += rows;
      }),
    );
    expect(new Set(await Promise.all(sessions))).toEqual(new Set(["53400"]));
    expect(total).toBeLessThanOrEqual(LIMIT);
    expect(total).toBeGreaterThan(LIMIT / 2);
    const settled = await eventually(async () => {
      const view = await spent("bo");
      return view?.leased === 0 ? view : undefined;
    });
    // rows of a result that was cut were shown, but not counted here
    expect(settled?.spent).toBeGreaterThanOrEqual(total);
    expect(settled?.spent).toBeLessThanOrEqual(LIMIT);
  }, 60_000);

  it("what a killed one held counts as spent, and no more", async () => {
    let total = 0;
    let dying = 0;
    const inSecond = readAll(secondPort, "eve", (rows) => {
      total += rows;
      dying += rows;
    });
    await eventually(() => dying > 20 || undefined);
    second.kill("SIGKILL");
    await inSecond;
    const before = (await spent("eve"))?.spent ?? 0;
    expect(before).toBeGreaterThanOrEqual(total);
    const left = LIMIT - before;
    let after = 0;
    expect(
      await readAll(world.port, "eve", (rows) => {
        after += rows;
      }),
    ).toBe("53400");
    expect(after).toBeLessThanOrEqual(left);
    expect(after).toBeGreaterThan(left - 7 - LIMIT / 8);
    expect(total + after).toBeLessThanOrEqual(LIMIT);
  }, 60_000);
});
