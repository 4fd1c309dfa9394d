import { existsSync, readFileSync } from "node:fs";
import type pg from "pg";
import { expect, it } from "vitest";
import { connectPg } from "../src/pg-client.ts";
import { availablePostgres } from "../src/postgres-server/installation.ts";
import { startPostgres } from "../src/postgres-server/start.ts";
import { skipUnless } from "../src/skip-unless.ts";

for (const found of await availablePostgres()) {
  const needs = found.available ? "" : found.reason;
  skipUnless(found.available, needs).describe(`PostgreSQL ${found.version}`, () => {
    const { version } = found;

    it("starts, answers, and leaves nothing behind", async () => {
      const server = await startPostgres({ version, sql: ["CREATE ROLE ana LOGIN", "CREATE DATABASE shop OWNER ana"] });
      await using ana = await connectPg(server.connectionString("shop", "ana"));
      const { rows } = await ana.client.query("select current_user, current_setting('server_version') as version");
      expect(rows[0]).toEqual({ current_user: "ana", version: expect.stringMatching(`^${version}\\.`) });
      await ana.client.end();
      await server.stop();
      expect(existsSync(server.dataDir)).toBe(false);
      expect(() => process.kill(server.pid, 0)).toThrow();
    });

    it("keeps its data and port over a crash and a restart", async () => {
      await using server = await startPostgres({ version, fsync: true });
      await server.sql("create table kept as select 1 as one; checkpoint");
      const { port } = server;
      await server.kill();
      await expect(server.sql("select 1"))
        .rejects.toMatchObject({ code: "ENOENT" })
        .catch(() => {});
      await server.restart();
      await server.restart();
      expect(await server.sql("select one from kept")).toEqual([{ one: 1 }]);
      expect(server.port).toBe(port);
      expect(readFileSync(server.logFile, "utf8")).toContain("was not properly shut down");
    });

    it.each(["scram", "md5", "password"] as const)("asks for a password by %s", async (auth) => {
      await using server = await startPostgres({ version, auth, sql: ["CREATE ROLE ana LOGIN PASSWORD 'right'"] });
      await using ana = await connectPg(server.connectionString("postgres", "ana", "right"));
      expect((await ana.client.query("select current_user")).rows).toEqual([{ current_user: "ana" }]);
      const wrong = connectPg(server.connectionString("postgres", "ana", "wrong"));
      await expect(wrong).rejects.toMatchObject({ code: "28P01" });
    });

    it("asks for a client certificate", async () => {
      await using server = await startPostgres({ version, auth: "cert", sql: ["CREATE ROLE ana LOGIN"] });
      const issued = await server.tls?.authority?.issue({ commonName: "ana", usage: "client" });
      const tls = { ca: server.tls?.caPem, cert: issued?.certPem, key: issued?.keyPem, servername: "localhost" };
      const config = { host: server.host, port: server.port, user: "ana", database: "postgres" };
      await using ana = await connectPg({ ...config, ssl: tls } as pg.ClientConfig);
      const answer = await ana.client.query("select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()");
      expect(answer.rows).toEqual([{ ssl: true, client_dn: "/CN=ana" }]);
      await expect(connectPg(config)).rejects.toMatchObject({ code: "28000" });
    });

    it("takes settings, and TLS only when asked to", async () => {
      await using server = await startPostgres({ version, tls: true, tlsOnly: true, settings: { work_mem: "3MB" } });
      expect(await server.sql("show work_mem")).toEqual([{ work_mem: "3MB" }]);
      await expect(connectPg(server.connectionString())).rejects.toMatchObject({ code: "28000" });
    });
  });
}
