import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { encodeFrame } from "../src/encode.ts";
import { TunnelError } from "../src/errors.ts";
import { type Frame, MAX_MESSAGE_BYTES } from "../src/frame.ts";
import { naiveDecode, naiveEncode } from "./naive-codec.ts";

const VERSION = 3;
const decode = (bytes: Buffer): Frame[] => [...decodeMessage(bytes, () => VERSION)];

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const stream = fc.integer({ min: 1, max: 0xffff_ffff });
const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
const reason = fc.record({
  code: fc.stringMatching(/^[a-z0-9_]{1,32}$/),
  text: fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => !/\p{Cc}|\p{Cs}/u.test(text)),
});
const byte = fc.integer({ min: 0, max: 255 });
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant("hello" as const),
    minVersion: byte,
    maxVersion: byte,
    initialCredit: u32,
    maxStreams: u32,
  }),
  fc.record({ kind: fc.constant("goaway" as const), reason }),
  fc.record({ kind: fc.constantFrom("ping" as const, "pong" as const), payload: bytes(8, 8) }),
  fc.record({ kind: fc.constant("control" as const), payload: bytes(0, 300) }),
  fc.record({ kind: fc.constant("open" as const), stream, metadata: bytes(0, 300) }),
  fc.record({ kind: fc.constantFrom("openOk" as const, "fin" as const), stream }),
  fc.record({ kind: fc.constantFrom("openError" as const, "reset" as const), stream, reason }),
  fc.record({ kind: fc.constant("data" as const), stream, payload: bytes(1, 300) }),
  fc.record({ kind: fc.constant("window" as const), stream, increment: fc.integer({ min: 1, max: 0xffff_ffff }) }),
);

describe("codec", () => {
  it("agrees with the naive codec in both directions, many frames in one message", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 8 }), (frames) => {
        const message = Buffer.concat(frames.map((each) => encodeFrame(each, VERSION)));
        expect([...message]).toEqual(frames.flatMap((each) => naiveEncode(each, VERSION)));
        expect(decode(message)).toEqual(frames);
        expect(naiveDecode([...message])).toEqual(frames);
      }),
    );
  });

  it("meets arbitrary bytes with TunnelError only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => onlyTunnelErrors(Buffer.from(noise))),
      { numRuns: 2000 },
    );
  });

  it("meets damaged messages with TunnelError only", () => {
    const damage = fc.tuple(fc.array(frame, { minLength: 1, maxLength: 4 }), fc.nat(), byte, fc.nat());
    fc.assert(
      fc.property(damage, ([frames, position, value, cut]) => {
        const message = Buffer.concat(frames.map((each) => encodeFrame(each, VERSION)));
        message[position % message.length] = value;
        onlyTunnelErrors(message);
        onlyTunnelErrors(message.subarray(0, cut % message.length));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["data over 64 KiB", rawFrame(0x13, 1, 64 * 1024 + 1), "too_large"],
    ["metadata over 16 KiB", rawFrame(0x10, 1, 16 * 1024 + 1), "too_large"],
    ["control over 64 KiB", rawFrame(0x05, 0, 64 * 1024 + 1), "too_large"],
    ["a message over 1 MiB", Buffer.alloc(MAX_MESSAGE_BYTES + 1), "too_large"],
    ["a length that lies", rawFrame(0x13, 1, 10).subarray(0, 20), "protocol"],
    ["an unknown kind", rawFrame(0x7f, 1, 0), "protocol"],
    ["data on stream 0", rawFrame(0x13, 0, 1), "protocol"],
    ["a ping on a stream", rawFrame(0x03, 1, 8), "protocol"],
    ["empty data", rawFrame(0x13, 1, 0), "protocol"],
    ["no credit in a window", rawFrame(0x14, 1, 4), "protocol"],
    ["an empty message", Buffer.alloc(0), "protocol"],
  ])("refuses %s", (_name, message, code) => {
    expect(() => decode(message)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses flags and versions that were not agreed", () => {
    const flagged = rawFrame(0x15, 1, 0);
    flagged[3] = 1;
    expect(() => decode(flagged)).toThrow(expect.objectContaining({ code: "protocol" }));
    expect(() => decode(encodeFrame({ kind: "fin", stream: 1 }, VERSION + 1))).toThrow(/version/);
  });

  it("replaces control characters in a reason and cuts its text between characters", () => {
    const [shown] = decode(encodeFrame({ kind: "goaway", reason: { code: "x", text: "a\u001b[31mb\n" } }, VERSION));
    expect(shown).toEqual({ kind: "goaway", reason: { code: "x", text: "a [31mb " } });
    const [cut] = decode(encodeFrame({ kind: "goaway", reason: { code: "x", text: "€".repeat(400) } }, VERSION));
    expect(cut).toEqual({ kind: "goaway", reason: { code: "x", text: "€".repeat(341) } });
  });
});

function rawFrame(kind: number, id: number, length: number): Buffer {
  const message = Buffer.alloc(12 + length);
  message[0] = VERSION;
  message[1] = kind;
  message.writeUInt32BE(id, 4);
  message.writeUInt32BE(length, 8);
  return message;
}

function onlyTunnelErrors(message: Buffer): void {
  try {
    for (const each of decodeMessage(message, () => VERSION)) {
      if ("payload" in each) expect(each.payload.length).toBeLessThanOrEqual(message.length);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(TunnelError);
  }
}
