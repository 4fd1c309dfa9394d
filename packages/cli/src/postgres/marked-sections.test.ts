import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outsideSections, putSection } from "./marked-sections.ts";

const section = (key: string, id: string, ...lines: string[]) => ({ key, id, lines });
const at = (first: boolean) => ({ first, path: "file" });

describe("marked sections", () => {
  it("go to the end of a file, or before everything", () => {
    expect(putSection("own\n", section("k", "1", "x"), at(false)).text).toBe(
      "own\n# tidewaiter:begin k 1\nx\n# tidewaiter:end k\n",
    );
    expect(putSection("own", section("k", "1", "x"), at(true)).text).toBe(
      "# tidewaiter:begin k 1\nx\n# tidewaiter:end k\nown",
    );
  });

  it("replace the earlier one and say which it was", () => {
    const once = putSection("own\n", section("k", "1", "x"), at(false)).text;
    const twice = putSection(once, section("k", "2", "y"), at(false));
    expect(twice).toEqual({ text: "own\n# tidewaiter:begin k 2\ny\n# tidewaiter:end k\n", replaced: "1" });
  });

  it("refuses a section without an end rather than guess where it was", () => {
    const broken = "# tidewaiter:begin k 1\nx\nown\n";
    expect(() => putSection(broken, section("k", "2"), at(false))).toThrow(
      expect.objectContaining({ exit: "conflict" }),
    );
    const nested = "# tidewaiter:begin k 1\n# tidewaiter:begin l 1\n# tidewaiter:end l\n";
    expect(() => outsideSections(nested, "file")).toThrow(expect.objectContaining({ exit: "conflict" }));
  });

  it("never change a byte of what is not theirs, and are the same when written again", () => {
    const own = fc.string({ unit: fc.constantFrom("a", "[", "]", "#", " ", "\r", "\n", "é", "=", ":") });
    const key = fc.constantFrom("prod-db", "prod-db/x", "other");
    fc.assert(
      fc.property(own, key, key, fc.boolean(), (text, first, second, front) => {
        const one = putSection(text, section(first, "1", "line"), at(front)).text;
        const two = putSection(one, section(second, "2", "line"), at(front)).text;
        const outside = outsideSections(two, "file");
        expect(outside === text || outside === `${text}\n`).toBe(true);
        expect(putSection(two, section(second, "2", "line"), at(front)).text).toBe(two);
      }),
    );
  });
});
