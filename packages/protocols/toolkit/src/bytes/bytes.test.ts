import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { Carry } from "./carry.ts";
import { ProtocolError } from "./protocol-error.ts";

describe("ByteWriter and ByteReader", () => {
  it("read back what was written", () => {
    const fields = fc.record({
      a: fc.integer({ min: 0, max: 255 }),
      b: fc.integer({ min: -32768, max: 32767 }),
      c: fc.integer({ min: 0, max: 65535 }),
      d: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      e: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      text: fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
      rest: fc.uint8Array({ maxLength: 600 }),
    });
    fc.assert(
      fc.property(fields, ({ a, b, c, d, e, text, rest }) => {
        const written = new ByteWriter()
          .uint8(a)
          .int16(b)
          .uint16(c)
          .int32(d)
          .uint32(e)
          .cstring(text)
          .bytes(rest)
          .finish();
        const reader = new ByteReader(written);
        expect([
          reader.uint8("a"),
          reader.int16("b"),
          reader.uint16("c"),
          reader.int32("d"),
          reader.uint32("e"),
        ]).toEqual([a, b, c, d, e]);
        expect(reader.cstring("text")).toBe(text);
        expect(reader.rest()).toEqual(Buffer.from(rest));
        reader.expectEnd("all");
      }),
    );
  });

  it("never read past the end of the message, even when the buffer goes on", () => {
    const buffer = Buffer.from("0001026162630000ffff", "hex");
    const reads: ((reader: ByteReader) => unknown)[] = [
      (reader) => reader.int32("x"),
      (reader) => reader.bytes(4, "x"),
      (reader) => reader.bytes(-1, "x"),
      (reader) => reader.cstring("x"),
      (reader) => reader.skip(2 ** 31, "x"),
    ];
    for (const read of reads) {
      const reader = new ByteReader(buffer, 3, 6);
      expect(() => read(reader)).toThrow(ProtocolError);
      expect(reader.offset).toBe(3);
    }
    expect(() => new ByteReader(buffer, 3, 6).expectEnd("message")).toThrow("3 bytes too many");
    expect(() => new ByteReader(buffer, 3, 11)).toThrow(RangeError);
  });

  it("refuse a NUL inside a string, which would start the next field", () => {
    expect(() => new ByteWriter().cstring("user\0database")).toThrow(ProtocolError);
  });
});

describe("Carry", () => {
  it("puts a message together from pieces of any size", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300_000, size: "max" }),
        fc.integer({ min: 1, max: 70_000 }),
        (bytes, size) => {
          const carry = new Carry(bytes.length);
          const chunk = Buffer.concat([bytes, Buffer.from("next message")]);
          for (let at = 0; carry.missing > 0; ) at += carry.fill(chunk, at, Math.min(chunk.length, at + size));
          expect(carry.take().equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("gives memory to bytes that came, not to a length that was announced", () => {
    const before = process.memoryUsage().arrayBuffers;
    const carries = Array.from({ length: 64 }, () => new Carry(1024 ** 3));
    for (const carry of carries) carry.fill(Buffer.alloc(100), 0, 100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    expect(() => carries[0]?.take()).toThrow(RangeError);
  });
});
