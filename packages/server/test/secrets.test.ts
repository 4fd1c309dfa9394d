import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connectPg, eventually, hasCommand, runPsql, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { told, World } from "./world.ts";

/** Invariant 4: after a whole walk through the product no secret of it stands anywhere but where it belongs. */
const TARGET_PASSWORD = `target-${randomBytes(12).toString("hex")}`;
const SQL_PASSWORD = `role-${randomBytes(12).toString("hex")}`;
const OTHER_PASSWORD = `other-${randomBytes(12).toString("hex")}`;

const POLICY = `version: 1
labels:
  pii.email: { columns: ["public.people.email"] }
rules:
  - { id: mask-email, match: { labels: ["pii.*"] }, mask: { default: constant } }
  - { id: no-drop, deny: nothing is dropped here, when: 'sql.kinds.exists(k, k == "DROP TABLE")' }
  - id: deletes-need-a-person
    reason: removes rows
    when: 'sql.kinds.exists(k, k == "DELETE")'
    review: { by: ["group:owners"], count: 1, expires: 5m }
`;

let world: World;
/** Name of a secret to its text or, for keys, its bytes. */
const secrets = new Map<string, string | Buffer>();
const heard: string[] = [];

beforeAll(async () => {
  world = await World.start({
    logLevel: "trace",
    target: {
      auth: "scram",
      sql: [
        `create role app superuser login password '${TARGET_PASSWORD}'`,
        "create table people (id int primary key, email text)",
        "insert into people values (1, 'a@example.com'), (2, 'b@example.com')",
      ],
    },
    targetLogin: { user: "app", password: TARGET_PASSWORD },
    principals: [
      { name: "ana", type: "user", level: "write" },
      { name: "mia", type: "user", level: "read", groups: ["owners"], roles: ["user", "reviewer"] },
      { name: "robot", type: "ai_agent", level: "read", onBehalfOf: "ana" },
    ],
    policies: [{ name: "policy.yaml", source: POLICY }],
  });
  const { adminPassword, userPassword, password, dataDir } = world.tidewaiter;
  secrets.set("target password", TARGET_PASSWORD).set("password in SQL", SQL_PASSWORD);
  secrets.set("another password", OTHER_PASSWORD);
  secrets.set("administrator's password", adminPassword).set("user's password", userPassword);
  secrets.set("connection secret of the fixture", password);
  const { keys } = JSON.parse(readFileSync(join(dataDir, "server/master.key"), "utf8")) as { keys: object };
  for (const [id, key] of Object.entries(keys)) secrets.set(`master key ${id}`, Buffer.from(String(key), "base64"));
});
afterAll(() => world[Symbol.asyncDispose]());

async function call(method: string, path: string, body?: unknown, as?: string): Promise<unknown> {
  const answer = await world.api(method, path, body, as);
  heard.push(JSON.stringify(answer ?? ""));
  return answer;
}

/** What is handed out is remembered; the rest of the answer is looked at like every other. */
async function handedOut<Field extends string>(name: string, field: Field, answer: Promise<unknown>): Promise<string> {
  const { [field]: secret, ...rest } = (await answer) as Record<Field, string>;
  secrets.set(name, secret);
  heard.push(JSON.stringify(rest));
  return secret;
}

async function walk(): Promise<void> {
  const login = { name: "ana", password: world.tidewaiter.userPassword };
  const token = await handedOut("access token", "accessToken", post("/v1/login", login));
  await post("/v1/login", { ...login, password: OTHER_PASSWORD }).catch((error: Error) => heard.push(error.message));
  for (const name of ["ana", "robot"]) {
    const made = world.tidewaiter.secret(name);
    await handedOut(`connection secret of ${name}`, "secret", made);
  }
  const joinToken = world.api("POST", "/v1/agents/tokens", { name: "never-used" });
  await handedOut("join token", "token", joinToken);
  await call("PUT", "/v1/resources/prod-db/credentials/admin", {
    type: "password",
    username: "app",
    password: OTHER_PASSWORD,
  });
  await sessions(token);
  await call("PUT", "/v1/principals/mia/password", { password: OTHER_PASSWORD });
  for (const path of ["principals", "groups", "resources", "grants", "policies", "agents", "sessions", "reviews"])
    await call("GET", `/v1/${path}`);
  await call("GET", "/v1/connection-secrets?all=true");
  await call("GET", "/v1/resources/prod-db");
  await call("POST", "/v1/resources/prod-db/check", { level: "admin" });
  await call("GET", "/v1/me", undefined, "ana");
}

