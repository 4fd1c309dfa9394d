import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunked, wholeAndByteByByte } from "./chunking.ts";

describe("chunked", () => {
  it("cuts into the given sizes and starts over", () => {
    const pieces = chunked(Buffer.from("abcdefg"), [1, 3]);
    expect(pieces.map((piece) => Buffer.from(piece).toString())).toEqual(["a", "bcd", "e", "fg"]);
  });

  it("loses and repeats nothing", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), sizes, (bytes, cuts) => {
        expect(Buffer.concat(chunked(bytes, cuts)).equals(bytes)).toBe(true);
      }),
    );
  });

  it("refuses a size that would never end", () => {
    expect(() => chunked(new Uint8Array(1), [0])).toThrow(RangeError);
    expect(() => chunked(new Uint8Array(1), [])).toThrow(RangeError);
  });
});

it("shows a decoder that depends on the chunks", () => {
  expect(wholeAndByteByByte(new Uint8Array(5), (chunks) => chunks.length)).toEqual([1, 5]);
});
