import { ByteWriter } from "@tidewaiter/toolkit/bytes/byte-writer";
import { eachValue } from "./decode-frontend.ts";
import { FRONTEND, type FrontendMessage, HANDSHAKE, type ParameterValues, type PasswordMessage } from "./messages.ts";

/** One client message with its header. Throws ProtocolError `malformed_message` when a string holds a NUL. */
export function encodeFrontend(message: FrontendMessage): Buffer {
  return encodeMessage(FRONTEND[message.name], (writer) => writeBody(writer, message));
}

/** A simple Query of our own. */
export function encodeQuery(sql: string): Buffer {
  return encodeFrontend({ name: "Query", sql, exact: true });
}

/** Type byte, length, and the body that `write` adds. */
export function encodeMessage(type: number, write: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter().uint8(type).int32(0);
  write(writer);
  return writer.patchInt32(1, writer.length - 1).finish();
}

function writeBody(writer: ByteWriter, message: FrontendMessage): void {
  switch (message.name) {
    case "Query":
      writer.cstring(message.sql);
      break;
    case "Parse":
      writer.cstring(message.statement).cstring(message.sql).uint16(message.parameterTypes.length);
      for (const oid of message.parameterTypes) writer.uint32(oid);
      break;
    case "Bind":
      writer.cstring(message.portal).cstring(message.statement);
      writeFormats(writer, message.parameterFormats);
      writeValues(writer, message.parameters);
      writeFormats(writer, message.resultFormats);
      break;
    case "Describe":
    case "Close":
      writer.uint8(message.target === "statement" ? 0x53 : 0x50).cstring(message.of);
      break;
    case "Execute":
      writer.cstring(message.portal).int32(message.maxRows);
      break;
    case "FunctionCall":
      writer.uint32(message.functionOid);
      writeFormats(writer, message.argumentFormats);
      writeValues(writer, message.arguments);
      writer.int16(message.resultFormat);
      break;
    case "CopyData":
      writer.bytes(message.data);
      break;
    case "CopyFail":
      writer.cstring(message.reason);
      break;
    case "CopyDone":
    case "Flush":
    case "Sync":
    case "Terminate":
      break;
  }
}

export function writeFormats(writer: ByteWriter, formats: readonly number[]): void {
  writer.uint16(formats.length);
  for (const format of formats) writer.int16(format);
}

export function writeValues(writer: ByteWriter, values: ParameterValues): void {
  writer.uint16(values.count);
  for (const value of eachValue(values)) {
    if (value === null) writer.int32(-1);
    else writer.int32(value.length).bytes(value);
  }
}

/** Lays values out as Bind, FunctionCall and DataRow carry them. */
export function packValues(values: readonly (Uint8Array | null)[]): ParameterValues {
  const writer = new ByteWriter();
  for (const value of values) {
    if (value === null) writer.int32(-1);
    else writer.int32(value.length).bytes(value);
  }
  return { buffer: writer.finish(), offset: 0, count: values.length };
}

/** A `p` message: the answer to an authentication request. */
export function encodePassword(message: PasswordMessage): Buffer {
  return encodeMessage(HANDSHAKE.Password, (writer) => {
    switch (message.name) {
      case "PasswordMessage":
        writer.cstring(message.password);
        break;
      case "SASLInitialResponse":
        writer.cstring(message.mechanism).int32(message.data?.length ?? -1);
        if (message.data !== undefined) writer.bytes(message.data);
        break;
      case "SASLResponse":
        writer.bytes(message.data);
        break;
    }
  });
}