async function sessions(token: string): Promise<void> {
  const secret = String(secrets.get("connection secret of ana"));
  const ana = await world.connect("ana", { secret });
  await ana.client.query("select * from people");
  await ana.client.query("select email from people where email = $1", ["a@example.com"]);
  heard.push(JSON.stringify(await told(ana.client.query("drop table people"))));
  await ana.client.query(`create role extra password '${SQL_PASSWORD}'`);
  heard.push(JSON.stringify(await told(ana.client.query(`alter role nobody_here password '${SQL_PASSWORD}'`))));
  const held = ana.client.query("delete from people where id = 2");
  const review = await eventually(async () => {
    const { reviews } = (await call("GET", "/v1/reviews?state=pending")) as { reviews: { id: string }[] };
    return reviews[0];
  });
  await call("POST", `/v1/reviews/${review.id}/approve`, { comment: "ticket 812" }, "mia");
  expect((await held).rowCount).toBe(1);
  await ana.client.end();
  const robot = await world.connect("robot", { secret: String(secrets.get("connection secret of robot")) });
  await robot.client.query("select 1");
  await robot.client.end();
  heard.push(JSON.stringify(await told(world.connect("ana", { secret: OTHER_PASSWORD }))));
  const byToken = await connectPg({
    host: "127.0.0.1",
    port: world.port,
    user: "token",
    password: token,
    database: "prod-db",
    ssl: { rejectUnauthorized: false },
  });
  await byToken.client.query("select 2");
  await byToken.client.end();
  heard.push(...ana.notices, ...robot.notices, ...byToken.notices);
  for (const { sessionId } of [ana, robot]) {
    await world.ended(sessionId);
    heard.push(JSON.stringify(await world.recording(sessionId)));
    heard.push(JSON.stringify(await world.session(sessionId)));
  }
}

async function post(path: string, body: object): Promise<unknown> {
  const response = await fetch(`${world.tidewaiter.baseUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text);
}

/** The ways in which a secret may be written down. */
function spellings(secret: string | Buffer): Buffer[] {
  const bytes = Buffer.from(secret);
  const encoded = (["hex", "base64", "base64url"] as const).map((name) => bytes.toString(name).replace(/=+$/, ""));
  return [bytes, ...encoded.map((text) => Buffer.from(text))];
}

function foundIn(text: string | Buffer): string[] {
  const bytes = Buffer.from(text);
  return [...secrets].flatMap(([name, secret]) => (spellings(secret).some((one) => bytes.includes(one)) ? [name] : []));
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("after a walk through everything, no secret stands in", () => {
  beforeAll(async () => {
    await walk();
    await call("GET", "/v1/audit?limit=1000");
  });

  skipUnless(hasCommand("psql"), "psql").it("what psql prints", async () => {
    const password = String(secrets.get("connection secret of ana"));
    const login = { port: world.port, user: "ana", database: "prod-db", password, sslmode: "require" } as const;
    const { code, stdout, stderr } = await runPsql({
      ...login,
      args: ["-c", "select * from people", "-c", "\\conninfo"],
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(foundIn(stdout + stderr)).toEqual([]);
  });

  it("the test itself can find one", () => {
    expect(foundIn(`x ${Buffer.from(TARGET_PASSWORD).toString("base64")} y`)).toEqual(["target password"]);
    expect(secrets.size).toBeGreaterThanOrEqual(11);
    expect(heard.length).toBeGreaterThan(20);
    expect(world.server.output.stderr).toContain("/v1/login");
  });

  it("answers of the API, errors, notices and recordings", () => {
    expect(heard.flatMap(foundIn)).toEqual([]);
  });

  it("what the server and the agent print, at their most talkative", () => {
    for (const { output } of [world.server, world.agent]) expect(foundIn(output.stdout + output.stderr)).toEqual([]);
  });

  it("the files of the server and the agent, but for the key file", async () => {
    // the walk's sessions are over: their journals become recordings, which are read below
    const journals = join(world.tidewaiter.dataDir, "server/journals");
    await eventually(() => filesBelow(journals).every((file) => !file.endsWith(".journal")), { within: 15_000 });
    const files = ["server", "agent"].flatMap((name) => filesBelow(join(world.tidewaiter.dataDir, name)));
    expect(files.length).toBeGreaterThan(8);
    const leaks = files
      .filter((file) => !file.endsWith("/master.key"))
      .flatMap((file) => foundIn(readFileSync(file)).map((name) => `${name} in ${file}`));
    expect(leaks).toEqual([]);
  });
});
