import fc from "fast-check";
import { expect, it } from "vitest";
import { GrowingBuffer } from "./growing-buffer.ts";

it("gives every byte in its order, however much of it is taken away between, and changes nothing that it gave", () => {
  const steps = fc.array(
    fc.record({ chunk: fc.uint8Array({ maxLength: 3_000 }), taken: fc.double({ min: 0, max: 1, noNaN: true }) }),
  );
  fc.assert(
    fc.property(steps, (all) => {
      const growing = new GrowingBuffer();
      const given: { readonly part: Buffer; readonly copy: Buffer }[] = [];
      let rest: Buffer = Buffer.alloc(0);
      for (const { chunk, taken } of all) {
        rest = growing.append(rest, Buffer.from(chunk));
        const part = rest.subarray(0, Math.floor(rest.length * taken));
        given.push({ part, copy: Buffer.from(part) });
        rest = rest.subarray(part.length);
      }
      expect(given.every(({ part, copy }) => part.equals(copy))).toBe(true);
      const whole = Buffer.concat([...given.map(({ part }) => part), rest]);
      expect(whole.equals(Buffer.concat(all.map(({ chunk }) => chunk)))).toBe(true);
    }),
  );
});
