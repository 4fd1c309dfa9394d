import { Worker } from "node:worker_threads";
import { INLINE_SQL_BYTES, MAX_SQL_BYTES, type SqlClassification } from "@tidewaiter/core/sql-facts";
import { refusal } from "./classifier.ts";
import type { ClassifyAnswer, ClassifyRequest } from "./worker-protocol.ts";

export type ClassifierWorker = {
  /**
   * Never rejects. `deadlineMs` counts from the moment the worker takes the statement, not while it waits behind
   * others. Late or crashed: `ok: false`, reason `analyser`, and the worker is replaced.
   */
  classifyInWorker(sql: string, options?: { readonly deadlineMs?: number }): Promise<SqlClassification>;
  /** Ends the worker; statements under way and later ones are refused. */
  close(): Promise<void>;
};

export type ClassifierWorkerOptions = {
  /** Statements waiting for the worker beyond this are refused at once. Default 64. */
  readonly maxQueue?: number;
};

/** Whether `sql` is too long to be classified on the event loop. */
export function needsWorker(sql: string): boolean {
  return sql.length >= INLINE_SQL_BYTES || Buffer.byteLength(sql, "utf8") >= INLINE_SQL_BYTES;
}

/**
 * By the clock, since the worker shares its cores: 256 kB take some 0.5 s on an idle machine, and statements of drivers
 * (60 kB, 20,000 parameters) took 0.3 s on a busy one. Only statements that wait for the worker wait with it.
 */
export const CLASSIFY_DEADLINE_MS = 1_000;
const STARTUP_DEADLINE_MS = 10_000;
const DEFAULT_MAX_QUEUE = 64;
/** The tree of 256 kB of SQL is some 5 MB of JSON and ten times that as objects. */
const HEAP_MB = 256;

type Job = { readonly sql: string; readonly deadlineMs: number; readonly resolve: (answer: SqlClassification) => void };

/** A pool of one worker thread, started with the first statement. For SQL of `INLINE_SQL_BYTES` and more. */
export function createClassifierWorker(options: ClassifierWorkerOptions = {}): ClassifierWorker {
  const maxQueue = options.maxQueue ?? DEFAULT_MAX_QUEUE;
  const waiting: Job[] = [];
  let thread: WorkerThread | undefined;
  let closed = false;

  const next = (): void => {
    if (closed || thread?.busy === true) return;
    const job = waiting.shift();
    if (job === undefined) return;
    thread ??= startThread();
    const mine = thread;
    void mine.run(job.sql, job.deadlineMs).then((answer) => {
      if (answer === undefined && thread === mine) {
        thread = undefined;
        void mine.stop();
      }
      job.resolve(answer ?? refusal("analyser"));
      next();
    });
  };

  return {
    classifyInWorker(sql, { deadlineMs = CLASSIFY_DEADLINE_MS } = {}) {
      if (sql.length > MAX_SQL_BYTES) return Promise.resolve(refusal("too_large"));
      if (closed || waiting.length >= maxQueue) return Promise.resolve(refusal("analyser"));
      return new Promise((resolve) => {
        waiting.push({ sql, deadlineMs, resolve });
        next();
      });
    },
    async close() {
      closed = true;
      for (const job of waiting.splice(0)) job.resolve(refusal("analyser"));
      const last = thread;
      thread = undefined;
      await last?.stop();
    },
  };
}

type WorkerThread = {
  readonly busy: boolean;
  /** Undefined when the thread was late or died: it must not be used again. */
  run(sql: string, deadlineMs: number): Promise<SqlClassification | undefined>;
  stop(): Promise<void>;
};

function startThread(): WorkerThread {
  const worker = new Worker(new URL("./classify-worker.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, stackSizeMb: 4 },
    env: {},
  });
  worker.unref();
  let busy = false;
  let settle: ((answer: SqlClassification | undefined) => void) | undefined;
  let readied: ((alive: boolean) => void) | undefined;
  const ready = new Promise<boolean>((resolve) => {
    readied = resolve;
  });
  const died = (): void => {
    readied?.(false);
    settle?.(undefined);
  };
  worker.on("error", died);
  worker.on("exit", died);
  worker.on("message", (message: ClassifyAnswer) => {
    if ("ready" in message) readied?.(true);
    else settle?.(message.classification);
  });

  return {
    get busy() {
      return busy;
    },
    async run(sql, deadlineMs) {
      busy = true;
      try {
        const alive = await within(STARTUP_DEADLINE_MS, ready);
        if (alive !== true) return undefined;
        const answer = new Promise<SqlClassification | undefined>((resolve) => {
          settle = resolve;
        });
        worker.postMessage({ sql } satisfies ClassifyRequest);
        return await within(deadlineMs, answer);
      } finally {
        busy = false;
        settle = undefined;
      }
    },
    async stop() {
      died();
      await worker.terminate();
    },
  };
}

/** The promise's value, or undefined after `ms`. */
function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    void promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
