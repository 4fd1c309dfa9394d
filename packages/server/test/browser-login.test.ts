import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { type CommandResult, eventually, hasCommand, runPsql, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FormBrowser } from "./browser-login.ts";
import { packet, SSL_REQUEST, startup } from "./raw-client.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start({
    principals: [
      { name: "ana", type: "user", level: "write" },
      { name: "mia", type: "user", level: "read" },
      { name: "nora", type: "user", level: "read" },
    ],
  });
  await world.apply({ kind: "grant", name: "nora-prod-db", state: "absent" });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Waiting {
  readonly link: string;
  readonly code: string;
  readonly result: Promise<CommandResult>;
  readonly leave: AbortController;
}

/** The real psql as `login`; resolves when it shows its link. */
async function psqlWaits(
  sql = "select session_user, 1 as one",
  options: { user?: string; database?: string } = {},
): Promise<Waiting> {
  const leave = new AbortController();
  let said = "";
  const result = runPsql({
    port: world.port,
    user: options.user ?? "login",
    database: options.database ?? "prod-db",
    sslmode: "require",
    args: ["-A", "-t", "-c", sql],
    env: { PGCONNECT_TIMEOUT: "60" },
    signal: leave.signal,
    abortWith: "SIGKILL",
    onStderr: (chunk) => {
      said += chunk.toString();
    },
  });
  const [, link = "", code = ""] = await eventually(() => /: (http\S+) {3}code (\S+)\n/.exec(said) ?? undefined);
  return { link, code, result, leave };
}

async function approve({ link, code }: Waiting, name: string, fields: Record<string, string> = {}) {
  const browser = new FormBrowser(world.tidewaiter.baseUrl);
  const page = await browser.signIn(new URL(link).pathname, name, world.tidewaiter.userPassword);
  return { page, answer: await browser.submit(page, { decision: "approve", code, covers: "client", ...fields }) };
}

/** Ends what earlier tests allowed. */
async function revokeAll(): Promise<void> {
  const { secrets } = (await world.api("GET", "/v1/connection-secrets?all=true")) as {
    secrets: { id: string; kind: string }[];
  };
  for (const { id, kind } of secrets) {
    if (kind === "browser") await world.api("DELETE", `/v1/connection-secrets/${id}`);
  }
}

