import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { OPEN_FAILURE, refuseOpen } from "./refuse-open.ts";

const said = (reason: number, text: string): [number, string] => {
  const reject = vi.fn<(reason?: number, description?: string) => void>();
  refuseOpen(reject, { reason, text });
  return reject.mock.calls[0] as [number, string];
};

describe("a channel that is refused", () => {
  it("says which kind of failure, and why", () => {
    expect(said(OPEN_FAILURE.prohibited, "not opened")).toEqual([1, "tidewaiter: not opened"]);
  });

  it.each([0, 5, -1, 1.5, Number.NaN, 2 ** 32])("counts the reason %s of a host as a failed connection", (reason) => {
    expect(said(reason, "x")[0]).toBe(OPEN_FAILURE.connectFailed);
  });

  it("is one bounded line that cannot speak to a terminal, whoever wrote parts of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        const [, line] = said(1, text);
        expect(line).toMatch(/^tidewaiter: [^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u);
        expect(line.length).toBeLessThanOrEqual(400);
      }),
      { numRuns: 40 },
    );
    expect(said(1, "no\u001b]0;title\u0007\r\nHost key changed")[1]).not.toMatch(/\p{Cc}/u);
    expect(said(1, "a".repeat(1_000))[1]).toMatch(/^tidewaiter: a+\.\.\.$/);
  });
});
