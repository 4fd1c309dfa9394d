import { describe, expect, it } from "vitest";
import { compareRuns, type Said } from "./compare.ts";
import { postgresMatrix } from "./postgres/matrix.ts";
import { HIDDEN, MASKED } from "./postgres/site.ts";

const email = HIDDEN[0] ?? "";
const runs = (direct: Said[], through: Said[], labelled: Said[]) =>
  compareRuns({ direct, through, labelled }, postgresMatrix.expected).map(
    ({ scenario, way, outcome }) => `${scenario}, ${way}: ${outcome}`,
  );
const said = (scenario: string, result: unknown): Said => ({ scenario, result });

describe("compareRuns", () => {
  it("passes what is the same, and with labels what is masked and no more", () => {
    const direct = [said("labelled", [1, email]), said("simple", [1])];
    expect(runs(direct, direct, [said("labelled", [1, MASKED]), said("simple", [1])])).toEqual([
      "labelled, same: passed",
      "labelled, labelled: passed",
      "simple, same: passed",
      "simple, labelled: passed",
    ]);
  });

  it("fails a difference, a leak, a scenario that is missing and one that only the gateway has", () => {
    const direct = [said("labelled", [email]), said("simple", [1]), said("big", [2])];
    const wrong = [said("labelled", [email]), said("simple", ["1"]), { scenario: "to the end", error: "exit code 1" }];
    expect(runs(direct, wrong, wrong).filter((line) => line.endsWith("failed"))).toEqual([
      "labelled, labelled: failed",
      "simple, same: failed",
      "simple, labelled: failed",
      "big, same: failed",
      "big, labelled: failed",
      "to the end, same: failed",
      "to the end, labelled: failed",
    ]);
  });

  it("fails what does not work directly, and a scenario about labels that reads none", () => {
    const broken: Said[] = [{ scenario: "simple", error: "no driver" }, said("labelled", [1])];
    expect(runs(broken, broken, broken)).toEqual([
      "simple, same: failed",
      "simple, labelled: failed",
      "labelled, same: passed",
      "labelled, labelled: failed",
    ]);
  });

  it("takes the policy's word only with labels, and only where it is listed", () => {
    const refused: Said = { scenario: "notice", error: "stopped before postgres: ... [no-laundering]" };
    expect(runs([said("notice", 1)], [refused], [refused])).toEqual([
      "notice, same: failed",
      "notice, labelled: passed",
    ]);
    const other: Said = { ...refused, scenario: "simple" };
    expect(runs([said("simple", 1)], [other], [other])).toEqual(["simple, same: failed", "simple, labelled: failed"]);
  });
});
