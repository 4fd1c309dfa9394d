import type { ByteReader } from "@tidewaiter/toolkit/bytes/byte-reader";
import type { ByteWriter } from "@tidewaiter/toolkit/bytes/byte-writer";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import type { ErrorFields } from "./messages.ts";

type FieldName = Exclude<keyof ErrorFields, "unknown">;

/** Field codes in the order in which the server writes them (send_message_to_frontend in elog.c). */
const FIELD_CODES: readonly (readonly [FieldName, string])[] = [
  ["severityLocalized", "S"],
  ["severity", "V"],
  ["code", "C"],
  ["message", "M"],
  ["detail", "D"],
  ["hint", "H"],
  ["position", "P"],
  ["internalPosition", "p"],
  ["internalQuery", "q"],
  ["where", "W"],
  ["schema", "s"],
  ["table", "t"],
  ["column", "c"],
  ["dataType", "d"],
  ["constraint", "n"],
  ["file", "F"],
  ["line", "L"],
  ["routine", "R"],
];

const NAME_BY_CODE = new Map(FIELD_CODES.map(([name, code]) => [code.charCodeAt(0), name]));
/** The protocol has 18 fields; twice that is room for later versions. */
const MAX_FIELDS = 36;

/** Body of ErrorResponse and NoticeResponse: byte code and string each, closed by a zero byte. */
export function decodeErrorFields(reader: ByteReader): ErrorFields {
  const fields: Partial<Record<FieldName, string>> = {};
  const unknown = new Map<number, string>();
  let count = 0;
  for (let code = reader.uint8("field code"); code !== 0; code = reader.uint8("field code")) {
    if (++count > MAX_FIELDS) throw new ProtocolError("message_too_large", "too many error fields");
    const name = NAME_BY_CODE.get(code);
    const value = reader.cstring("error field");
    if (name === undefined) unknown.set(code, value);
    else fields[name] = value;
  }
  return unknown.size === 0 ? fields : { ...fields, unknown };
}

/** Writes the body in canonical order. A NUL inside a value would end it early, so it is written as U+FFFD. */
export function encodeErrorFields(writer: ByteWriter, fields: ErrorFields): void {
  for (const [name, code] of FIELD_CODES) {
    const value = fields[name];
    if (value !== undefined) writer.uint8(code.charCodeAt(0)).cstring(value.replaceAll("\0", "\ufffd"));
  }
  for (const [code, value] of fields.unknown ?? []) {
    if (code > 0) writer.uint8(code).cstring(value.replaceAll("\0", "\ufffd"));
  }
  writer.uint8(0);
}
