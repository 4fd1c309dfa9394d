import { ByteWriter } from "@tidewaiter/toolkit/bytes/byte-writer";
import { STARTUP_CODE, type StartupPacket } from "./messages.ts";

/** The first packet of a connection. Throws ProtocolError `malformed_message` when a parameter holds a NUL. */
export function encodeStartup(packet: StartupPacket): Buffer {
  const writer = new ByteWriter().int32(0);
  switch (packet.name) {
    case "SSLRequest":
      writer.int32(STARTUP_CODE.sslRequest);
      break;
    case "GSSENCRequest":
      writer.int32(STARTUP_CODE.gssEncRequest);
      break;
    case "CancelRequest":
      writer.int32(STARTUP_CODE.cancelRequest).int32(packet.processId).bytes(packet.secretKey);
      break;
    case "StartupMessage":
      writer.uint16(packet.major).uint16(packet.minor);
      for (const [name, value] of packet.parameters) writer.cstring(name).cstring(value);
      writer.uint8(0);
      break;
  }
  return writer.patchInt32(0, writer.length).finish();
}
