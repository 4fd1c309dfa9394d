import {
  findPostgres,
  type PostgresServer,
  skipUnless,
  startPostgres,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tw } from "./tw.ts";

const found = await findPostgres("18");

/** What two administrators do by the CLI against a real server. */
skipUnless(found.available, "PostgreSQL 18").describe("two people", () => {
  let postgres: PostgresServer;
  let server: Tidewaiter;
  let home: TempDir;

  const run = (args: readonly string[], input?: string) => tw(home.path, args, { input });
  const ok = async (args: readonly string[], input?: string) => {
    const result = await run(args, input);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result;
  };
  const signIn = (name: string, password: string) =>
    ok(["login", "--server", server.baseUrl, "--password-stdin", "--as", name], `${password}\n`);

  beforeAll(async () => {
    home = tempDir("two-people");
    postgres = await startPostgres({ version: "18" });
    server = await startTidewaiter({
      target: { host: postgres.host, port: postgres.port, user: postgres.superuser, database: "postgres" },
      principals: [
        { name: "ana", type: "user", level: "read" },
        { name: "ci", type: "service", level: "read" },
      ],
    });
    await signIn("admin", server.adminPassword);
    await signIn("ana", server.userPassword);
  });
  afterAll(async () => {
    await server?.stop();
    await postgres?.stop();
    await home?.remove();
  });

  it("takes all second factors of a person, whose sign-ins end; without a terminal only with --yes", async () => {
    const asked = await run(["principals", "reset-factors", "ana", "--as", "admin"]);
    expect(asked.code).not.toBe(0);
    expect(asked.stderr).toContain("reset-factors ana --yes");
    await ok(["status", "--as", "ana"]);
    const done = await ok(["principals", "reset-factors", "ana", "--yes", "--as", "admin"]);
    expect(done.stdout).toContain("Took all second factors of ana");
    expect((await run(["requests", "list", "--as", "ana"])).code).not.toBe(0);
    await signIn("ana", server.userPassword);
  });

  it("shows a key of a program with roles at once, which is good when another administrator has approved it", async () => {
    await ok(
      ["principals", "add", "bea", "--role", "admin", "--password-stdin", "--as", "admin"],
      "beas-long-password\n",
    );
    await ok(["principals", "add", "auditbot", "--kind", "service", "--role", "auditor", "--as", "admin"]);
    await signIn("bea", "beas-long-password");
    await ok(["changes", "mode", "on", "--as", "admin"]);
    const made = await ok(["api-keys", "add", "auditbot", "--name", "nightly", "--ttl", "1h", "--as", "admin"]);
    const change = /tw changes approve (\w+)/.exec(made.stderr)?.[1] ?? "";
    expect(made.stderr).toContain("opens nothing until another person has approved it");
    const use = () =>
      fetch(`${server.baseUrl}/v1/audit`, { headers: { authorization: `Bearer ${made.stdout.trim()}` } });
    expect((await use()).status).toBe(401);
    expect((await run(["changes", "approve", change, "--as", "admin"])).code).not.toBe(0);
    await ok(["changes", "approve", change, "--as", "bea"]);
    expect((await use()).status).toBe(200);
  });
});
