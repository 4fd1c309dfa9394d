import { parentPort, workerData } from "node:worker_threads";
import { toPlainError, toStorageError } from "../storage-error.ts";
import { findUnit, type UnitRegistry } from "../store.ts";
import { unitWork } from "../unit.ts";
import { migrateSqlite, openSqlite, runWork, type SqliteDatabase } from "./database.ts";
import type { WorkerOptions, WorkerReply, WorkerRequest } from "./protocol.ts";

/** The only thread that touches the SQLite file: a FULL commit would stop the data path's loop for half a millisecond. */
const options = workerData as WorkerOptions;
const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread only");
const reply = (message: WorkerReply) => port.postMessage(message);

try {
  const { units } = (await import(options.registry)) as { units: UnitRegistry };
  const database = openSqlite(options.file, options.busyTimeoutMs);
  migrateSqlite(database);
  port.on("message", (request: WorkerRequest) => answer(database, units, request));
  reply({ type: "ready" });
} catch (error) {
  reply({ type: "failed", error: toPlainError(toStorageError(error)) });
  port.close();
}

function answer(database: SqliteDatabase, units: UnitRegistry, request: WorkerRequest): void {
  if (request.type === "close") {
    database.close();
    reply({ type: "done", id: request.id });
    port?.close();
    return;
  }
  try {
    const unit = findUnit(units, request.feature, request.name);
    const outcome = runWork(database, unit.mode, unitWork(unit, request.args, request.now));
    reply({ type: "done", id: request.id, outcome });
  } catch (error) {
    reply({ type: "refused", id: request.id, error: toPlainError(toStorageError(error)) });
  }
}
