import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";

/** Types of control frames (SPDY/3.1, 2.6). */
export const CONTROL = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** Why a stream is reset (2.6.3). */
export const RESET = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const;

const VERSION = 3;
const FIN = 0x01;
const UNIDIRECTIONAL = 0x02;
/** More than any client of Kubernetes puts into the headers of a stream. */
const MAX_BLOCK = 16 * 1024;
const MAX_CONTROL = MAX_BLOCK + 10;

/** `block` is a header block as it came, compressed. A data frame may come in several pieces; `fin` is on the last. */
export type SpdyFrame =
  | { readonly type: "data"; readonly stream: number; readonly bytes: Buffer; readonly fin: boolean }
  | { readonly type: "syn_stream"; readonly stream: number; readonly block: Buffer; readonly fin: boolean }
  | { readonly type: "syn_reply"; readonly stream: number; readonly block: Buffer; readonly fin: boolean }
  | { readonly type: "headers"; readonly stream: number; readonly block: Buffer; readonly fin: boolean }
  | { readonly type: "rst_stream"; readonly stream: number; readonly status: number }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "go_away"; readonly lastStream: number }
  /** Settings, windows, and what is not known: nothing is done about them. */
  | { readonly type: "other"; readonly control: number };

/**
 * Reads one control frame.
 *
 *     |1| version 15 | type 16 | flags 8 | length 24 | data |
 */
export function readControl(head: Buffer, body: Buffer): SpdyFrame {
  const version = head.readUInt16BE(0) & 0x7fff;
  const control = head.readUInt16BE(2);
  const flags = head.readUInt8(4);
  if (version !== VERSION) throw new ProtocolError("malformed_message", "a control frame is not of SPDY version 3");
  const fin = (flags & FIN) !== 0;
  switch (control) {
    case CONTROL.synStream: {
      // |X| stream 31 |X| associated 31 | priority 3 | unused 5 | slot 8 | headers |
      least(body, 10);
      const stream = id(body, 0);
      if ((flags & UNIDIRECTIONAL) !== 0)
        throw new ProtocolError("unexpected_message", "SYN_STREAM opens a stream of one direction");
      return { type: "syn_stream", stream, block: body.subarray(10), fin };
    }
    case CONTROL.synReply:
    case CONTROL.headers:
      least(body, 4);
      return {
        type: control === CONTROL.headers ? "headers" : "syn_reply",
        stream: id(body, 0),
        block: body.subarray(4),
        fin,
      };
    case CONTROL.rstStream:
      exactly(body, 8);
      return { type: "rst_stream", stream: id(body, 0), status: body.readUInt32BE(4) };
    case CONTROL.ping:
      exactly(body, 4);
      return { type: "ping", id: body.readUInt32BE(0) };
    case CONTROL.goAway:
      exactly(body, 8);
      return { type: "go_away", lastStream: body.readUInt32BE(0) & 0x7fffffff };
    case CONTROL.windowUpdate:
      exactly(body, 8);
      return { type: "other", control };
    default:
      return { type: "other", control };
  }
}

/** Whether a control frame of this length may be kept until it is whole. */
export function checkControlLength(length: number): void {
  if (length > MAX_CONTROL)
    throw new ProtocolError("message_too_large", `a control frame is longer than ${MAX_CONTROL} bytes`);
}

/** `|0| stream 31 | flags 8 | length 24 | data |`, in two parts. */
export function dataFrame(stream: number, bytes: Buffer, fin: boolean): readonly Buffer[] {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32BE(stream, 0);
  head.writeUInt32BE(((fin ? FIN : 0) * 0x1000000 + bytes.length) >>> 0, 4);
  return bytes.length === 0 ? [head] : [head, bytes];
}

export function synStreamFrame(stream: number, block: Buffer): Buffer {
  const body = Buffer.alloc(10);
  body.writeUInt32BE(stream, 0);
  return controlFrame(CONTROL.synStream, Buffer.concat([body, block]));
}

export function synReplyFrame(stream: number, block: Buffer): Buffer {
  return controlFrame(CONTROL.synReply, Buffer.concat([words(stream), block]));
}

export function rstStreamFrame(stream: number, status: number): Buffer {
  return controlFrame(CONTROL.rstStream, words(stream, status));
}

export function pingFrame(ping: number): Buffer {
  return controlFrame(CONTROL.ping, words(ping));
}

export function goAwayFrame(lastStream: number): Buffer {
  return controlFrame(CONTROL.goAway, words(lastStream, 0));
}

function controlFrame(control: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(control, 2);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

function id(body: Buffer, at: number): number {
  const stream = body.readUInt32BE(at) & 0x7fffffff;
  if (stream === 0) throw new ProtocolError("malformed_message", "a frame is of stream 0");
  return stream;
}

function least(body: Buffer, length: number): void {
  if (body.length < length)
    throw new ProtocolError("invalid_length", `a control frame is shorter than ${length} bytes`);
}

function exactly(body: Buffer, length: number): void {
  if (body.length !== length) throw new ProtocolError("invalid_length", `a control frame is not of ${length} bytes`);
}
