import type { ByteReader } from "@tidewaiter/toolkit/bytes/byte-reader";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { bodyReader, type MessageView, readFormats, readOids, readValues } from "./decode-frontend.ts";
import { decodeErrorFields } from "./error-fields.ts";
import {
  AUTHENTICATION,
  BACKEND,
  type BackendMessage,
  backendName,
  type FieldDescription,
  HANDSHAKE,
  type TransactionStatus,
} from "./messages.ts";

/** A column needs a name of at least one byte and 18 bytes of numbers. */
const SMALLEST_FIELD_BYTES = 19;
const MAX_SECRET_KEY_BYTES = 256;
const MAX_SASL_MECHANISMS = 32;
const MAX_NEGOTIATED_OPTIONS = 64;

/**
 * Decodes one server message, of the handshake or of a ready session. Values stay views of the buffer.
 * @throws ProtocolError `malformed_message` when a field leaves the message, a count does not fit, or bytes are left over;
 *   `unknown_message_type` for a type byte that no server sends
 */
export function decodeBackend(message: MessageView): BackendMessage {
  const reader = bodyReader(message);
  const decoded = decodeBody(message.type, reader);
  reader.expectEnd(decoded.name);
  return decoded;
}

function decodeBody(type: number, reader: ByteReader): BackendMessage {
  switch (type) {
    case BACKEND.RowDescription:
      return { name: "RowDescription", fields: readFieldDescriptions(reader) };
    case BACKEND.DataRow:
      return { name: "DataRow", columns: readValues(reader) };
    case BACKEND.CommandComplete:
      return { name: "CommandComplete", tag: reader.cstring("command tag") };
    case BACKEND.ReadyForQuery:
      return { name: "ReadyForQuery", status: readStatus(reader) };
    case BACKEND.ErrorResponse:
      return { name: "ErrorResponse", fields: decodeErrorFields(reader) };
    case BACKEND.NoticeResponse:
      return { name: "NoticeResponse", fields: decodeErrorFields(reader) };
    case BACKEND.ParameterDescription:
      return { name: "ParameterDescription", typeOids: readOids(reader) };
    case BACKEND.ParameterStatus:
      return { name: "ParameterStatus", parameter: reader.cstring("parameter"), value: reader.cstring("value") };
    case BACKEND.NotificationResponse:
      return decodeNotification(reader);
    case BACKEND.CopyData:
      return { name: "CopyData", data: reader.rest() };
    case BACKEND.FunctionCallResponse:
      return decodeFunctionCallResponse(reader);
    default:
      return decodeRare(type, reader);
  }
}

function decodeRare(type: number, reader: ByteReader): BackendMessage {
  switch (type) {
    case BACKEND.CopyInResponse:
      return { name: "CopyInResponse", ...readCopyFormats(reader) };
    case BACKEND.CopyOutResponse:
      return { name: "CopyOutResponse", ...readCopyFormats(reader) };
    case BACKEND.CopyBothResponse:
      return { name: "CopyBothResponse", ...readCopyFormats(reader) };
    case HANDSHAKE.Authentication:
      return decodeAuthentication(reader);
    case HANDSHAKE.BackendKeyData:
      return decodeBackendKey(reader);
    case HANDSHAKE.NegotiateProtocolVersion:
      return decodeNegotiation(reader);
    default:
      return decodeEmpty(type);
  }
}

function decodeEmpty(type: number): BackendMessage {
  const name = backendName(type);
  switch (name) {
    case "BindComplete":
    case "CloseComplete":
    case "CopyDone":
    case "EmptyQueryResponse":
    case "NoData":
    case "ParseComplete":
    case "PortalSuspended":
      return { name };
    default:
      throw new ProtocolError("unknown_message_type", `backend message of type ${type}`);
  }
}

