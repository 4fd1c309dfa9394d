import type { ByteWriter } from "@tidewaiter/toolkit/bytes/byte-writer";
import { encodeMessage, writeFormats, writeValues } from "./encode-frontend.ts";
import { encodeErrorFields } from "./error-fields.ts";
import {
  AUTHENTICATION,
  type AuthenticationRequest,
  BACKEND,
  type BackendMessage,
  type ErrorFields,
  HANDSHAKE,
} from "./messages.ts";

/** One server message with its header. Throws ProtocolError `malformed_message` when a string holds a NUL. */
export function encodeBackend(message: BackendMessage): Buffer {
  return encodeMessage(typeOf(message), (writer) => writeBody(writer, message));
}

export function encodeError(fields: ErrorFields): Buffer {
  return encodeMessage(BACKEND.ErrorResponse, (writer) => encodeErrorFields(writer, fields));
}

export function encodeNotice(fields: ErrorFields): Buffer {
  return encodeMessage(BACKEND.NoticeResponse, (writer) => encodeErrorFields(writer, fields));
}

function typeOf({ name }: BackendMessage): number {
  if (name === "Authentication" || name === "BackendKeyData" || name === "NegotiateProtocolVersion") {
    return HANDSHAKE[name];
  }
  return BACKEND[name];
}

function writeBody(writer: ByteWriter, message: BackendMessage): void {
  switch (message.name) {
    case "RowDescription":
      writer.uint16(message.fields.length);
      for (const field of message.fields) {
        writer.cstring(field.name).uint32(field.tableOid).int16(field.attnum).uint32(field.typeOid);
        writer.int16(field.typeSize).int32(field.typeModifier).int16(field.format);
      }
      break;
    case "DataRow":
      writeValues(writer, message.columns);
      break;
    case "CommandComplete":
      writer.cstring(message.tag);
      break;
    case "ReadyForQuery":
      writer.uint8(message.status.charCodeAt(0));
      break;
    case "ErrorResponse":
    case "NoticeResponse":
      encodeErrorFields(writer, message.fields);
      break;
    case "ParameterDescription":
      writer.uint16(message.typeOids.length);
      for (const oid of message.typeOids) writer.uint32(oid);
      break;
    case "ParameterStatus":
      writer.cstring(message.parameter).cstring(message.value);
      break;
    case "NotificationResponse":
      writer.int32(message.processId).cstring(message.channel).cstring(message.payload);
      break;
    case "CopyData":
      writer.bytes(message.data);
      break;
    default:
      writeRare(writer, message);
  }
}

function writeRare(writer: ByteWriter, message: BackendMessage): void {
  switch (message.name) {
    case "FunctionCallResponse":
      if (message.value === null) writer.int32(-1);
      else writer.int32(message.value.length).bytes(message.value);
      break;
    case "CopyInResponse":
    case "CopyOutResponse":
    case "CopyBothResponse":
      writer.uint8(message.format);
      writeFormats(writer, message.columnFormats);
      break;
    case "Authentication":
      writeAuthentication(writer, message);
      break;
    case "BackendKeyData":
      writer.int32(message.processId).bytes(message.secretKey);
      break;
    case "NegotiateProtocolVersion":
      writer.int32(message.version).uint32(message.options.length);
      for (const option of message.options) writer.cstring(option);
      break;
    default:
      break;
  }
}

function writeAuthentication(writer: ByteWriter, message: AuthenticationRequest): void {
  if (message.request === "unsupported") {
    writer.int32(message.method);
    return;
  }
  writer.int32(AUTHENTICATION[message.request]);
  if (message.request === "md5") writer.bytes(message.salt);
  if (message.request === "sasl") {
    for (const mechanism of message.mechanisms) writer.cstring(mechanism);
    writer.uint8(0);
  }
  if (message.request === "saslContinue" || message.request === "saslFinal") writer.bytes(message.data);
}
