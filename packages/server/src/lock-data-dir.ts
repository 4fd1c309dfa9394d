import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Result code of SQLite for a lock that another connection holds (https://sqlite.org/rescode.html#busy). */
const SQLITE_BUSY = 5;

export class DataDirInUseError extends Error {
  readonly code = "data_dir_in_use";
}

/**
 * Holds a data directory for this process: two servers on it would take each other's journals for left-over ones and
 * each other's agents away. The lock is one of SQLite, because the system ends it with the process, whatever ended that.
 * Throws DataDirInUseError when another process has it.
 */
export function lockDataDir(dataDir: string, file: string): Disposable {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    chmodSync(file, 0o600);
    // nothing is ever written, so no journal
    database.exec("pragma journal_mode = off; begin exclusive");
  } catch (error) {
    database.close();
    if (!(error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY)) throw error;
    throw new DataDirInUseError(`another server is running on ${dataDir}; stop it first, or choose another --data-dir`);
  }
  return { [Symbol.dispose]: () => database.close() };
}
