import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CliError } from "../errors.ts";
import { fakeContext } from "../fake-context.test-data.ts";
import { plain, wantsColour } from "./colour.ts";
import { lineDiff } from "./line-diff.ts";
import { type Column, fields, table } from "./table.ts";
import { relative, utc } from "./times.ts";

const ESCAPE = "\u001b]0;owned\u0007";

describe("output", () => {
  it("is lines for a person and one document for a program", () => {
    const person = fakeContext();
    person.context.output.result({ a: 1 }, () => ["one", "two"]);
    expect(person.written).toEqual({ stdout: "one\ntwo\n", stderr: "" });
    const program = fakeContext({ json: true });
    program.context.output.result({ a: 1 }, () => expect.unreachable());
    program.context.output.note("a word");
    expect(JSON.parse(program.written.stdout)).toEqual({ a: 1 });
    expect(program.written.stderr).toBe("a word\n");
  });

  it("of an error says what, why and what next, and stays one document", () => {
    const error = new CliError("refused", "no", { why: `because ${ESCAPE}`, next: "tw status" });
    const { context, written } = fakeContext({ json: true });
    context.output.error(error);
    expect(JSON.parse(written.stdout)).toEqual({
      error: { code: "refused", exitCode: 4, message: "no", why: `because ${ESCAPE}`, next: "tw status" },
    });
    expect(written.stderr).toBe("tidewaiter: no\n  because \\e]0;owned\\u{7}\nnext: tw status\n");
    expect(written.stdout + written.stderr).not.toContain("\u001b");
  });

  it("has colours only in a terminal that wants them", () => {
    expect(wantsColour({}, true)).toBe(true);
    expect(wantsColour({}, false)).toBe(false);
    expect(wantsColour({ NO_COLOR: "1" }, true)).toBe(false);
    expect(wantsColour({ NO_COLOR: "" }, true)).toBe(true);
    expect(wantsColour({ TERM: "dumb" }, true)).toBe(false);
  });
});

describe("tables", () => {
  const pipe = { paint: plain, size: undefined };

  it("fit a narrow terminal, ids whole, and a pipe gets all", () => {
    const rows = [{ id: "ses_gzjmsx8ym70fy9430jm1mwt193", who: "coder for ana", rows: 1_000_000, refused: 12 }];
    type Row = (typeof rows)[number];
    const columns: Column<Row>[] = [
      { title: "ID", value: ({ id }) => id },
      { title: "WHO", value: ({ who }) => who, short: ({ who }) => who.split(" ")[0] ?? "" },
      { title: "ROWS", value: (row) => row.rows, align: "right", spare: 2 },
      { title: "REFUSED", value: ({ refused }) => refused, align: "right", spare: 1 },
    ];
    const at = (width: number) =>
      table(rows, columns, { paint: plain, size: { columns: width, rows: 24 } }, "none").map((line) =>
        line.replace(/ +/g, " "),
      );
    const all = ["ID WHO ROWS REFUSED", "ses_gzjmsx8ym70fy9430jm1mwt193 coder for ana 1000000 12"];
    expect(at(63)).toEqual(all);
    expect(table(rows, columns, pipe, "none").map((line) => line.replace(/ +/g, " "))).toEqual(all);
    expect(at(62)).toEqual(["ID WHO ROWS REFUSED", "ses_gzjmsx8ym70fy9430jm1mwt193 coder 1000000 12"]);
    expect(at(54)).toEqual([
      "ID WHO REFUSED",
      "ses_gzjmsx8ym70fy9430jm1mwt193 coder 12",
      "(a wider terminal and --json also show: ROWS)",
    ]);
    expect(at(20).slice(0, 2)).toEqual(["ID WHO", "ses_gzjmsx8ym70fy9430jm1mwt193 coder"]);
  });

  it("align, escape, and say when they are empty", () => {
    const rows = [
      { name: "a", count: 1 },
      { name: ESCAPE, count: 1000 },
    ];
    const columns = [
      { title: "NAME", value: (row: (typeof rows)[number]) => row.name },
      { title: "N", value: (row: (typeof rows)[number]) => row.count, align: "right" as const },
    ];
    const escaped = "\\e]0;owned\\u{7}";
    expect(table(rows, columns, pipe, "none")).toEqual([
      `${"NAME".padEnd(escaped.length)}     N`,
      `${"a".padEnd(escaped.length)}     1`,
      `${escaped}  1000`,
    ]);
    expect(table(rows, columns, pipe, "none").join("")).not.toContain("\u001b");
    expect(table([], columns, pipe, "none")).toEqual(["none"]);
  });

  it("fields leave out what is not there", () => {
    expect(
      fields(
        [
          ["a", 1],
          ["bcd", undefined],
          ["e", null],
          ["fg", false],
        ],
        plain,
      ),
    ).toEqual(["a   1", "fg  no"]);
  });
});

describe("times", () => {
  const now = Date.parse("2026-11-24T12:00:00Z");
  it.each([
    ["2026-11-24T12:01:30Z", "in 90 s"],
    ["2026-11-24T11:48:00Z", "12 min ago"],
    ["2026-11-24T20:00:00Z", "in 8 h"],
    ["2026-11-30T12:00:00Z", "in 6 d"],
    ["soon", "soon"],
  ])("%s is %s", (instant, text) => expect(relative(instant, now)).toBe(text));

  it("are in UTC", () => expect(utc("2026-11-24T13:00:00+01:00")).toBe("2026-11-24 12:00:00 UTC"));
});

describe("the difference of two texts", () => {
  it("shows lines with what is around them", () => {
    expect(lineDiff("a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne\n", 1)).toEqual([
      { sign: " ", text: "b" },
      { sign: "-", text: "c" },
      { sign: "+", text: "C" },
      { sign: " ", text: "d" },
    ]);
  });

  it("makes the one out of the other", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 12 })
      .map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const all = lineDiff(before, after, 100);
        const side = (sign: string) =>
          all
            .filter((line) => line.sign !== sign)
            .map((line) => line.text)
            .join("\n");
        if (before !== after) expect([side("+"), side("-")]).toEqual([before, after]);
        else expect(all).toEqual([]);
      }),
    );
  });
});
