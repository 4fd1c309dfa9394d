import type pg from "pg";
import { MIGRATIONS_TABLE, pendingMigrations, readMigrations } from "../migrate.ts";

/** Session-level advisory lock: processes that start together apply the migrations one after the other. */
const MIGRATION_LOCK = 7_401_000;

export async function migratePostgres(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query(`set lock_timeout = '60s'; select pg_advisory_lock(${MIGRATION_LOCK})`);
    await client.query(MIGRATIONS_TABLE);
    const applied = await client.query<{ version: number }>("select version from schema_migrations");
    const versions = applied.rows.map((row) => row.version);
    for (const migration of pendingMigrations(readMigrations("postgres"), versions)) {
      await client.query("begin");
      await client.query(migration.sql);
      await client.query("insert into schema_migrations (version, name, applied_at) values ($1, $2, $3)", [
        migration.version,
        migration.name,
        new Date().toISOString(),
      ]);
      await client.query("commit");
    }
    await client.query(`select pg_advisory_unlock(${MIGRATION_LOCK}); reset lock_timeout`);
    broken = false;
  } finally {
    // After a failure the connection is closed, which ends its transaction and gives the lock back.
    client.release(broken);
  }
}
