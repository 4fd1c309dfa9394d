import { setTimeout as delay } from "node:timers/promises";
import { TidewaiterError } from "@tidewaiter/core/errors";
import pg from "pg";
import type { Work } from "../statement.ts";
import { driverCode, toStorageError } from "../storage-error.ts";
import { findUnit, type UnitRegistry, type UnitRunner } from "../store.ts";
import { type UnitOutcome, unitWork } from "../unit.ts";
import { CHANGE_CHANNEL, ChangeListener } from "./change-listener.ts";
import { dialect } from "./dialect.ts";
import { migratePostgres } from "./migrations.ts";

export interface PostgresRunnerOptions {
  readonly connectionString: string;
  readonly registry: UnitRegistry;
  /** Default 10. */
  readonly maxConnections?: number;
}

/** serialization_failure, deadlock_detected. */
const RETRY = new Set(["40001", "40P01"]);
const ATTEMPTS = 5;
/** Key of the advisory lock that makes write units run one at a time, as they do on SQLite. */
const WRITER_LOCK = 7_401_001;

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as "text")) as never,
};

/** Connects, applies migrations and starts to listen. Rejects with `storage_unavailable`. */
export async function startPostgresRunner(options: PostgresRunnerOptions): Promise<UnitRunner> {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 5000,
    statement_timeout: 10_000,
    // a server that is silent, not gone: whoever waits is told
    query_timeout: 15_000,
    keepAlive: true,
    lock_timeout: 5000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: "tidewaiter",
    types,
  });
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  pool.on("error", () => {});
  try {
    await migratePostgres(pool);
  } catch (error) {
    await pool.end();
    throw toStorageError(error);
  }
  return new PostgresRunner(pool, options);
}

class PostgresRunner implements UnitRunner {
  readonly #pool: pg.Pool;
  readonly #registry: UnitRegistry;
  readonly #listener: ChangeListener;
  #closed = false;

  constructor(pool: pg.Pool, options: PostgresRunnerOptions) {
    this.#pool = pool;
    this.#registry = options.registry;
    this.#listener = new ChangeListener(options.connectionString);
  }

  async run(feature: string, name: string, args: unknown, now: string): Promise<UnitOutcome<unknown>> {
    if (this.#closed) throw new TidewaiterError("storage_unavailable", "the store is closed");
    const unit = findUnit(this.#registry, feature, name);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#transaction(unit.mode, () => unitWork(unit, args, now));
      } catch (error) {
        const code = driverCode(error);
        if (attempt >= ATTEMPTS || code === undefined || !RETRY.has(code)) throw toStorageError(error);
        await delay(5 * 2 ** attempt * Math.random());
      }
    }
  }

  onRemoteChange(listener: () => void): void {
    this.#listener.start(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#listener.stop();
    await this.#pool.end();
  }

  async #transaction(mode: "read" | "write", work: () => Work<UnitOutcome<unknown>>): Promise<UnitOutcome<unknown>> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      if (mode === "read") await client.query("begin isolation level repeatable read read only");
      else await client.query(`begin; select pg_advisory_xact_lock(${WRITER_LOCK})`);
      const outcome = await drive(client, work());
      if (outcome.lastChange !== undefined) await client.query(`notify ${CHANGE_CHANNEL}`);
      await client.query(outcome.discarded ? "rollback" : "commit");
      return outcome;
    } catch (error) {
      // A connection that cannot even roll back is thrown away, and the server rolls back when it sees it gone.
      await client.query("rollback").catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

async function drive<Result>(client: pg.PoolClient, work: Work<Result>): Promise<Result> {
  let step = work.next();
  while (!step.done) {
    const { sql, params } = dialect.sqlToQuery(step.value);
    const result = await client.query<unknown[]>({ text: sql, values: params, rowMode: "array" });
    step = work.next({ rows: result.rows, count: result.rowCount ?? 0 });
  }
  return step.value;
}