/** string name, int32 table OID, int16 attribute, int32 type OID, int16 type size, int32 type modifier, int16 format */
function readFieldDescriptions(reader: ByteReader): FieldDescription[] {
  const count = reader.uint16("column count");
  if (count * SMALLEST_FIELD_BYTES > reader.remaining) {
    throw new ProtocolError("malformed_message", "columns do not fit");
  }
  const fields = new Array<FieldDescription>(count);
  for (let i = 0; i < count; i++) {
    fields[i] = {
      name: reader.cstring("column name"),
      tableOid: reader.uint32("table OID"),
      attnum: reader.int16("attribute number"),
      typeOid: reader.uint32("type OID"),
      typeSize: reader.int16("type size"),
      typeModifier: reader.int32("type modifier"),
      format: reader.int16("format"),
    };
  }
  return fields;
}

function readStatus(reader: ByteReader): TransactionStatus {
  const status = String.fromCharCode(reader.uint8("transaction status"));
  if (status === "I" || status === "T" || status === "E") return status;
  throw new ProtocolError("malformed_message", "unknown transaction status");
}

/** int32 process id, string channel, string payload */
function decodeNotification(reader: ByteReader): BackendMessage {
  const processId = reader.int32("process id");
  const channel = reader.cstring("channel");
  return { name: "NotificationResponse", processId, channel, payload: reader.cstring("payload") };
}

/** int32 length (-1 is NULL), bytes */
function decodeFunctionCallResponse(reader: ByteReader): BackendMessage {
  const length = reader.int32("value length");
  if (length < -1) throw new ProtocolError("malformed_message", "value length is negative");
  return { name: "FunctionCallResponse", value: length === -1 ? null : reader.bytes(length, "value") };
}

/** int8 overall format, int16 count, int16 format each */
function readCopyFormats(reader: ByteReader) {
  const format = reader.uint8("copy format");
  if (format > 1) throw new ProtocolError("malformed_message", "copy format is neither text nor binary");
  return { format, columnFormats: readFormats(reader) };
}

/** int32 request, then a salt (md5), mechanism names closed by an empty one (SASL) or SASL data */
function decodeAuthentication(reader: ByteReader): BackendMessage {
  const name = "Authentication";
  const method = reader.int32("authentication request");
  switch (method) {
    case AUTHENTICATION.ok:
      return { name, request: "ok" };
    case AUTHENTICATION.cleartext:
      return { name, request: "cleartext" };
    case AUTHENTICATION.md5:
      return { name, request: "md5", salt: reader.bytes(4, "md5 salt") };
    case AUTHENTICATION.sasl:
      return { name, request: "sasl", mechanisms: readMechanisms(reader) };
    case AUTHENTICATION.saslContinue:
      return { name, request: "saslContinue", data: reader.rest() };
    case AUTHENTICATION.saslFinal:
      return { name, request: "saslFinal", data: reader.rest() };
    default:
      reader.rest();
      return { name, request: "unsupported", method };
  }
}

function readMechanisms(reader: ByteReader): string[] {
  const mechanisms: string[] = [];
  for (let name = reader.cstring("mechanism"); name !== ""; name = reader.cstring("mechanism")) {
    mechanisms.push(name);
    if (mechanisms.length > MAX_SASL_MECHANISMS) throw new ProtocolError("message_too_large", "too many mechanisms");
  }
  return mechanisms;
}

/** int32 process id, then the key: 4 bytes in 3.0, up to 256 in 3.2 */
function decodeBackendKey(reader: ByteReader): BackendMessage {
  const processId = reader.int32("process id");
  const secretKey = Buffer.from(reader.rest());
  if (secretKey.length < 4 || secretKey.length > MAX_SECRET_KEY_BYTES) {
    throw new ProtocolError("malformed_message", "cancel key has an impossible length");
  }
  return { name: "BackendKeyData", processId, secretKey };
}

/** int32 version, int32 count, string option each */
function decodeNegotiation(reader: ByteReader): BackendMessage {
  const version = reader.int32("protocol version");
  const count = reader.uint32("option count");
  if (count > MAX_NEGOTIATED_OPTIONS) throw new ProtocolError("message_too_large", "too many protocol options");
  const options = Array.from({ length: count }, () => reader.cstring("protocol option"));
  return { name: "NegotiateProtocolVersion", version, options };
}
