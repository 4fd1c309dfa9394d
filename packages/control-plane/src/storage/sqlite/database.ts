import Database from "better-sqlite3";
import { SQLiteSyncDialect } from "../drizzle.ts";
import { MIGRATIONS_TABLE, pendingMigrations, readMigrations } from "../migrate.ts";
import type { StatementResult, Work } from "../statement.ts";
import type { UnitOutcome } from "../unit.ts";

export type SqliteDatabase = Database.Database;

const dialect = new SQLiteSyncDialect();

/** Opens the file (mode 0600 when new) with the settings that make an acknowledged commit survive a power cut. */
export function openSqlite(file: string, busyTimeoutMs: number): SqliteDatabase {
  const database = new Database(file, { timeout: busyTimeoutMs });
  switchToWal(database, busyTimeoutMs);
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  database.pragma("trusted_schema = OFF");
  return database;
}

/**
 * SQLite does not wait for the lock here: while two processes open a new file at once, one is told SQLITE_BUSY whatever
 * the time-out says (both hold the read lock that the other must see released). So the waiting is ours.
 */
function switchToWal(database: SqliteDatabase, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      database.pragma("journal_mode = WAL");
      return;
    } catch (error) {
      const busy = error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
      if (!busy || performance.now() >= deadline) throw error;
      pause(5);
    }
  }
}

/** Stops this thread, which is the store's own. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Each migration in a transaction of its own; a second process waits for the first and finds nothing left to do. */
export function migrateSqlite(database: SqliteDatabase): void {
  // Not as a statement of its own: a reader that becomes a writer is told SQLITE_BUSY at once when another was faster.
  database.transaction(() => database.exec(MIGRATIONS_TABLE)).immediate();
  const applied = () => database.prepare("select version from schema_migrations").pluck().all() as number[];
  for (const migration of pendingMigrations(readMigrations("sqlite"), applied())) {
    const apply = database.transaction(() => {
      if (applied().includes(migration.version)) return;
      database.exec(migration.sql);
      database
        .prepare("insert into schema_migrations (version, name, applied_at) values (?, ?, ?)")
        .run(migration.version, migration.name, new Date().toISOString());
    });
    apply.immediate();
  }
}

/** One synchronous transaction. `immediate` takes the write lock first, so that a unit never fails half-way on it. */
export function runWork<Result>(
  database: SqliteDatabase,
  mode: "read" | "write",
  work: Work<UnitOutcome<Result>>,
): UnitOutcome<Result> {
  database.exec(mode === "write" ? "begin immediate" : "begin");
  try {
    const outcome = drive(database, work);
    database.exec(outcome.discarded ? "rollback" : "commit");
    return outcome;
  } finally {
    // Some errors (a full disk) have rolled back already.
    if (database.inTransaction) database.exec("rollback");
  }
}

function drive<Result>(database: SqliteDatabase, work: Work<Result>): Result {
  let step = work.next();
  while (!step.done) {
    const { sql, params } = dialect.sqlToQuery(step.value);
    step = work.next(runStatement(database, sql, params));
  }
  return step.value;
}

/** Statement text is assembled from code, never from input, so that the number of prepared ones stays small. */
const prepared = new WeakMap<SqliteDatabase, Map<string, Database.Statement<unknown[], unknown[]>>>();
const PREPARED_LIMIT = 500;

function runStatement(database: SqliteDatabase, text: string, params: readonly unknown[]): StatementResult {
  const statement = prepare(database, text);
  if (!statement.reader) return { rows: [], count: statement.run(...params).changes };
  const rows = statement.all(...params);
  return { rows, count: rows.length };
}

function prepare(database: SqliteDatabase, text: string) {
  const cache = prepared.get(database) ?? new Map();
  prepared.set(database, cache);
  const known = cache.get(text);
  if (known !== undefined) return known;
  if (cache.size >= PREPARED_LIMIT) cache.clear();
  const statement = database.prepare<unknown[], unknown[]>(text);
  if (statement.reader) statement.raw(true);
  cache.set(text, statement);
  return statement;
}
