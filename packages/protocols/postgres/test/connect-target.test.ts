import { connect as connectTcp, type Socket } from "node:net";
import {
  certificateAuthority,
  type PostgresOptions,
  type PostgresServer,
  postgresVersions,
  startPostgres,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConnectedTarget, connectTarget } from "../src/connect-target/connect-target.ts";
import type { ConnectTargetOptions, TargetTls } from "../src/connect-target/options.ts";
import { sendCancelRequest } from "../src/connect-target/send-cancel-request.ts";
import { DerivedKeyCache } from "../src/scram/derived-key-cache.ts";
import { queryTarget } from "./query-target.ts";
import { tlsInterceptor } from "./tls-interceptor.ts";

const keys = new DerivedKeyCache();
const PASSWORD = "p\u00e4sswort \u2163 with spaces";

describe.each(postgresVersions)("connectTarget against PostgreSQL %s", (version) => {
  const servers = new Map<string, PostgresServer>();
  const start = async (name: string, options: PostgresOptions) => {
    const sql = [`CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`];
    servers.set(name, await startPostgres({ version, sql, ...options }));
  };
  beforeAll(async () => {
    await start("scram", { auth: "scram", tls: true });
    await start("md5", { auth: "md5" });
    await start("password", { auth: "password", tls: true });
    await start("cert", { auth: "cert" });
    await start("trust", { auth: "trust" });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  });
  const server = (name: string): PostgresServer => {
    const found = servers.get(name);
    if (found === undefined) throw new Error(`${name} was not started`);
    return found;
  };
  const open = (name: string, tls: TargetTls, more: Partial<ConnectTargetOptions> = {}) =>
    connectTarget(dial(server(name).port), {
      user: "app",
      database: "postgres",
      password: PASSWORD,
      tls,
      keys,
      ...more,
    });
  const verifyFull = (name: string): TargetTls => ({
    mode: "verify-full",
    serverName: "localhost",
    ca: server(name).tls?.caPem ?? "",
  });

  it.each<[string, (name: string) => TargetTls, boolean]>([
    ["scram", () => ({ mode: "disable" }), false],
    ["scram", () => ({ mode: "prefer" }), true],
    ["scram", () => ({ mode: "require" }), true],
    ["scram", (name) => ({ ...verifyFull(name), mode: "verify-ca", serverName: "another.example" }), true],
    ["scram", verifyFull, true],
    ["scram", (name) => ({ ...verifyFull(name), serverName: "127.0.0.1" }), true],
    ["md5", () => ({ mode: "prefer" }), false],
    ["password", () => ({ mode: "require" }), true],
    ["trust", () => ({ mode: "disable" }), false],
  ])("logs in with %s (case %#)", async (name, tls, encrypted) => {
    const target = await open(name, tls(name), { parameters: new Map([["application_name", "probe"]]) });
    expect(target.tls).toBe(encrypted);
    expect(target.backendKey?.secretKey).toHaveLength(4);
    expect(target.parameters.get("server_version")).toMatch(new RegExp(`^${version}`));
    expect(target.parameters.get("application_name")).toBe("probe");
    expect(target.leftover).toHaveLength(0);
    await expect(queryTarget(target.stream, "SELECT current_user")).resolves.toContain("app");
    target.stream.destroy();
  });

  it.each([false, true])(
    "notices someone inside its TLS connection (who removes PLUS from the offer: %s)",
    async (removes) => {
      const interceptor = await tlsInterceptor(server("scram").port, removes);
      const tls = { mode: "require" } as const;
      const attempt = connectTarget(dial(interceptor.port), {
        user: "app",
        database: "postgres",
        password: PASSWORD,
        keys,
        tls,
      });
      await expect(attempt).rejects.toMatchObject({ code: "auth_failed", server: { code: "28000" } });
      interceptor.close();
    },
  );

  it("uses a client certificate", async () => {
    const cert = server("cert");
    const issued = await cert.tls?.authority?.issue({ commonName: "app", usage: "client" });
    const pair = { cert: issued?.certPem ?? "", key: issued?.keyPem ?? "" };
    const target = await open("cert", { ...verifyFull("cert"), ...pair });
    await expect(queryTarget(target.stream, "SELECT current_user")).resolves.toContain("app");
    target.stream.destroy();
  });

  it("keeps a wrong password apart from other errors", async () => {
    const wrong = open("scram", { mode: "disable" }, { password: "no" });
    await expect(wrong).rejects.toMatchObject({ code: "auth_failed", server: { code: "28P01" } });
    const md5 = open("md5", { mode: "disable" }, { password: "no" });
    await expect(md5).rejects.toMatchObject({ code: "auth_failed", server: { code: "28P01" } });
    const missing = open("scram", { mode: "disable" }, { database: "absent" });
    await expect(missing).rejects.toMatchObject({ code: "server_error", server: { code: "3D000" } });
  });

  it("never sends a cleartext password without TLS unless told to", async () => {
    await expect(open("password", { mode: "disable" })).rejects.toMatchObject({ code: "auth_unsupported" });
    const allowed = await open("password", { mode: "disable" }, { allowCleartext: true });
    expect(allowed.tls).toBe(false);
    allowed.stream.destroy();
  });

  it("verifies the certificate", async () => {
    const stranger = await certificateAuthority("stranger");
    const untrusted = open("scram", { ...verifyFull("scram"), ca: stranger.caPem });
    await expect(untrusted).rejects.toMatchObject({ code: "tls_verify" });
    const misnamed = open("scram", { ...verifyFull("scram"), serverName: "another.example" });
    await expect(misnamed).rejects.toMatchObject({ code: "tls_verify" });
    await expect(open("trust", { mode: "require" })).rejects.toMatchObject({ code: "tls_refused" });
  });

  it.each<TargetTls>([{ mode: "disable" }, { mode: "require" }])("cancels a running statement ($mode)", async (tls) => {
    const target = await open("scram", tls);
    const running = queryTarget(target.stream, "SELECT pg_sleep(60)");
    await expect
      .poll(() =>
        server("scram").sql(
          "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active' AND pid <> pg_backend_pid()",
        ),
      )
      .toHaveLength(1);
    await sendCancelRequest(dial(server("scram").port), keyOf(target), { tls });
    await expect(running).resolves.toContain("57014");
    target.stream.destroy();
  });
});

function keyOf(target: ConnectedTarget) {
  if (target.backendKey === undefined) throw new Error("no backend key");
  return target.backendKey;
}

function dial(port: number): Socket {
  return connectTcp({ host: "127.0.0.1", port });
}
