import { TunnelError, type WireReason } from "./errors.ts";
import {
  FIRST_STREAM_KIND,
  type Frame,
  type FrameKind,
  HEADER_BYTES,
  HELLO_BYTES,
  KIND,
  MAX_CONTROL_BYTES,
  MAX_DATA_BYTES,
  MAX_HELLO_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_METADATA_BYTES,
  MAX_REASON_TEXT_BYTES,
  PING_BYTES,
} from "./frame.ts";

const REASON_CODE = /^[a-z0-9_]{1,32}$/;
const MAX_REASON_BYTES = 1 + 32 + MAX_REASON_TEXT_BYTES;

/** Shortest and longest payload of each kind. */
const LENGTHS: Record<FrameKind, readonly [number, number]> = {
  hello: [HELLO_BYTES, MAX_HELLO_BYTES],
  goaway: [2, MAX_REASON_BYTES],
  ping: [PING_BYTES, PING_BYTES],
  pong: [PING_BYTES, PING_BYTES],
  control: [0, MAX_CONTROL_BYTES],
  open: [0, MAX_METADATA_BYTES],
  openOk: [0, 0],
  openError: [2, MAX_REASON_BYTES],
  data: [1, MAX_DATA_BYTES],
  window: [4, 4],
  fin: [0, 0],
  reset: [2, MAX_REASON_BYTES],
};

const KIND_NAMES = new Map<number, FrameKind>(
  Object.entries(KIND).map(([name, number]) => [number, name as FrameKind]),
);

/**
 * The frames of one WebSocket message, lazily, so that a frame is acted on before the next one is looked at.
 * Payloads are views into `message`, not copies.
 *
 * @param version asks for the version of frames after the hello (it is known once the hello was handled)
 * @throws TunnelError `protocol` or `too_large`; nothing of the message after that point is yielded
 */
export function* decodeMessage(message: Buffer, version: () => number): Generator<Frame, void, undefined> {
  if (message.length > MAX_MESSAGE_BYTES) throw new TunnelError("too_large", "message over the limit");
  if (message.length === 0) throw new TunnelError("protocol", "empty message");
  let offset = 0;
  while (offset < message.length) {
    if (message.length - offset < HEADER_BYTES) throw new TunnelError("protocol", "truncated frame header");
    const kind = KIND_NAMES.get(message.readUInt8(offset + 1));
    if (kind === undefined) throw new TunnelError("protocol", "unknown frame kind");
    const stream = message.readUInt32BE(offset + 4);
    const length = message.readUInt32BE(offset + 8);
    checkHeader(
      kind,
      { version: message.readUInt8(offset), flags: message.readUInt16BE(offset + 2), stream, length },
      version,
    );
    offset += HEADER_BYTES;
    if (length > message.length - offset) throw new TunnelError("protocol", "truncated frame payload");
    const payload = message.subarray(offset, offset + length);
    offset += length;
    yield decodePayload(kind, stream, payload);
  }
}

interface ReceivedHeader {
  readonly version: number;
  readonly flags: number;
  readonly stream: number;
  readonly length: number;
}

function checkHeader(kind: FrameKind, header: ReceivedHeader, version: () => number): void {
  if (header.version !== (kind === "hello" ? 0 : version())) {
    throw new TunnelError("protocol", `frame of version ${header.version} is not of the version agreed`);
  }
  if (header.flags !== 0) throw new TunnelError("protocol", "unknown frame flags");
  if ((header.stream !== 0) !== KIND[kind] >= FIRST_STREAM_KIND) {
    throw new TunnelError("protocol", `stream id ${header.stream} in a ${kind} frame`);
  }
  const [shortest, longest] = LENGTHS[kind];
  if (header.length > longest) throw new TunnelError("too_large", `${kind} frame over the limit of ${longest} bytes`);
  if (header.length < shortest) throw new TunnelError("protocol", `${kind} frame too short`);
}

function decodePayload(kind: FrameKind, stream: number, payload: Buffer): Frame {
  switch (kind) {
    case "data":
      return { kind, stream, payload };
    case "window": {
      const increment = payload.readUInt32BE(0);
      if (increment === 0) throw new TunnelError("protocol", "window frame without credit");
      return { kind, stream, increment };
    }
    case "hello":
      return {
        kind,
        minVersion: payload.readUInt8(0),
        maxVersion: payload.readUInt8(1),
        initialCredit: payload.readUInt32BE(4),
        maxStreams: payload.readUInt32BE(8),
      };
    case "open":
      return { kind, stream, metadata: payload };
    case "openOk":
    case "fin":
      return { kind, stream };
    case "openError":
    case "reset":
      return { kind, stream, reason: decodeReason(payload) };
    case "goaway":
      return { kind, reason: decodeReason(payload) };
    case "ping":
    case "pong":
    case "control":
      return { kind, payload };
  }
}

function decodeReason(payload: Buffer): WireReason {
  const length = payload.readUInt8(0);
  if (length > payload.length - 1) throw new TunnelError("protocol", "truncated reason");
  const code = payload.toString("latin1", 1, 1 + length);
  if (!REASON_CODE.test(code)) throw new TunnelError("protocol", "malformed reason code");
  const text = payload.toString("utf8", 1 + length);
  // Goes into logs and to terminals: control characters of a peer must not.
  return { code, text: text.replaceAll(/\p{Cc}/gu, " ") };
}
