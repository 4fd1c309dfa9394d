import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coloured } from "./colour.ts";
import { safeJson, safeLine } from "./safe-text.ts";

const HOSTILE = [
  "\u001b[2J",
  "\u001b]0;owned\u0007",
  "\u009b1A",
  "\u202e",
  "\u2028",
  "\r",
  "\u0000",
  "\u{e0041}",
  "\u001b[31;8m",
];

describe("text for a terminal", () => {
  it("keeps our colours and nothing else", () => {
    const line = `${coloured("red", "no")} ${HOSTILE.join(" ")}`;
    const safe = safeLine(line, true);
    expect(safe.startsWith("\u001b[31mno\u001b[0m ")).toBe(true);
    expect(safe.slice(12)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(safeLine(line, false)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it("stays as it is when it is safe or was made so", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const once = safeLine(text, false);
        expect(safeLine(once, false)).toBe(once);
      }),
    );
  });
});

describe("JSON for a terminal", () => {
  it("means the same and holds nothing that moves a cursor or hides", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...HOSTILE), (value, hostile) => {
        const document = { value, hostile, [hostile]: 1 };
        for (const indent of [undefined, 2]) {
          const text = safeJson(document, indent);
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(document)));
          expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });
});
