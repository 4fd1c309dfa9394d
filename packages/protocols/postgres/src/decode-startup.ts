import { ByteReader } from "@tidewaiter/toolkit/bytes/byte-reader";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { STARTUP_CODE, type StartupPacket } from "./messages.ts";

/** MAX_STARTUP_PACKET_LENGTH of the server, length field included. */
export const MAX_STARTUP_BYTES = 10_000;
const MIN_STARTUP_BYTES = 8;
/** More parameters than any driver sends; the 10,000 bytes would allow thousands. */
const MAX_PARAMETERS = 64;
/** A cancel key of protocol 3.2 has at most 256 bytes. */
const MAX_CANCEL_KEY_BYTES = 256;

/**
 * Checks the length field that opens a connection.
 * @throws ProtocolError `invalid_length` below 8 or above 10,000 bytes, as the server does
 */
export function startupLength(length: number): number {
  if (length < MIN_STARTUP_BYTES || length > MAX_STARTUP_BYTES) {
    throw new ProtocolError("invalid_length", "invalid length of startup packet");
  }
  return length;
}

/**
 * Decodes the first packet of a connection:
 * int32 length, int32 code, then nothing (SSLRequest, GSSENCRequest), int32 process id and the key (CancelRequest), or
 * pairs of strings closed by an empty name (StartupMessage).
 *
 * @param packet the whole packet, length field included
 */
export function decodeStartup(packet: Buffer): StartupPacket {
  const reader = new ByteReader(packet);
  const length = startupLength(reader.int32("startup length"));
  if (length !== packet.length) throw new ProtocolError("invalid_length", "startup length does not match its packet");
  const code = reader.int32("startup code");
  switch (code) {
    case STARTUP_CODE.sslRequest:
      reader.expectEnd("SSLRequest");
      return { name: "SSLRequest" };
    case STARTUP_CODE.gssEncRequest:
      reader.expectEnd("GSSENCRequest");
      return { name: "GSSENCRequest" };
    case STARTUP_CODE.cancelRequest:
      return decodeCancelRequest(reader);
    default:
      return decodeStartupMessage(reader, code);
  }
}

function decodeCancelRequest(reader: ByteReader): StartupPacket {
  const processId = reader.int32("process id");
  const secretKey = reader.rest();
  if (secretKey.length === 0 || secretKey.length > MAX_CANCEL_KEY_BYTES) {
    throw new ProtocolError("malformed_message", "cancel key has an impossible length");
  }
  return { name: "CancelRequest", processId, secretKey: Buffer.from(secretKey) };
}

function decodeStartupMessage(reader: ByteReader, version: number): StartupPacket {
  const major = version >>> 16;
  const minor = version & 0xffff;
  const parameters = new Map<string, string>();
  // Another major version may have another layout: only its number is meaningful.
  if (major !== 3) return { name: "StartupMessage", major, minor, parameters };
  for (let name = reader.cstring("parameter name"); name !== ""; name = reader.cstring("parameter name")) {
    parameters.set(name, reader.cstring("parameter value"));
    if (parameters.size > MAX_PARAMETERS) throw new ProtocolError("message_too_large", "too many startup parameters");
  }
  reader.expectEnd("startup packet");
  return { name: "StartupMessage", major, minor, parameters };
}
