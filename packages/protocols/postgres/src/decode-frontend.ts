import { isUtf8 } from "node:buffer";
import { ByteReader } from "@tidewaiter/toolkit/bytes/byte-reader";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import {
  FRONTEND,
  type FrontendMessage,
  HEADER_BYTES,
  type ParameterValues,
  type PasswordMessage,
  type SqlText,
} from "./messages.ts";

/** A complete message in a buffer, header included; what the framer hands out. */
export interface MessageView {
  readonly type: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes one client message of a ready session. Values (`parameters`, `data`) stay views of the buffer.
 * @throws ProtocolError `malformed_message` when a field leaves the message, a count does not fit, or bytes are left over;
 *   `unknown_message_type` for a type byte that is not in FRONTEND
 */
export function decodeFrontend(message: MessageView): FrontendMessage {
  const reader = bodyReader(message);
  const decoded = decodeBody(message.type, reader);
  reader.expectEnd(decoded.name);
  return decoded;
}

/** A reader over the body of a message whose header was checked by the framer. */
export function bodyReader({ buffer, start, end }: MessageView): ByteReader {
  return new ByteReader(buffer, start + HEADER_BYTES, end);
}

function decodeBody(type: number, reader: ByteReader): FrontendMessage {
  switch (type) {
    case FRONTEND.Query:
      return { name: "Query", ...readSql(reader) };
    case FRONTEND.Parse:
      return decodeParse(reader);
    case FRONTEND.Bind:
      return decodeBind(reader);
    case FRONTEND.Describe:
      return { name: "Describe", ...readTarget(reader) };
    case FRONTEND.Close:
      return { name: "Close", ...readTarget(reader) };
    case FRONTEND.Execute:
      return { name: "Execute", portal: reader.cstring("portal name"), maxRows: reader.int32("row limit") };
    case FRONTEND.FunctionCall:
      return decodeFunctionCall(reader);
    case FRONTEND.CopyData:
      return { name: "CopyData", data: reader.rest() };
    case FRONTEND.CopyFail:
      return { name: "CopyFail", reason: reader.cstring("reason") };
    case FRONTEND.CopyDone:
      return { name: "CopyDone" };
    case FRONTEND.Flush:
      return { name: "Flush" };
    case FRONTEND.Sync:
      return { name: "Sync" };
    case FRONTEND.Terminate:
      return { name: "Terminate" };
    default:
      throw new ProtocolError("unknown_message_type", `frontend message of type ${type}`);
  }
}

function readSql(reader: ByteReader): SqlText {
  const bytes = reader.cstringBytes("statement text");
  return { sql: bytes.toString("utf8"), exact: isUtf8(bytes) };
}

/** string statement name, string SQL, int16 count, int32 type OID each */
function decodeParse(reader: ByteReader): FrontendMessage {
  const statement = reader.cstring("statement name");
  const text = readSql(reader);
  return { name: "Parse", statement, ...text, parameterTypes: readOids(reader) };
}

/**
 * string portal, string statement, int16 count and int16 formats, int16 count and (int32 length, bytes) values,
 * int16 count and int16 result formats. Counts are unsigned: up to 65,535 parameters are legal.
 */
function decodeBind(reader: ByteReader): FrontendMessage {
  const portal = reader.cstring("portal name");
  const statement = reader.cstring("statement name");
  const parameterFormats = readFormats(reader);
  const parameters = readValues(reader);
  checkFormats(parameterFormats, parameters.count);
  return { name: "Bind", portal, statement, parameterFormats, parameters, resultFormats: readFormats(reader) };
}

/** int32 function OID, formats and values as in Bind, int16 result format */
function decodeFunctionCall(reader: ByteReader): FrontendMessage {
  const functionOid = reader.uint32("function");
  const argumentFormats = readFormats(reader);
  const values = readValues(reader);
  checkFormats(argumentFormats, values.count);
  return {
    name: "FunctionCall",
    functionOid,
    argumentFormats,
    arguments: values,
    resultFormat: reader.int16("format"),
  };
}

/** byte `S` or `P`, string name */
function readTarget(reader: ByteReader): { readonly target: "statement" | "portal"; readonly of: string } {
  const kind = reader.uint8("target kind");
  if (kind !== 0x53 && kind !== 0x50) throw new ProtocolError("malformed_message", "neither a statement nor a portal");
  return { target: kind === 0x53 ? "statement" : "portal", of: reader.cstring("target name") };
}

/** int16 count, int32 OID each */
export function readOids(reader: ByteReader): number[] {
  const count = checkedCount(reader, 4, "type OIDs");
  const oids = new Array<number>(count);
  for (let i = 0; i < count; i++) oids[i] = reader.uint32("type OID");
  return oids;
}

/** int16 count, int16 format each: 0 text, 1 binary */
export function readFormats(reader: ByteReader): number[] {
  const count = checkedCount(reader, 2, "format codes");
  const formats = new Array<number>(count);
  for (let i = 0; i < count; i++) {
    const format = reader.uint16("format code");
    if (format > 1) throw new ProtocolError("malformed_message", "format code is neither text nor binary");
    formats[i] = format;
  }
  return formats;
}

/** int16 count, then an int32 length (-1 is NULL) and that many bytes each: walked and checked, not copied */
export function readValues(reader: ByteReader): ParameterValues {
  const count = checkedCount(reader, 4, "values");
  const offset = reader.offset;
  for (let i = 0; i < count; i++) {
    const length = reader.int32("value length");
    if (length < -1) throw new ProtocolError("malformed_message", "value length is negative");
    if (length > 0) reader.skip(length, "value");
  }
  return { buffer: reader.buffer, offset, count };
}

/** Refuses a count that its message cannot hold before anything is allocated for it. */
function checkedCount(reader: ByteReader, smallest: number, what: string): number {
  const count = reader.uint16(what);
  if (count * smallest > reader.remaining) throw new ProtocolError("malformed_message", `${what} do not fit`);
  return count;
}

function checkFormats(formats: readonly number[], values: number): void {
  if (formats.length > 1 && formats.length !== values) {
    throw new ProtocolError("malformed_message", "format codes do not match the values");
  }
}

/**
 * The values one by one, as views of the buffer; null for NULL. Only for values read by this decoder: lengths are not
 * checked a second time.
 */
export function* eachValue({ buffer, offset, count }: ParameterValues): Generator<Buffer | null> {
  let at = offset;
  for (let i = 0; i < count; i++) {
    const length = buffer.readInt32BE(at);
    at += 4;
    yield length < 0 ? null : buffer.subarray(at, at + length);
    if (length > 0) at += length;
  }
}

/** Format of the value or column at `index` by the rule of Bind: none given is text, one given is for all. */
export function formatAt(formats: readonly number[], index: number): number {
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
}

/**
 * Decodes a `p` message as the answer to what was asked: cleartext or md5 password, the first SASL message
 * (string mechanism, int32 length or -1, data) or a later one (data).
 */
export function decodePassword(asked: PasswordMessage["name"], message: MessageView): PasswordMessage {
  const reader = bodyReader(message);
  if (asked === "SASLResponse") return { name: asked, data: reader.rest() };
  if (asked === "PasswordMessage") {
    const password = reader.cstring("password");
    reader.expectEnd(asked);
    return { name: asked, password };
  }
  const mechanism = reader.cstring("SASL mechanism");
  const length = reader.int32("SASL data length");
  if (length < -1) throw new ProtocolError("malformed_message", "SASL data length is negative");
  const data = length === -1 ? undefined : reader.bytes(length, "SASL data");
  reader.expectEnd(asked);
  return { name: asked, mechanism, data };
}
