import type { Client } from "../matrix.ts";
import { libpqPipeline, newerPostgres, ofGo, ofJava, ofNode, ofPython, onMachine, prisma } from "../toolchains.ts";

const client = (name: string, install: Client["install"], more: Partial<Client> = {}): Client => ({
  name,
  server: "18",
  sample: false,
  install,
  ...more,
});
/** pg_dump refuses newer servers than itself. */
const old = { server: "15" } as const;
/** The build at hand has none. */
const withoutTls = { env: { PGSSLMODE: "disable" } } as const;

export const postgresClients: readonly Client[] = [
  client("psql", (cache) => onMachine(cache, "psql", "psql"), { ...old, sample: true }),
  client("node-postgres", (cache) => ofNode(cache, "node-postgres", "pg"), { sample: true }),
  client("postgres-js", (cache) => ofNode(cache, "postgres-js", "postgres"), { sample: true }),
  client("psycopg", (cache) => ofPython(cache, "psycopg", "psycopg"), { sample: true }),
  client("psql-18", (cache) => newerPostgres(cache, "psql-18", "psql"), withoutTls),
  client("asyncpg", (cache) => ofPython(cache, "asyncpg", "asyncpg")),
  client("sqlalchemy", (cache) => ofPython(cache, "sqlalchemy", "SQLAlchemy")),
  client("pgx", (cache) => ofGo(cache, "pgx", "github.com/jackc/pgx/v5")),
  client("pgjdbc", (cache) => ofJava(cache, "pgjdbc")),
  client("prisma", prisma),
  client("drizzle", (cache) => ofNode(cache, "drizzle", "drizzle-orm")),
  client("pgbench", (cache) => onMachine(cache, "pgbench", "pgbench"), old),
  client("pgbench-18", (cache) => newerPostgres(cache, "pgbench-18", "pgbench"), withoutTls),
  client("pg-dump", (cache) => onMachine(cache, "pg-dump", "pg_dump"), old),
  client("pg-dump-18", (cache) => newerPostgres(cache, "pg-dump-18", "pg_dump"), withoutTls),
  client("libpq-pipeline", libpqPipeline, old),
];
