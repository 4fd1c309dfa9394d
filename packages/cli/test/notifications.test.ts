import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
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

/** Credentials by reference, and channels, by the CLI against real servers and a real receiver. */
skipUnless(found.available, "PostgreSQL 18").describe("references and notifications", () => {
  let postgres: PostgresServer;
  let server: Tidewaiter;
  let home: TempDir;
  let status = 200;
  const receiver = createServer((request, response) => {
    request.resume();
    response.writeHead(status).end();
  });

  const run = (args: readonly string[], input?: string) => tw(home.path, args, { input });

  beforeAll(async () => {
    home = tempDir("notifications");
    receiver.listen(0, "127.0.0.1");
    await once(receiver, "listening");
    await writeFile(join(home.path, "hook-secret"), "a-secret-of-at-least-24-bytes\n");
    postgres = await startPostgres({ version: "18" });
    server = await startTidewaiter({
      target: { host: postgres.host, port: postgres.port, user: postgres.superuser, database: "postgres" },
      serverArgs: ["--secret-dir", home.path, "--notify-network", "127.0.0.0/8"],
    });
    const login = ["login", "--server", server.baseUrl, "--password-stdin", "--as", "admin"];
    expect(await run(login, `${server.adminPassword}\n`)).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await server?.stop();
    await postgres?.stop();
    receiver.close();
    await home?.remove();
  });

  it("sets a credential by reference, and shows where it is kept", async () => {
    const reference = `file:${home.path}/hook-secret`;
    const set = await run(["credentials", "set", "prod-db", "read", "--username", "reader", "--reference", reference]);
    expect(set).toMatchObject({ code: 0, stdout: expect.stringContaining(`reached as reader (${reference})`) });
    const shown = await run(["resources", "show", "prod-db"]);
    expect(shown.stdout).toContain(`reader (${reference})`);
    expect(shown.stdout).not.toContain("a-secret-of");
    const refused = await run(["credentials", "set", "prod-db", "read", "--reference", "file:/etc/shadow"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--secret-dir DIR") });
    const other = await run(["credentials", "set", "prod-db", "read", "--username", "deploy", "--ssh-certificate"]);
    expect(other.stderr).toContain("a credential for postgres is of type password, certificate or trust");
    expect(other.code).toBe(2);
    expect(await run(["credentials", "set", "prod-db", "read"])).toMatchObject({ code: 2 });
  });

  it("tests a channel, and says what went wrong and what waits", async () => {
    const { port } = receiver.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/hook`;
    const channel = { kind: "notification_channel", name: "oncall", type: "webhook", url };
    const file = join(home.path, "channels.yaml");
    await writeFile(file, JSON.stringify({ ...channel, secret: `file:${home.path}/hook-secret` }));
    expect(await run(["apply", "-f", file])).toMatchObject({ code: 0 });
    expect(await run(["notifications", "test", "oncall"])).toMatchObject({
      code: 0,
      stdout: "Sent: oncall took the test.\n",
    });
    status = 503;
    const failed = await run(["notifications", "test", "oncall"]);
    expect(failed).toMatchObject({ code: 10, stderr: expect.stringContaining("the receiver answered HTTP 503") });
    const list = await run(["notifications", "list"]);
    expect(list.stdout).toMatch(/oncall +webhook +1 .*HTTP 503/);
    const sent = JSON.parse((await run(["notifications", "list", "--sent", "--json"])).stdout);
    expect(sent.notifications.map(({ state }: { state: string }) => state)).toEqual(["waiting", "sent"]);
    expect(await run(["notifications", "test", "nothing"])).toMatchObject({ code: 5 });
  });
});
