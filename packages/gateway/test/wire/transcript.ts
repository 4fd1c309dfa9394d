import { decodeBackend } from "@tidewaiter/postgres/decode-backend";
import type { ErrorFields } from "@tidewaiter/postgres/messages";
import { typeOf } from "./wire-client.ts";

/** Fields of an ErrorResponse or NoticeResponse. */
export function fieldsOf(message: Buffer): ErrorFields {
  const decoded = decodeBackend({ buffer: message, start: 0, end: message.length, type: message[0] ?? 0 });
  if (decoded.name !== "ErrorResponse" && decoded.name !== "NoticeResponse") throw new Error(`this is ${decoded.name}`);
  return decoded.fields;
}

/** The one ErrorResponse in an answer. */
export function errorIn(messages: readonly Buffer[]): ErrorFields {
  const [error, ...more] = messages.filter((message) => typeOf(message) === "E");
  if (error === undefined || more.length > 0) throw new Error(`not one error but: ${types(messages)}`);
  return fieldsOf(error);
}

/** Type bytes in order: `1 2 D C Z`. */
export function types(messages: readonly Buffer[]): string {
  return messages.map(typeOf).join(" ");
}

/** Text values of every DataRow. */
export function rowsIn(messages: readonly Buffer[]): (string | null)[][] {
  return messages.filter((message) => typeOf(message) === "D").map(rowOf);
}

function rowOf(message: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let offset = 7;
  for (let left = message.readInt16BE(5); left > 0; left--) {
    const length = message.readInt32BE(offset);
    offset += 4;
    values.push(length < 0 ? null : message.toString("utf8", offset, offset + length));
    offset += Math.max(0, length);
  }
  return values;
}

/**
 * Everything that a refusal must leave as the server has it: all messages byte for byte, but of errors only severity and
 * SQLSTATE, and of notifications not the sender's process.
 */
export function comparable(messages: readonly Buffer[]): string[] {
  return messages.map((message) => {
    const type = typeOf(message);
    if (type === "A") return `A ${message.subarray(9).toString("latin1")}`;
    if (type !== "E") return `${type} ${message.subarray(1).toString("latin1")}`;
    const { severity, code } = fieldsOf(message);
    return `E ${severity} ${code}`;
  });
}
