import type { Duplex } from "node:stream";
import { decodeBackend } from "../src/decode-backend.ts";
import { eachValue } from "../src/decode-frontend.ts";
import { encodeQuery } from "../src/encode-frontend.ts";
import { HandshakeReader } from "../src/handshake-reader.ts";

/** Runs one statement on a ready session: its values and the SQLSTATEs of its errors, as text in order of arrival. */
export async function queryTarget(stream: Duplex, sql: string): Promise<string[]> {
  const reader = new HandshakeReader(stream, AbortSignal.timeout(20_000));
  stream.write(encodeQuery(sql));
  const seen: string[] = [];
  for (;;) {
    const message = decodeBackend(await reader.message(1_000_000));
    if (message.name === "DataRow") for (const value of eachValue(message.columns)) seen.push(String(value ?? "NULL"));
    if (message.name === "ErrorResponse") seen.push(message.fields.code ?? "");
    if (message.name === "ReadyForQuery") return seen;
  }
}
