import { spawn } from "node:child_process";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CookieClient,
  eventually,
  findPostgres,
  hasCommand,
  interactive,
  type PostgresServer,
  runCommand,
  skipUnless,
  startPostgres,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BIN, personOf, tw } from "./tw.ts";

const MIA_PASSWORD = "mias-long-password";

const PEOPLE = `kind: principal
name: mia
roles: [user, reviewer]
---
kind: group
name: owners
members: [mia]
`;
const POLICY = `version: 1
rules:
  - id: deletes-need-a-person
    reason: removes rows
    when: 'sql.kinds.exists(k, k == "DELETE")'
    review: { by: ["group:owners"], count: 1, expires: 5m }
    tests:
      - { sql: "delete from customers where id = 1", level: write, expect: review }
`;

let postgres: PostgresServer;
let server: Tidewaiter;
let home: TempDir;
const written: string[] = [];

async function run(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}) {
  const result = await tw(home.path, args, options);
  written.push(result.stderr, args.includes("--url") ? "" : result.stdout);
  return result;
}

async function json<Result>(...args: string[]): Promise<Result> {
  const result = await run([...args, "--json"]);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return JSON.parse(result.stdout) as Result;
}

const found = await findPostgres("18");

/** The whole way of a newcomer, in order: every step builds on the ones before. */
skipUnless(found.available, "PostgreSQL 18").describe("the CLI against a real server", () => {
  beforeAll(async () => {
    home = tempDir("cli");
    postgres = await startPostgres({ version: "18" });
    await postgres.sql(
      "create table customers (id int, email text); insert into customers values (1, 'ana@example.com')",
    );
    server = await startTidewaiter({
      target: { host: postgres.host, port: postgres.port, user: postgres.superuser, database: "postgres" },
      labels: { "public.customers.email": "pii.email" },
      principals: [
        { name: "ana", type: "user", level: "write" },
        { name: "bot", type: "ai_agent", level: "read", onBehalfOf: "ana" },
      ],
    });
  });
  afterAll(async () => {
    await server?.stop();
    await postgres?.stop();
    await home?.remove();
  });

  it("signs several people in", async () => {
    const login = ["login", "--server", server.baseUrl, "--as"];
    const wrong = await run([...login, "ana", "--password-stdin"], { input: "not-the-password\n" });
    expect(wrong).toMatchObject({ code: 3, stdout: "" });
    const env = { TIDEWAITER_PASSWORD: server.adminPassword };
    expect(await run([...login, "admin"], { env })).toMatchObject({ code: 0 });
    const ana = await run(["login", "--as", "ana", "--password-stdin"], { input: `${server.userPassword}\n` });
    expect([ana.code, ana.stdout]).toEqual([0, expect.stringContaining("as ana until")]);
    expect(await json("status")).toMatchObject({ profile: "ana", grants: [{ resource: "prod-db", level: "write" }] });
    expect(await json("status", "--as", "admin")).toMatchObject({ profile: "admin", roles: ["admin"] });
  });

  it("signs in by the browser of this computer, and by a code for any other", async () => {
    const browser = new CookieClient();
    const page = await browser.get(`${server.baseUrl}/sign-in`);
    expect((await browser.submit(page, { name: "ana", password: server.userPassword })).status).toBe(200);
    const start = (...args: string[]) => {
      const env = { ...process.env, ...personOf(home.path), BROWSER: "true" };
      const child = spawn(process.execPath, [BIN, "login", "--server", server.baseUrl, "--keep-current", ...args], {
        env,
      });
      const told = { stdout: "", stderr: "" };
      child.stdout.on("data", (chunk) => {
        told.stdout += String(chunk);
      });
      child.stderr.on("data", (chunk) => {
        told.stderr += String(chunk);
      });
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      return { told, ended };
    };
    const local = start("--browser", "--as", "ana-browser");
    const url = await eventually(() => /http\S+command-line\S+/.exec(local.told.stderr)?.[0]);
    const done = await browser.submit(await browser.get(url), {}, 1);
    expect(done.body).toContain("The command line is signed in");
    expect([await local.ended, local.told.stdout]).toEqual([0, expect.stringContaining("as ana until")]);
    const elsewhere = start("--device", "--as", "ana-device");
    const code = await eventually(() => /type the code (\S+)/.exec(elsewhere.told.stderr)?.[1]);
    await browser.submit(await browser.get(`${server.baseUrl}/device?code=${code}`), { answer: "yes" }, 1);
    expect([await elsewhere.ended, elsewhere.told.stdout]).toEqual([0, expect.stringContaining("as ana until")]);
    const path = join(home.path, ".config/tidewaiter/profiles/ana-device.json");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    written.push(local.told.stderr, elsewhere.told.stderr);
  }, 60_000);

  it("refreshes an access token that is about to end, once for several runs at a time", async () => {
    const path = join(home.path, ".config/tidewaiter/profiles/ana-device.json");
    const before = JSON.parse(await readFile(path, "utf8")) as Record<string, string>;
    await writeFile(path, JSON.stringify({ ...before, expiresAt: new Date(Date.now() + 1000).toISOString() }));
    const runs = await Promise.all([1, 2, 3].map(() => run(["status", "--as", "ana-device"])));
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([1, 2, 3].map(() => [0, ""]));
    const after = JSON.parse(await readFile(path, "utf8")) as Record<string, string>;
    expect(after.refreshToken).toMatch(/^twr_/);
    expect(after.refreshToken).not.toBe(before.refreshToken);
    // Somebody copied the file before: their use of the old token ends the sign-in, for both.
    await writeFile(path, JSON.stringify({ ...before, expiresAt: new Date(Date.now() + 1000).toISOString() }));
    const thief = await run(["status", "--as", "ana-device"]);
    expect([thief.code, thief.stderr]).toEqual([3, expect.stringContaining("used before")]);
    await writeFile(path, JSON.stringify(after));
    expect(await run(["status", "--as", "ana-device"])).toMatchObject({ code: 3 });
    expect(await run(["status", "--as", "ana-browser"])).toMatchObject({ code: 0 });
    expect(await run(["logout", "--as", "ana-browser"])).toMatchObject({ code: 0 });
    expect(await run(["logout", "--as", "ana-device"])).toMatchObject({ code: 0 });
  });

  it("applies documents: a diff first, then all of them, then nothing", async () => {
    const dir = join(home.path, "docs");
    await mkdir(join(dir, "policies"), { recursive: true });
    await writeFile(join(dir, "people.yaml"), PEOPLE);
    await writeFile(join(dir, "policies", "writes.yaml"), POLICY.replace("sql.kinds", "sql.kind"));
    const broken = await run(["apply", "-f", dir, "--as", "admin"]);
    expect([broken.code, broken.stderr]).toEqual([8, expect.stringContaining("policies/writes.yaml:5:")]);
    await writeFile(join(dir, "policies", "writes.yaml"), POLICY);
    const shown = await run(["apply", "-f", dir, "--dry-run", "--as", "admin"]);
    expect(shown.stdout, shown.stderr).toContain("+ principal mia");
    expect(shown.stdout).toContain("+ policy policies/writes.yaml");
    const { principals } = await json<{ principals: { name: string }[] }>("principals", "list", "--as", "admin");
    expect(principals.map(({ name }) => name)).toEqual(["admin", "ana", "bot"]);
    expect((await run(["apply", "-f", dir, "--as", "admin"])).stdout).toContain("Applied: 3 changes");
    expect((await run(["apply", "-f", dir, "--as", "admin"])).stdout).toContain("Nothing to change");
    expect(await run(["apply", "-f", dir])).toMatchObject({ code: 4 });
    expect(await run(["policy", "test", "-f", dir, "--as", "admin"])).toMatchObject({
      code: 0,
      stdout: "1 of 1 tests passed\n",
    });
    const password = { input: `${MIA_PASSWORD}\n` };
    expect(await run(["principals", "password", "mia", "--password-stdin", "--as", "admin"], password)).toMatchObject({
      code: 0,
    });
    expect(await run(["login", "--as", "mia", "--keep-current", "--password-stdin"], password)).toMatchObject({
      code: 0,
    });
    expect(await json("status")).toMatchObject({ profile: "ana" });
  });

  it("prepares native clients, and replaces an unused secret", async () => {
    const first = await json<{ secretId: string; command: string }>("connect", "prod-db");
    expect(first.command).toBe("psql service=prod-db");
    const second = await json<{ secretId: string; passFile: string; serviceFile: string }>("connect", "prod-db");
    expect(second.passFile).toBe(join(home.path, ".pgpass"));
    for (const path of [second.passFile, second.serviceFile]) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(second.passFile, "utf8")).match(/tidewaiter:begin/g)).toHaveLength(1);
    const { secrets } = await json<{ secrets: { id: string }[] }>("secrets", "list");
    expect(secrets.map(({ id }) => id)).toContain(second.secretId);
    expect(secrets.map(({ id }) => id)).not.toContain(first.secretId);
    expect(await run(["connect", "nowhere"])).toMatchObject({ code: 5 });
    expect(await run(["connect", "prod-db", "--level", "admin"])).toMatchObject({ code: 4 });
    expect(await run(["connect", "prod-db", "--for", "mia"])).toMatchObject({ code: 4 });
  });

  it("prints a URL with the secret only when asked, and then writes nothing", async () => {
    const before = await readFile(join(home.path, ".pgpass"), "utf8");
    const { stdout, stderr } = await run(["connect", "prod-db", "--url", "--for", "bot", "--uses", "1"]);
    const url = new URL(stdout.trim());
    expect([url.username, url.pathname, url.searchParams.get("sslmode")]).toEqual(["bot", "/prod-db", "verify-full"]);
    expect(stderr).not.toContain(url.password);
    expect(await readFile(join(home.path, ".pgpass"), "utf8")).toBe(before);
  });

  const psql = skipUnless(hasCommand("psql"), "psql");

  psql.it("lets an unchanged psql in by its service", async () => {
    const result = await runCommand(
      "psql",
      ["-X", "-w", "-At", "service=prod-db", "-c", "select id, email from customers"],
      {
        env: personOf(home.path),
      },
    );
    expect([result.code, result.stdout], result.stderr).toEqual([0, expect.stringMatching(/^1\|/)]);
    expect(result.stdout).not.toContain("ana@example.com");
  });

  psql.it("runs psql and commands with a secret that ends with them", async () => {
    const live = async () => (await json<{ secrets: unknown[] }>("secrets", "list")).secrets.length;
    const before = await live();
    expect(await run(["psql", "prod-db", "--", "-X", "-At", "-c", "select 40 + 2"])).toMatchObject({
      code: 0,
      stdout: "42\n",
    });
    expect(await run(["psql", "prod-db", "--", "-X", "-v", "ON_ERROR_STOP=1", "-c", "no sql"])).toMatchObject({
      code: 1,
    });
    const script = `env | grep -c "^TIDEWAITER"; psql -X -At -c "select current_setting('tidewaiter.principal')"; exit 7`;
    const exec = await run(["exec", "prod-db", "--for", "bot", "--", "sh", "-c", script]);
    expect([exec.code, exec.stdout], exec.stderr).toEqual([7, "0\nbot\n"]);
    expect(await run(["exec", "prod-db", "--", "no-such-program"])).toMatchObject({ code: 11 });
    expect(await live()).toBe(before);
  });

  it("says it clearly when there is no psql", async () => {
    const result = await run(["psql", "prod-db"], { env: { PATH: "/nowhere" } });
    expect([result.code, result.stderr]).toEqual([11, expect.stringContaining("postgresql-client")]);
  });

  psql.it("holds a statement until another person approves exactly that one", async () => {
    const args = [BIN, "psql", "prod-db", "--", "-X", "-c", "delete from customers where id = 1"];
    const held = spawn(process.execPath, args, { env: { ...process.env, ...personOf(home.path) }, stdio: "ignore" });
    const ended = new Promise<number | null>((resolve) => held.once("close", resolve));
    const waiting = async () =>
      (await json<{ reviews: { shortId: string }[] }>("reviews", "list", "--as", "mia")).reviews[0];
    const { shortId } = await eventually(waiting);
    const shown = await run(["reviews", "show", shortId, "--as", "mia"]);
    expect(shown.stdout).toContain("delete from customers where id = 1");
    expect(await run(["reviews", "approve", shortId])).toMatchObject({ code: 4 });
    expect(await run(["reviews", "approve"])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("another person"),
    });
    // an empty variable of a script approves nothing
    expect(await run(["reviews", "approve", "--as", "mia"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("nothing was decided"),
    });
    const approved = await run(["reviews", "approve", "--yes", "--as", "mia", "--comment", "ticket 812"]);
    expect([approved.code, approved.stdout]).toEqual([0, expect.stringContaining(`Approved ${shortId} of ana`)]);
    expect(approved.stderr).toContain("delete from customers where id = 1");
    expect(await ended).toBe(0);
    expect(await run(["reviews", "reject", shortId, "--as", "mia"])).toMatchObject({ code: 6 });
  });

  psql.it("lists, replays and verifies what happened", async () => {
    const { sessions } = await json<{ sessions: { id: string; principal: string }[] }>("sessions", "list");
    expect(sessions.length).toBeGreaterThan(3);
    const replay = await eventually(async () => {
      const result = await run(["sessions", "replay", "last", "--as", "admin", "--reason", "a test"]);
      return result.stdout.includes("session ended") ? result : undefined;
    });
    expect(replay.stdout).toContain("delete from customers");
    expect(replay.stdout).toContain('approved by mia: "ticket 812"');
    const lines = (await run(["sessions", "replay", "last", "--events", "--as", "admin"])).stdout.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toContain("review");
    expect(await run(["sessions", "replay", "last"])).toMatchObject({ code: 4 });
    expect(await json("sessions", "verify", "last", "--as", "admin")).toMatchObject({ ok: true, tail: "complete" });
    expect(await json("audit", "verify", "--as", "admin")).toMatchObject({ ok: true });
    const audit = await run(["audit", "list", "--type", "recording", "--as", "admin"]);
    expect(audit.stdout).toContain("reason=a test");
  });

  psql.it("shows a live session to who may see it, for as long as they may", async () => {
    using client = interactive("psql", ["-X", "-w", "-At", "service=prod-db"], personOf(home.path));
    client.type("select 1 as first;\n");
    await client.see("1\n");
    const roles = (...names: string[]) => server.api("PATCH", "/v1/principals/mia", { roles: names });
    const watch = (...args: string[]) =>
      interactive(process.execPath, [BIN, "sessions", "watch", "last", ...args], personOf(home.path));
    using mia = watch("--as", "mia");
    expect(await mia.closed).toBe(5);
    await roles("user", "auditor");
    using reader = watch("--as", "mia", "--reason", "ticket 813");
    await reader.see("select 1 as first");
    await reader.see("completed SELECT 1");
    using json = watch("--as", "admin", "--json");
    await json.see('"select 1 as first;"');
    client.type("select 'second';\n");
    await client.see("second");
    await reader.see("select 'second'");
    await json.see("select 'second'");
    await roles("user");
    const lost = performance.now();
    expect(await reader.closed).toBe(4);
    expect(performance.now() - lost).toBeLessThan(5_000);
    expect(reader.told.stderr).toContain("recordings.read");
    client.type("select 'third';\n");
    await json.see("select 'third'");
    client.type("\\q\n");
    expect([await client.closed, await json.closed]).toEqual([0, 0]);
    expect(json.told.stdout.trimEnd().split("\n").at(-1)).toContain("session_ended");
    expect(reader.told.stdout).not.toContain("third");
    await roles("user", "reviewer");
  });

  psql.it("ends a live session, and a secret with its sessions", async () => {
    const open = (...more: string[]) => {
      const args = [BIN, "psql", "prod-db", ...more, "--", "-X", "-c", "select pg_sleep(60)"];
      const child = spawn(process.execPath, args, { env: { ...process.env, ...personOf(home.path) }, stdio: "ignore" });
      return new Promise<number | null>((resolve) => child.once("close", resolve));
    };
    type Live = { sessions: { id: string; counters: { statements: number } }[] };
    const live = async () => (await json<Live>("sessions", "list", "--live")).sessions[0];
    const first = open();
    const { id } = await eventually(live);
    expect(await run(["sessions", "kill", id])).toMatchObject({ code: 4 });
    expect(await run(["sessions", "kill", "last", "--reason", "wrong database", "--as", "admin"])).toMatchObject({
      code: 0,
    });
    expect(await first).toBe(2);
    const second = open("--ttl", "5m");
    await eventually(live);
    const { secrets } = await json<{ secrets: { id: string; expiresAt: string }[] }>("secrets", "list");
    const soonest = secrets.toSorted((a, b) => a.expiresAt.localeCompare(b.expiresAt))[0]?.id ?? "";
    expect(await run(["secrets", "revoke", soonest])).toMatchObject({ code: 0 });
    expect(await second).toBe(2);
    expect((await run(["sessions", "show", id])).stdout).toContain("wrong database");
  });

  it("kept every secret out of what it wrote", async () => {
    const profile = JSON.parse(await readFile(join(home.path, ".config/tidewaiter/profiles/ana.json"), "utf8")) as {
      accessToken: string;
    };
    const pass = await readFile(join(home.path, ".pgpass"), "utf8");
    const secret = /^[^#].*:([^:]+)$/m.exec(pass)?.[1] ?? "";
    expect(secret.length).toBeGreaterThan(20);
    for (const hidden of [profile.accessToken, secret, server.userPassword, server.adminPassword, MIA_PASSWORD]) {
      expect(written.join("\n").includes(hidden)).toBe(false);
    }
  });

  it("signs out: the token is of no use any more", async () => {
    expect(await run(["logout"])).toMatchObject({ code: 0 });
    expect(await run(["status"])).toMatchObject({ code: 3 });
    expect(await run(["status", "--as", "mia"])).toMatchObject({ code: 0 });
  });
});
