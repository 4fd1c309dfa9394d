import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_CREDIT, ReceiveWindow } from "./credit.ts";

const KB = 1024;

describe("ReceiveWindow", () => {
  it("gives credit back when half the window was taken, not before", () => {
    const window = new ReceiveWindow(256 * KB, { left: 0 }, 0);
    expect(window.receive(256 * KB)).toBe(true);
    expect(window.take(127 * KB, 0)).toBe(0);
    expect(window.take(1 * KB, 0)).toBe(128 * KB);
    expect(window.receive(128 * KB)).toBe(true);
    expect(window.receive(1)).toBe(false);
  });

  it("doubles a window that is drained quickly, up to 2 MB, and keeps that of a slow consumer", () => {
    const fast = new ReceiveWindow(256 * KB, { left: 64 * 1024 * KB }, 0);
    const slow = new ReceiveWindow(256 * KB, { left: 64 * 1024 * KB }, 0);
    for (let step = 1; step <= 20; step++) {
      for (const [window, now] of [
        [fast, step * 10],
        [slow, step * 1000],
      ] as const) {
        window.receive(window.size / 2);
        window.take(window.size / 2, now);
      }
    }
    expect([fast.size, slow.size]).toEqual([MAX_CREDIT, 256 * KB]);
  });

  it("never lets more than size be outstanding, and gives back what it borrowed", () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: 100 * KB }), pause: fc.integer({ min: 0, max: 900 }) });
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 0, max: 4 * 1024 * KB }), (steps, left) => {
        const budget = { left };
        const window = new ReceiveWindow(256 * KB, budget, 0);
        let credit = 256 * KB;
        let held = 0;
        let now = 0;
        for (const { bytes, pause } of steps) {
          const sent = Math.min(bytes, credit);
          credit -= sent;
          held += sent;
          expect(window.receive(sent)).toBe(true);
          now += pause;
          const taken = Math.ceil(held / 2);
          held -= taken;
          credit += window.take(taken, now);
          expect(credit + held).toBeLessThanOrEqual(window.size);
        }
        expect(budget.left).toBe(left - (window.size - 256 * KB));
        window.release();
        expect(budget.left).toBe(left);
      }),
    );
  });
});
