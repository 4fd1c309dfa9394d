import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { judgePattern } from "./pattern-facts.ts";
import { readPattern } from "./pattern-reader.ts";

describe("readPattern", () => {
  it.each([
    ["EMP-[0-9]{6}", 10, 10, "EMP-"],
    ["\\bEMP-\\d{4,6}\\b", 8, 10, "EMP-"],
    ["(?i)emp-[0-9]{6}", 10, 10, "-"],
    ["(?:EMP|CTR)-[0-9]{6}", 10, 10, "-"],
    ["(?P<id>AB){3}x", 7, 7, "ABABABx"],
    ["[0-9]{9}", 9, 9, undefined],
    ["a?b{2,3}c", 3, 5, "b"],
    ["\\Qa.b\\E{2}", 4, 4, "a.bb"],
    ["x[]\\]a-z[:digit:]]{2}yz", 5, 5, "yz"],
    ["\\pN\\p{Greek}\\x41\\x{1F600}\\012\\.k", 7, 7, ".k"],
    ["a{02}", 5, 5, "a{02}"],
    ["a|b|", 0, 1, undefined],
    ['say "hello" to', 14, 14, "hello"],
    ["größe-[0-9]", 7, 7, "gr"],
    ["ab(?i)*", 0, Number.POSITIVE_INFINITY, undefined],
  ])("%s: %i to %i characters, always with %s", (pattern, shortest, longest, literal) => {
    expect(readPattern(pattern)).toEqual({ shortest, longest, ...(literal === undefined ? {} : { literal }) });
  });

  const leaf = fc.constantFrom(
    ..."abAB-1. _".split("").map((character) => (character === "." ? "\\." : character)),
    ..."[ab] [^a] . \\d \\w \\b ^ $ (?i) \\Qa.\\E \\Q\\E \\x41 \\012 é [[:alpha:]] {2 (?s:.)".split(" "),
  );
  const quantifier = fc.constantFrom("", "", "", "?", "*", "+", "{2}", "{0,2}", "{1,}", "+?", "{02}", "{1,3}?");
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.tuple(leaf, quantifier).map(([item, often]) => item + often),
      fc.array(tie("tree"), { maxLength: 4 }).map((items) => items.join("")),
      fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(tie("tree"), quantifier).map(([item, often]) => `(${item})${often}`),
    ),
  }));
  const text = fc.string({ unit: fc.constantFrom(..."aabbABA-1. _{02}é\n"), maxLength: 16 });

  it("is true of every match that RE2 finds", () => {
    let found = 0;
    fc.assert(
      fc.property(tree, fc.array(text, { minLength: 4, maxLength: 12 }), (pattern, texts) => {
        let compiled: RE2JS;
        try {
          compiled = RE2JS.compile(pattern);
        } catch {
          return;
        }
        const { shortest, longest, literal } = readPattern(pattern);
        for (const input of texts) {
          const matcher = compiled.matcher(input);
          while (matcher.find()) {
            const match = matcher.group() ?? "";
            found++;
            expect(Array.from(match).length).toBeGreaterThanOrEqual(shortest);
            expect(Array.from(match).length).toBeLessThanOrEqual(longest);
            if (literal !== undefined) expect(match).toContain(literal);
          }
        }
      }),
      { numRuns: 4000 },
    );
    expect(found).toBeGreaterThan(5000);
  });
});

describe("judgePattern", () => {
  it.each([
    ["EMP-[0-9]{6", true],
    ["(EMP", "is not a valid RE2 pattern: missing closing ): `(EMP`"],
    ["(?=a)", "is not a valid RE2 pattern: invalid or unsupported Perl syntax: `(?=`"],
    ["(a)\\1", "is not a valid RE2 pattern: invalid escape sequence: `\\1`"],
    ["a*", "matches the empty string"],
    ["x|\\b", "matches the empty string"],
    ["^$", "matches no text"],
    ["EMP-[0-9]+", "matches more than 256 characters; write {1,40} or the like for + and *"],
    ["[a-z]{300}", "matches more than 256 characters; write {1,40} or the like for + and *"],
  ])("%s: %s", (pattern, expected) => {
    expect(reasonOf(pattern)).toBe(expected);
  });

  it("keeps its limits", () => {
    expect(reasonOf("x".repeat(501))).toBe("is longer than 500 characters");
    const alternatives = "(?:[\\pL\\pN]{20}){12}|".repeat(20).slice(0, -1);
    expect(reasonOf(alternatives)).toBe("is too large: its repetitions multiply");
  });

  function reasonOf(pattern: string): string | true {
    const judged = judgePattern(pattern);
    return judged.ok ? true : judged.reason;
  }
});
