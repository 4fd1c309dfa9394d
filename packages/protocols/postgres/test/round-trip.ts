import type { Duplex } from "node:stream";
import { decodeBackend } from "../src/decode-backend.ts";
import { eachValue } from "../src/decode-frontend.ts";
import { encodeFrontend, packValues } from "../src/encode-frontend.ts";
import { HandshakeReader } from "../src/handshake-reader.ts";

export interface Trip {
  /** With at most one parameter, of the type `typeOid`. */
  readonly sql: string;
  readonly typeOid?: number;
  readonly value?: Buffer | null;
  /** 0 text, 1 binary: of the parameter and of the result */
  readonly formats: readonly [input: number, output: number];
}

/** The first value of the answer, null for NULL; a string is the SQLSTATE of a refusal. */
export async function roundTrip(stream: Duplex, trip: Trip): Promise<Buffer | null | string> {
  const given = trip.value !== undefined;
  stream.write(
    Buffer.concat([
      encodeFrontend({
        name: "Parse",
        statement: "",
        sql: trip.sql,
        exact: true,
        parameterTypes: given ? [trip.typeOid ?? 0] : [],
      }),
      encodeFrontend({
        name: "Bind",
        portal: "",
        statement: "",
        parameterFormats: given ? [trip.formats[0]] : [],
        parameters: packValues(given ? [trip.value] : []),
        resultFormats: [trip.formats[1]],
      }),
      encodeFrontend({ name: "Execute", portal: "", maxRows: 0 }),
      encodeFrontend({ name: "Sync" }),
    ]),
  );
  const reader = new HandshakeReader(stream, AbortSignal.timeout(20_000));
  let result: Buffer | null | string = "no row";
  for (;;) {
    const message = decodeBackend(await reader.message(16_000_000));
    if (message.name === "DataRow")
      for (const value of eachValue(message.columns)) result = value === null ? null : Buffer.from(value);
    if (message.name === "ErrorResponse") result = message.fields.code ?? "";
    if (message.name === "ReadyForQuery") return result;
  }
}
