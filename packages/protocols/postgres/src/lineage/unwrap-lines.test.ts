import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineageError } from "./lineage-error.ts";
import { unwrapLines } from "./unwrap-lines.ts";

/** `format_node_dump` of PostgreSQL's print.c, written once more. */
function wrap(dump: Buffer): Buffer {
  const lines: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = dump.subarray(at, at + 78);
    at += line.length;
    if (at === dump.length) return Buffer.concat([...lines, line, Buffer.from(line.length > 0 ? "\n" : "")]);
    const space = line.lastIndexOf(" ");
    if (dump[at] === 0x20) {
      at++;
      lines.push(line);
    } else if (space > 0) {
      at -= line.length - space - 1;
      lines.push(line.subarray(0, space));
    } else lines.push(line);
    lines.push(Buffer.from("\n"));
  }
}

const escaped = (name: string) => name.replace(/[\s(){}\\]/g, (sign) => `\\${sign}`);
const name = (unit: fc.Arbitrary<string>, maxLength: number) => fc.string({ unit, minLength: 1, maxLength });
const trees = (unit: fc.Arbitrary<string>) =>
  fc
    .array(fc.tuple(fc.integer(), name(unit, 63)), { minLength: 1, maxLength: 30 })
    .map((fields) => `({QUERY ${fields.map(([value, text]) => `:n ${value} :name ${escaped(text)}`).join(" ")}})`);

/** A break may stand for a protected space: it reads the same. */
const spaces = (text: Buffer) => text.toString("latin1").replaceAll("\\\n", "\\ ").trimEnd();

describe("unwrapLines", () => {
  it("takes back what print.c does to names without newlines, however they are protected", () => {
    fc.assert(
      fc.property(trees(fc.constantFrom("(", ")", "{", "}", "\\", " ", "a", "é", ":", "<")), (tree) => {
        const bytes = Buffer.from(tree);
        const plain = unwrapLines(wrap(bytes));
        // A token of exactly one line is joined with the next, which the parser refuses.
        const exact = tree.split(/(?<!\\) /).some((token) => [77, 78].includes(Buffer.byteLength(token)));
        if (!exact) expect(spaces(plain)).toBe(spaces(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it("says when a name's own newline leaves it open", () => {
    fc.assert(
      fc.property(trees(fc.constantFrom("(", "}", "\n", "\\", "b")), (tree) => {
        const bytes = Buffer.from(tree);
        const exact = tree.split(/(?<!\\) /).some((token) => [77, 78].includes(Buffer.byteLength(token)));
        try {
          const plain = unwrapLines(wrap(bytes));
          if (!exact) expect(spaces(plain)).toBe(spaces(bytes));
        } catch (error) {
          expect(error).toMatchObject({ code: "ambiguous-break" });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("leaves text alone that has no breaks of the server", () => {
    const text = Buffer.from(`({QUERY :name ${"x".repeat(80)}\\\n\\( :other 1})`);
    expect(unwrapLines(text)).toBe(text);
  });

  it("refuses lines that another encoding has made longer", () => {
    expect(() => unwrapLines(Buffer.from(`({QUERY\n${"x".repeat(79)}\n})`))).toThrow(LineageError);
  });
});
