import type { WireReason } from "./errors.ts";

/**
 * Frame layout. Integers are big-endian. One binary WebSocket message holds one or more whole frames.
 *
 *     0         1        2         4             8             12
 *     +---------+--------+---------+-------------+-------------+----------------
 *     | version | kind   | flags   | stream id   | length      | payload (length bytes)
 *     | u8      | u8     | u16 = 0 | u32         | u32         |
 *     +---------+--------+---------+-------------+-------------+----------------
 *
 * `version` is 0 in a hello, whose layout never changes, and the negotiated version in every later frame.
 * Stream 0 is the tunnel itself. The gateway opens odd streams, the agent even ones, in rising order.
 */
export const HEADER_BYTES = 12;

/** Protocol versions this code speaks. */
export const VERSIONS = { min: 1, max: 1 } as const;

/** Wire numbers of the frame kinds. Below 0x10: about the tunnel (stream 0). From 0x10: about one stream. */
export const KIND = {
  hello: 0x01,
  goaway: 0x02,
  ping: 0x03,
  pong: 0x04,
  control: 0x05,
  open: 0x10,
  openOk: 0x11,
  openError: 0x12,
  data: 0x13,
  window: 0x14,
  fin: 0x15,
  reset: 0x16,
} as const;

export const FIRST_STREAM_KIND = 0x10;

export const MAX_DATA_BYTES = 64 * 1024;
export const MAX_CONTROL_BYTES = 64 * 1024;
export const MAX_METADATA_BYTES = 16 * 1024;
export const MAX_REASON_TEXT_BYTES = 1024;
export const HELLO_BYTES = 12;
/** A hello of a later version may be longer; what follows the known fields is ignored. */
export const MAX_HELLO_BYTES = 64;
export const PING_BYTES = 8;
/** Longest message sent, and with slack for other implementations the longest accepted. */
export const SEND_MESSAGE_BYTES = 256 * 1024;
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** u8 min version, u8 max version, u16 zero, u32 initial credit per stream (bytes), u32 most streams open at once. */
export interface HelloFrame {
  readonly kind: "hello";
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly initialCredit: number;
  readonly maxStreams: number;
}
/** No new streams from now on; those open may finish. Payload: reason. */
export interface GoawayFrame {
  readonly kind: "goaway";
  readonly reason: WireReason;
}
/** 8 opaque bytes, echoed by the pong. */
export interface PingFrame {
  readonly kind: "ping" | "pong";
  readonly payload: Buffer;
}
/** Opaque message on the tunnel itself. */
export interface ControlFrame {
  readonly kind: "control";
  readonly payload: Buffer;
}
/** Asks for a stream. Payload: opaque metadata. No data may follow before open-ok. */
export interface OpenFrame {
  readonly kind: "open";
  readonly stream: number;
  readonly metadata: Buffer;
}
export interface OpenOkFrame {
  readonly kind: "openOk";
  readonly stream: number;
}
/** Payload of both: u8 code length, code `[a-z0-9_]`, UTF-8 text to the end. */
export interface ReasonFrame {
  readonly kind: "openError" | "reset";
  readonly stream: number;
  readonly reason: WireReason;
}
/** 1 to MAX_DATA_BYTES bytes of the stream; costs as much credit. */
export interface DataFrame {
  readonly kind: "data";
  readonly stream: number;
  readonly payload: Buffer;
}
/** u32 bytes of credit added, not zero. */
export interface WindowFrame {
  readonly kind: "window";
  readonly stream: number;
  readonly increment: number;
}
/** The sender writes no more on this stream. */
export interface FinFrame {
  readonly kind: "fin";
  readonly stream: number;
}

export type Frame =
  | HelloFrame
  | GoawayFrame
  | PingFrame
  | ControlFrame
  | OpenFrame
  | OpenOkFrame
  | ReasonFrame
  | DataFrame
  | WindowFrame
  | FinFrame;

export type FrameKind = Frame["kind"];
