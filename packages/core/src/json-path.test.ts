import { describe, expect, it } from "vitest";
import { parseJsonPath } from "./json-path.ts";

describe("parseJsonPath", () => {
  it.each([
    ["$.ssn", [{ type: "member", name: "ssn" }]],
    [
      '$.contact["e mail"]',
      [
        { type: "member", name: "contact" },
        { type: "member", name: "e mail" },
      ],
    ],
    [
      "$['a'][0][*].*",
      [{ type: "member", name: "a" }, { type: "element", index: 0 }, { type: "each" }, { type: "each" }],
    ],
    [
      "$..ssn.näme-1",
      [
        { type: "anywhere", name: "ssn" },
        { type: "member", name: "näme-1" },
      ],
    ],
  ])("%s", (text, steps) => {
    expect(parseJsonPath(text)).toEqual(steps);
  });

  it.each(["", "$", "ssn", "$ssn", "$.", "$.a.", "$[-1]", "$[01]", "$[1:2]", "$[?@.a]", '$["a\\"b"]', "$..", "$.a b"])(
    "%j is none",
    (text) => {
      expect(parseJsonPath(text)).toBeUndefined();
    },
  );

  it("has limits", () => {
    expect(parseJsonPath(`$${".a".repeat(33)}`)).toBeUndefined();
    expect(parseJsonPath(`$.${"a".repeat(500)}`)).toBeUndefined();
  });
});
