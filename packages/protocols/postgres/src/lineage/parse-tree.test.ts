import { describe, expect, it } from "vitest";
import { LineageError } from "./lineage-error.ts";
import { Datum, TreeNode, type TreeValue } from "./node-tree.ts";
import { parseTree, TREE_LIMITS } from "./parse-tree.ts";

const fieldsOf = (text: string): Record<string, TreeValue> => {
  const { value } = parseTree(Buffer.from(text));
  if (!(value instanceof TreeNode)) throw new Error("not a node");
  return Object.fromEntries(value.fields);
};
const codeOf = (text: string | Buffer): string | undefined => {
  try {
    parseTree(Buffer.from(text));
    return undefined;
  } catch (error) {
    if (error instanceof LineageError) return error.code;
    throw error;
  }
};

describe("parseTree", () => {
  it("reads every form of value", () => {
    expect(
      fieldsOf('{X :none <> :n -4 :big 4294967295 :f 1.5 :yes true :word a\\ b\\)\\\\ :start \\1x :text ("q\\ r" "")}'),
    ).toEqual({
      none: null,
      n: -4,
      big: 4294967295,
      f: "1.5",
      yes: "true",
      word: "a b)\\",
      start: "1x",
      text: ["q r", ""],
    });
    expect(fieldsOf("{X :o (o 1 2) :i (i -1) :b (b) :empty () :nested ({Y} <> (i 7)) :bits (b101)}")).toEqual({
      o: [1, 2],
      i: [-1],
      b: [],
      empty: [],
      nested: [new TreeNode("Y", new Map()), null, [7]],
      bits: ["b101"],
    });
    expect(fieldsOf("{CONST :constvalue 4 [ 1 -2 0 0 ] :after 5}")).toEqual({
      constvalue: new Datum(4, [1, 254, 0, 0]),
      after: 5,
    });
    expect(fieldsOf('{A_EXPR NOT_DISTINCT :name ("=")}')).toEqual({ name: ["="] });
  });

  it("leaves locations out of the hash, and nothing else", () => {
    const hash = (text: string) => parseTree(Buffer.from(text)).hash;
    expect(hash("{X :a 1 :location 7}")).toBe(hash("{X :a 1 :location -1}"));
    expect(hash("{X :a 1 :location 7}")).not.toBe(hash("{X :a 2 :location 7}"));
  });

  it("keeps names apart that are not UTF-8", () => {
    const name = (byte: number) => {
      const { value } = parseTree(Buffer.concat([Buffer.from("{X :n "), Buffer.from([byte]), Buffer.from("}")]));
      return value instanceof TreeNode ? value.text("n") : "";
    };
    expect(new Set([name(0xfe), name(0xff), name(0x61)]).size).toBe(3);
  });

  it.each([
    ["", "truncated"],
    ["{X :a", "truncated"],
    ["{X :a 1", "truncated"],
    ["{X :a 4 [ 1", "truncated"],
    ["(b 1", "truncated"],
    ["{X :a \\", "truncated"],
    ["{X :a 1 2}", "malformed"],
    ["{X :a 1 :a 1}", "malformed"],
    ["{X a 1}", "malformed"],
    ["{X :a (:b 1)}", "malformed"],
    ["{X :a <x}", "malformed"],
    ['{X :a "open}', "malformed"],
    ["{X} {Y}", "malformed"],
    ["{X :location x}", "malformed"],
    [")", "malformed"],
  ])("refuses %s as %s", (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it("keeps its limits", () => {
    expect(codeOf("(".repeat(TREE_LIMITS.depth + 1))).toBe("too-deep");
    expect(codeOf(`(${"<>".repeat(1)}${" {X}".repeat(TREE_LIMITS.nodes)})`)).toBe("too-many-nodes");
    expect(codeOf(Buffer.alloc(TREE_LIMITS.bytes + 1, " "))).toBe("too-large");
  });
});
