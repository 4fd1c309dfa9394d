import { closeSync, openSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { fromPlainError, toStorageError } from "../storage-error.ts";
import type { UnitRunner } from "../store.ts";
import type { UnitOutcome } from "../unit.ts";
import type { WorkerOptions, WorkerReply, WorkerRequest } from "./protocol.ts";

export interface SqliteRunnerOptions {
  readonly file: string;
  /** URL of the module that exports `units`. */
  readonly registry: string;
  /** How long to wait for another process that holds the write lock. Default 2 s. */
  readonly busyTimeoutMs?: number;
}

interface Waiting {
  readonly resolve: (outcome: UnitOutcome<unknown> | undefined) => void;
  readonly reject: (error: TidewaiterError) => void;
}

/** Above this many units in the queue a new one is refused: better a clear answer than an ever longer wait. */
const QUEUE_LIMIT = 10_000;

/** Opens the store in its worker thread and applies migrations. Rejects with `storage_unavailable`. */
export async function startSqliteRunner(options: SqliteRunnerOptions): Promise<UnitRunner> {
  makePrivateFile(options.file);
  const workerData: WorkerOptions = {
    file: options.file,
    registry: options.registry,
    busyTimeoutMs: options.busyTimeoutMs ?? 2000,
  };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
  await started(worker);
  return new SqliteRunner(worker);
}

/** SQLite gives its WAL and shared-memory files the mode of the main file. */
function makePrivateFile(file: string): void {
  try {
    closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw toStorageError(error);
  }
}

function started(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("message", (message: WorkerReply) => {
      if (message.type === "failed") reject(fromPlainError(message.error));
      else resolve();
    });
    worker.once("error", (error) => reject(toStorageError(error)));
  });
}

class SqliteRunner implements UnitRunner {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #closed = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: WorkerReply) => this.#receive(message));
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(undefined));
    worker.unref();
  }

  async run(feature: string, name: string, args: unknown, now: string): Promise<UnitOutcome<unknown>> {
    const outcome = await this.#send((id) => ({ id, type: "run", feature, name, args, now }));
    if (outcome === undefined) throw new TidewaiterError("internal", "the store answered without a result");
    return outcome;
  }

  /** Another process that writes to the same file is found by the poll of the change feed. */
  onRemoteChange(): void {}

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#send((id) => ({ id, type: "close" }));
    this.#closed = true;
    await this.#worker.terminate();
  }

  #send(make: (id: number) => WorkerRequest): Promise<UnitOutcome<unknown> | undefined> {
    if (this.#closed || this.#waiting.size >= QUEUE_LIMIT) {
      return Promise.reject(new TidewaiterError("storage_unavailable", "the store is closed or overloaded"));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // While work is owed the process must not end.
      this.#worker.ref();
      this.#worker.postMessage(make(id));
    });
  }

  #receive(message: WorkerReply): void {
    if (message.type !== "done" && message.type !== "refused") return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (message.type === "done") waiting?.resolve(message.outcome);
    else waiting?.reject(fromPlainError(message.error));
  }

  #fail(cause: unknown): void {
    this.#closed = true;
    const error = new TidewaiterError("storage_unavailable", "the store's thread has ended", { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
