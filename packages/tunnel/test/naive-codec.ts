import type { Frame } from "../src/frame.ts";

/**
 * A second codec, written from the layout in frame.ts without sharing code with the real one: the oracle of the codec
 * tests. Slow and plain on purpose.
 */
const KINDS = ["hello", "goaway", "ping", "pong", "control"] as const;
const STREAM_KINDS = ["open", "openOk", "openError", "data", "window", "fin", "reset"] as const;

export function naiveEncode(frame: Frame, version: number): number[] {
  const payload = naivePayload(frame);
  const index = (KINDS as readonly string[]).indexOf(frame.kind);
  const kind = index >= 0 ? 1 + index : 16 + (STREAM_KINDS as readonly string[]).indexOf(frame.kind);
  const stream = "stream" in frame ? frame.stream : 0;
  return [frame.kind === "hello" ? 0 : version, kind, 0, 0, ...u32(stream), ...u32(payload.length), ...payload];
}

function naivePayload(frame: Frame): number[] {
  if ("payload" in frame) return [...frame.payload];
  if ("metadata" in frame) return [...frame.metadata];
  if ("increment" in frame) return u32(frame.increment);
  if ("reason" in frame) {
    const code = [...new TextEncoder().encode(frame.reason.code)];
    return [code.length, ...code, ...new TextEncoder().encode(frame.reason.text)];
  }
  if (frame.kind === "hello") {
    return [frame.minVersion, frame.maxVersion, 0, 0, ...u32(frame.initialCredit), ...u32(frame.maxStreams)];
  }
  return [];
}

export function naiveDecode(bytes: number[]): Frame[] {
  if (bytes.length === 0) return [];
  const kindNumber = bytes[1] ?? 0;
  const length = fromU32(bytes.slice(8, 12));
  const payload = bytes.slice(12, 12 + length);
  const kind = kindNumber < 16 ? KINDS[kindNumber - 1] : STREAM_KINDS[kindNumber - 16];
  if (kind === undefined) throw new Error("kind");
  return [naiveFrame(kind, fromU32(bytes.slice(4, 8)), payload), ...naiveDecode(bytes.slice(12 + length))];
}

function naiveFrame(kind: Frame["kind"], stream: number, payload: number[]): Frame {
  const bytes = Buffer.from(payload);
  switch (kind) {
    case "ping":
    case "pong":
    case "control":
      return { kind, payload: bytes };
    case "data":
      return { kind, stream, payload: bytes };
    case "open":
      return { kind, stream, metadata: bytes };
    case "openOk":
    case "fin":
      return { kind, stream };
    case "window":
      return { kind, stream, increment: fromU32(payload) };
    case "openError":
    case "reset":
      return { kind, stream, reason: naiveReason(payload) };
    case "goaway":
      return { kind, reason: naiveReason(payload) };
    case "hello":
      return {
        kind,
        minVersion: payload[0] ?? 0,
        maxVersion: payload[1] ?? 0,
        initialCredit: fromU32(payload.slice(4, 8)),
        maxStreams: fromU32(payload.slice(8, 12)),
      };
  }
}

function naiveReason(payload: number[]): { code: string; text: string } {
  const length = payload[0] ?? 0;
  return {
    code: String.fromCharCode(...payload.slice(1, 1 + length)),
    text: new TextDecoder().decode(new Uint8Array(payload.slice(1 + length))),
  };
}

function u32(value: number): number[] {
  return [
    Math.floor(value / 2 ** 24) % 256,
    Math.floor(value / 2 ** 16) % 256,
    Math.floor(value / 256) % 256,
    value % 256,
  ];
}

function fromU32(bytes: number[]): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
