import type { Duplex } from "node:stream";
import { decodeBackend } from "../decode-backend.ts";
import { encodeFrontend } from "../encode-frontend.ts";
import { createFramer } from "../framer.ts";
import { BACKEND } from "../messages.ts";

const MAX_MESSAGE = 16 * 1024 * 1024;

/** Rows as text, NULL as null. */
export type TextRows = readonly (readonly (string | null)[])[];

export class QueryError extends Error {
  /** SQLSTATE of the server's ErrorResponse. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "QueryError";
    this.code = code;
  }
}

/**
 * Runs one SQL string by the simple protocol on a connection that is ours alone, and returns the rows of its last
 * result. For catalog reads and checks; never on a client's connection.
 */
export function queryRows(stream: Duplex, sql: string): Promise<TextRows> {
  const framer = createFramer({ side: "backend", maxLength: MAX_MESSAGE });
  let rows: (string | null)[][] = [];
  let failure: Error | undefined;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.off("data", onData);
      stream.off("error", onEnd);
      stream.off("close", onEnd);
      stream.pause();
      if (error === undefined) resolve(rows);
      else reject(error);
    };
    const onEnd = (error?: unknown): void =>
      settle(error instanceof Error ? error : new Error("the target closed the connection"));
    const onData = (chunk: Buffer): void => {
      try {
        framer.push(chunk);
        for (let framed = framer.next(); framed !== undefined; framed = framer.next()) {
          const { type, buffer, start, end } = framed;
          if (type === BACKEND.RowDescription) rows = [];
          else if (type === BACKEND.DataRow) readRows(buffer, start, end, rows);
          else if (type === BACKEND.ErrorResponse) {
            const message = decodeBackend(framed);
            if (message.name === "ErrorResponse")
              failure = new QueryError(message.fields.code ?? "XX000", message.fields.message ?? "");
          } else if (type === BACKEND.ReadyForQuery) return settle(failure);
        }
      } catch (error) {
        settle(error instanceof Error ? error : new Error(String(error)));
      }
    };
    stream.on("data", onData);
    stream.on("error", onEnd);
    stream.on("close", onEnd);
    stream.write(encodeFrontend({ name: "Query", sql, exact: true }));
    stream.resume();
  });
}

/** Undefined when the server refuses it with one of these SQLSTATEs. */
export async function unlessRefused(
  stream: Duplex,
  sql: string,
  codes: readonly string[],
): Promise<TextRows | undefined> {
  try {
    return await queryRows(stream, sql);
  } catch (error) {
    if (error instanceof QueryError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

function readRows(buffer: Buffer, start: number, end: number, into: (string | null)[][]): void {
  let at = start;
  while (at < end) {
    const count = buffer.readInt16BE(at + 5);
    const next = at + 1 + buffer.readInt32BE(at + 1);
    let cell = at + 7;
    const row: (string | null)[] = [];
    for (let i = 0; i < count; i++) {
      const length = buffer.readInt32BE(cell);
      cell += 4;
      row.push(length < 0 ? null : buffer.toString("utf8", cell, cell + length));
      cell += Math.max(length, 0);
    }
    into.push(row);
    at = next;
  }
}
