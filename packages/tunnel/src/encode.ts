import { TunnelError, type WireReason } from "./errors.ts";
import {
  type Frame,
  HEADER_BYTES,
  HELLO_BYTES,
  KIND,
  MAX_CONTROL_BYTES,
  MAX_DATA_BYTES,
  MAX_METADATA_BYTES,
  MAX_REASON_TEXT_BYTES,
} from "./frame.ts";

const REASON_CODE = /^[a-z0-9_]{1,32}$/;
const EMPTY = Buffer.alloc(0);

export interface Header {
  readonly version: number;
  readonly kind: number;
  readonly stream: number;
  readonly length: number;
}

/** Writes the 12 header bytes at `offset`. The data path uses this alone and copies the payload behind it. */
export function writeHeader(target: Buffer, offset: number, header: Header): void {
  target[offset] = header.version;
  target[offset + 1] = header.kind;
  target[offset + 2] = 0;
  target[offset + 3] = 0;
  target.writeUInt32BE(header.stream, offset + 4);
  target.writeUInt32BE(header.length, offset + 8);
}

/**
 * One whole frame.
 * @throws TunnelError `too_large` when a payload is over its cap, `protocol` for a malformed reason code.
 */
export function encodeFrame(frame: Frame, version: number): Buffer {
  const payload = encodePayload(frame);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  writeHeader(bytes, 0, {
    version: frame.kind === "hello" ? 0 : version,
    kind: KIND[frame.kind],
    stream: "stream" in frame ? frame.stream : 0,
    length: payload.length,
  });
  payload.copy(bytes, HEADER_BYTES);
  return bytes;
}

function encodePayload(frame: Frame): Buffer {
  switch (frame.kind) {
    case "hello": {
      const payload = Buffer.alloc(HELLO_BYTES);
      payload[0] = frame.minVersion;
      payload[1] = frame.maxVersion;
      payload.writeUInt32BE(frame.initialCredit, 4);
      payload.writeUInt32BE(frame.maxStreams, 8);
      return payload;
    }
    case "goaway":
    case "openError":
    case "reset":
      return encodeReason(frame.reason);
    case "window": {
      const payload = Buffer.allocUnsafe(4);
      payload.writeUInt32BE(frame.increment, 0);
      return payload;
    }
    case "open":
      return capped(frame.metadata, MAX_METADATA_BYTES);
    case "control":
      return capped(frame.payload, MAX_CONTROL_BYTES);
    case "data":
      return capped(frame.payload, MAX_DATA_BYTES);
    case "ping":
    case "pong":
      return frame.payload;
    case "openOk":
    case "fin":
      return EMPTY;
  }
}

function capped(payload: Buffer, limit: number): Buffer {
  if (payload.length > limit) {
    throw new TunnelError("too_large", `payload of ${payload.length} bytes is over the limit of ${limit}`);
  }
  return payload;
}

function encodeReason({ code, text }: WireReason): Buffer {
  if (!REASON_CODE.test(code)) throw new TunnelError("protocol", "malformed reason code");
  const body = Buffer.from(text, "utf8");
  return Buffer.concat([
    Buffer.from([code.length]),
    Buffer.from(code, "latin1"),
    body.length <= MAX_REASON_TEXT_BYTES ? body : cutUtf8(body, MAX_REASON_TEXT_BYTES),
  ]);
}

/** At most `limit` bytes without splitting a character (continuation bytes are 10xxxxxx). */
function cutUtf8(body: Buffer, limit: number): Buffer {
  let end = limit;
  while (end > 0 && ((body[end] ?? 0) & 0xc0) === 0x80) end--;
  return body.subarray(0, end);
}
