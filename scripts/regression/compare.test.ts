import { describe, expect, it } from "vitest";
import { compare } from "./compare.ts";
import { page } from "./page.ts";
import { totalsOf } from "./report.ts";

const run = (output: string, hung = false) => ({ output: Buffer.from(output), milliseconds: 1, hung });
const expected = [Buffer.from("one\n"), Buffer.from("uno\n")];

describe("a test is the same through the gateway", () => {
  it.each([
    ["the same bytes", run("one\n"), run("one\n"), true],
    ["the same failure", run("zero\n"), run("zero\n"), true],
    ["another output that is right", run("one\n"), run("uno\n"), true],
  ])("with %s", (_, direct, through, same) => {
    expect(compare("t", direct, through, expected).sameThrough).toBe(same);
  });

  it.each([
    ["one byte more", run("one\n"), run("one \n")],
    ["a failure where it passes directly", run("one\n"), run("zero\n")],
    ["a pass where it fails directly", run("zero\n"), run("one\n")],
    ["another failure", run("zero\n"), run("null\n")],
    ["no end", run("one\n"), run("one\n", true)],
  ])("but not with %s", (_, direct, through) => {
    expect(compare("t", direct, through, expected).sameThrough).toBe(false);
  });
});

it("a difference is counted as failed and shown as one", () => {
  const results = [
    compare("good", run("one\n"), run("one\n"), expected),
    compare("poor", run("zero\n"), run("zero\n"), expected),
    compare("bad", run("one\n"), run("zero\n"), expected),
  ];
  expect(totalsOf(results)).toMatchObject({ passed: 2, failed: 1, skipped: 0 });
  expect(totalsOf(results).failures[0]).toContain("-one\n+zero");
  const text = page(results, { suite: "15.1", server: "15.1", psql: "15.1", missing: undefined });
  expect(text).toContain("| prints something else through the gateway | 1 |");
  expect(text).toContain("## Differs\n\nbad\n");
});