skipUnless(hasCommand("psql"), "psql").describe("a client without a secret", () => {
  it("waits with a link, is shown on the page, and gets in as who signed in", async () => {
    const waiting = await psqlWaits();
    expect(await world.audit("session.started")).toHaveLength(0);
    const { page, answer } = await approve(waiting, "ana");
    expect(page.text).toContain("Let a connection in to prod-db?");
    expect(page.text).toMatch(/127\.0\.0\.1, port \d+/);
    expect(page.text).toContain("<strong>ana</strong>");
    expect(page.text).toContain("psql");
    expect(answer.text).toContain("One connection is let in to prod-db as ana.");
    const { code, stdout, stderr } = await waiting.result;
    expect([code, stdout]).toEqual([0, "postgres|1\n"]);
    expect(stderr).toContain(`NOTICE:  sign in to reach prod-db: ${waiting.link}   code ${waiting.code}\n`);
    expect(stderr).toContain("NOTICE:  signed in as ana by browser\n");
    expect((await world.audit("session.started"))[0]?.data).toMatchObject({ resource: "prod-db" });
    expect((await world.audit("browser_login.approved"))[0]?.data).toMatchObject({ by: "ana", address: "127.0.0.1" });
  });

  it("needs no second approval for a while: ten connections, one tab", async () => {
    await revokeAll();
    const ten = await Promise.all(Array.from({ length: 10 }, () => psqlWaits()));
    const [first] = ten;
    if (first === undefined) throw new Error("none waits");
    expect((await approve(first, "mia")).answer.text).toContain("10 connections are let in to prod-db as mia.");
    for (const { result } of ten) expect(await result).toMatchObject({ code: 0, stdout: "postgres|1\n" });
    const later = await runPsql({
      port: world.port,
      user: "login",
      database: "prod-db",
      sslmode: "require",
      args: ["-A", "-t", "-c", "select 2"],
    });
    expect([later.code, later.stdout]).toEqual([0, "2\n"]);
    expect(later.stderr).toContain("NOTICE:  signed in as mia by browser\n");
    expect(later.stderr).not.toContain("sign in to reach");
  });

  it("ends with the revocation of what let it in, within 5 s", async () => {
    await revokeAll();
    const waiting = await psqlWaits("select pg_sleep(60)");
    await approve(waiting, "ana", { covers: "connection" });
    await eventually(async () => {
      const { sessions } = (await world.api("GET", "/v1/sessions?state=live")) as { sessions: unknown[] };
      return sessions.length === 1;
    });
    const since = Date.now();
    await revokeAll();
    const { code, stderr } = await waiting.result;
    expect(code).not.toBe(0);
    expect(stderr).toContain("the connection secret was revoked");
    expect(Date.now() - since).toBeLessThan(5_000);
  });

  it("is let in by no wrong code, no stranger's form, and nobody without a grant", async () => {
    await revokeAll();
    const waiting = await psqlWaits();
    const wrong = await approve(waiting, "ana", { code: "2222-2222" });
    expect(wrong.answer.status).toBe(400);
    expect(wrong.answer.text).toContain("4 tries are left.");
    const path = new URL(waiting.link).pathname;
    const browser = new FormBrowser(world.tidewaiter.baseUrl);
    const page = await browser.signIn(path, "ana", world.tidewaiter.userPassword);
    const bare = { ...page, text: page.text.replace(/<input type="hidden" name="_form"[^>]*>/g, "") };
    const forged = await browser.submit(bare, { decision: "approve", code: waiting.code, covers: "client" });
    expect(forged.status).toBe(403);
    expect((await approve(waiting, "nora")).answer.text).toContain("There is no such resource that you may reach.");
    const unsigned = await new FormBrowser(world.tidewaiter.baseUrl).open(path);
    expect(unsigned.url).toContain("/sign-in?next=");
    const refusal = await browser.submit(page, { decision: "deny", code: "", covers: "client" });
    expect(refusal.text).toContain("The connection was refused");
    const { code, stderr } = await waiting.result;
    expect(code).toBe(2);
    expect(stderr).toContain("FATAL:  the login was refused in the browser");
    expect((await browser.open(path)).text).toContain("Nothing waits here");
  });

  it("can ask for a level, and for nothing that there is not", async () => {
    await revokeAll();
    const writing = await psqlWaits("select 1", { user: "login/write" });
    await approve(writing, "mia");
    expect((await writing.result).stderr).toContain("level write is not granted to you");
    const unknown = await psqlWaits("select 1", { database: "no-such-db" });
    expect((await approve(unknown, "ana")).answer.text).toContain("There is no such resource that you may reach.");
    unknown.leave.abort();
    const nameless = await runPsql({
      port: world.port,
      user: "login",
      database: "login",
      sslmode: "require",
      args: ["-c", "select 1"],
    });
    expect(nameless.stderr).toContain("no resource was named");
  });

  it("that leaves cannot be let in any more", async () => {
    await revokeAll();
    const waiting = await psqlWaits();
    waiting.leave.abort();
    await waiting.result;
    const browser = new FormBrowser(world.tidewaiter.baseUrl);
    await browser.signIn("/", "ana", world.tidewaiter.userPassword);
    const gone = async () => (await browser.open(new URL(waiting.link).pathname)).text.includes("Nothing waits here");
    await eventually(gone, { within: 5_000 });
  });

  it("is refused outside TLS", async () => {
    const { stderr } = await runPsql({
      port: world.port,
      user: "login",
      database: "prod-db",
      sslmode: "disable",
      args: ["-c", "select 1"],
    });
    expect(stderr).toContain("a login by browser is offered only inside TLS");
  });

  it("may say nothing while it waits", async () => {
    await revokeAll();
    const raw = connectTcp(world.port, "127.0.0.1");
    raw.write(packet(SSL_REQUEST));
    await new Promise((resolve) => raw.once("data", resolve));
    const socket = connectTls({ socket: raw, rejectUnauthorized: false });
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(startup({ user: "login", database: "prod-db" }));
    await eventually(() => received.includes("sign in to reach prod-db"));
    expect(received.startsWith("R\0\0\0\b\0\0\0\0N")).toBe(true);
    expect(received).not.toContain("Z\0\0\0\x05");
    socket.write(Buffer.from("Q\0\0\0\rselect 1\0", "latin1"));
    await closed;
    expect(received).toContain("nothing can be sent before somebody has signed in");
  });

  it("waits with nineteen others of its address at most", async () => {
    await revokeAll();
    const many: Waiting[] = [];
    for (let count = 0; count < 20; count++) many.push(await psqlWaits());
    const last = await runPsql({
      port: world.port,
      user: "login",
      database: "prod-db",
      sslmode: "require",
      args: ["-c", "select 1"],
    });
    expect(last.stderr).toContain("FATAL:  too many connections from your address wait for somebody to sign in");
    for (const { leave } of many) leave.abort();
    await Promise.all(many.map(({ result }) => result));
  });
});
