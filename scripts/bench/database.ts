import { type PostgresServer, type PostgresVersion, runCommand, startPostgres } from "@tidewaiter/testkit";
import type { Route } from "./route.ts";

export const benchRole = { user: "bench", password: "bench-role-password", database: "bench" } as const;

/** Rows of the bulk tables; about 199 bytes each on the wire. */
const bulkRows = 1_000_000;

/**
 * The target: PostgreSQL with fsync off, pgbench's tables (1M accounts, all in memory) and two tables of equal content,
 * `events` without labels and `customers`, whose `email` the policy of the bench labels `pii.email`.
 */
export async function startTarget(version: PostgresVersion, scale: number): Promise<PostgresServer> {
  const { user, password, database } = benchRole;
  const server = await startPostgres({
    version,
    auth: "scram",
    settings: { shared_buffers: "512MB", max_connections: "500", autovacuum: "off", jit: "off", max_wal_size: "4GB" },
    sql: [
      `create role ${user} login password '${password}'`,
      `create database ${database} owner ${user}`,
      // as `resources check` advises where labels follow by the server's trees: else each is written to its log
      `alter role ${user} set log_min_messages = fatal`,
    ],
  });
  await fill(server, scale);
  return server;
}

async function fill(server: PostgresServer, scale: number): Promise<void> {
  const { user, database } = benchRole;
  const target = ["-h", server.socketDir, "-p", String(server.port), "-U", user, database];
  const filled = await runCommand("pgbench", ["-i", "-q", "-s", String(scale), ...target]);
  if (filled.code !== 0) throw new Error(`pgbench -i failed: ${filled.stderr.trim()}`);
  for (const table of ["events", "customers"]) {
    const content = `select n as id, 'person' || n || '@mail.example' as email, md5(n::text) as name,
      'DE' as country, repeat(md5((n + 1)::text), 3) as note from generate_series(1, ${bulkRows}) n`;
    await server.sql(`create unlogged table ${table} as ${content}`, database);
    await server.sql(`alter table ${table} owner to ${user}; analyze ${table}`, database);
    await server.sql(`vacuum ${table}`, database);
  }
}

export function directRoute(server: PostgresServer): Route {
  return { name: "direct", host: server.host, port: server.port, ...benchRole, pids: [], stop: async () => {} };
}
