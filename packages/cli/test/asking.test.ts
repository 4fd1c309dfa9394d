import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { hasCommand, runCommand, skipUnless, type TempDir, tempDir } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { tw } from "./tw.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Nothing is dialled: each is refused before. */
const NOWHERE = { host: "127.0.0.1", port: 9 };

describe("what an access rule lets one ask for", () => {
  let server: Tidewaiter;
  let home: TempDir;
  const run = (...args: string[]) => tw(home.path, args);
  const ask = (resource: string) => `tw request ${resource} --level write --for 2h --reason "..."`;
  const refused = (resource: string) => `level write is not granted to you on ${resource}`;

  beforeAll(async () => {
    home = tempDir("asking");
    server = await startTidewaiter({
      target: { ...NOWHERE, user: "app", database: "shop" },
      principals: [{ name: "ana", type: "user", level: "read" }],
      ssh: { port: NOWHERE.port, user: "deploy", privateKey: "none", hostKeys: [] },
      kubernetes: { url: "https://127.0.0.1:9", caPem: "-----BEGIN CERTIFICATE-----", token: "none" },
    });
    const root = { type: "password", username: "root", password: "none" };
    await server.api("PUT", "/v1/resources/web-1/credentials/write", root);
    await server.api("PUT", "/v1/access-rules/devs", {
      requesters: ["principal:ana"],
      tags: { env: "prod" },
      level: "write",
      maxDuration: "4h",
      reviewers: { by: ["principal:admin"] },
    });
    const login = ["login", "--server", server.baseUrl, "--password-stdin", "--as", "ana"];
    expect(await tw(home.path, login, { input: `${server.userPassword}\n` })).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await server?.stop();
    await home?.remove();
  });

  skipUnless(hasCommand("psql"), "psql").it("is named by the refusal in psql", async () => {
    const target = `host=127.0.0.1 port=${server.port} dbname=prod-db user=ana/write`;
    const { stderr } = await runCommand("psql", [target, "-c", "select 1"], { env: { PGPASSWORD: server.password } });
    expect(stderr).toContain(`FATAL:  ${refused("prod-db")}\nHINT:  Ask: ${ask("prod-db")}\n`);
  });

  skipUnless(hasCommand("ssh"), "ssh").it("in ssh", async () => {
    const { stderr } = await run("ssh", "root@web-1", "--", "id");
    expect(stderr).toContain(`${refused("web-1")}. Ask: ${ask("web-1")}`);
  });

  it("in what the Kubernetes API answers", async () => {
    const { secret } = (await server.api("POST", "/v1/connection-secrets", {}, "ana")) as { secret: string };
    const asked = request({
      host: "127.0.0.1",
      port: server.kubernetesPort,
      path: "/kube/prod-cluster/api/v1/pods",
      headers: { authorization: `Bearer ana/write~${secret}` },
      rejectUnauthorized: false,
    }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    const answer = await text(response);
    expect(response.statusCode, answer).toBe(403);
    expect(answer).toContain(`prod-cluster: ${refused("prod-cluster")}. Ask: ${ask("prod-cluster")}`);
  });

  it("and by the CLI before anything is made", async () => {
    const { code, stderr } = await run("connect", "prod-db", "--level", "write");
    expect([code, stderr]).toEqual([4, expect.stringContaining(ask("prod-db"))]);
  });
});
