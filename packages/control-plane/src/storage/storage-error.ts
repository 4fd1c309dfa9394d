import { type ErrorCode, TidewaiterError } from "@tidewaiter/core/errors";

/** An error as it crosses the border between threads. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly next?: string;
}

/** SQLSTATE 23505 and SQLite's own codes for the same. */
const DUPLICATE = new Set(["23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"]);
/** A row that is named here was deleted meanwhile. */
const DANGLING = new Set(["23503", "SQLITE_CONSTRAINT_FOREIGNKEY"]);

/**
 * The one translation of driver errors. The driver's text may quote values, so it is kept only as `cause` for the
 * process that saw it and never shown. Everything that is not the caller's own doing means that the store cannot be
 * used: locked, full, read-only, gone, or broken.
 */
export function toStorageError(error: unknown): TidewaiterError {
  if (error instanceof TidewaiterError) return error;
  const code = driverCode(error);
  if (code !== undefined && DUPLICATE.has(code)) {
    return new TidewaiterError("conflict", "something with that name exists already", { cause: error });
  }
  if (code !== undefined && DANGLING.has(code)) {
    return new TidewaiterError("conflict", "something that this refers to is gone", { cause: error });
  }
  const shown = code ?? "no code";
  return new TidewaiterError("storage_unavailable", `the store did not take the work (${shown}); nothing was changed`, {
    cause: error,
    next: "Try again in a moment.",
  });
}

export function driverCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function toPlainError(error: TidewaiterError): PlainError {
  const { code, detail, next } = error;
  return next === undefined ? { code, detail } : { code, detail, next };
}

export function fromPlainError(error: PlainError): TidewaiterError {
  return new TidewaiterError(error.code, error.detail, error.next === undefined ? {} : { next: error.next });
}
