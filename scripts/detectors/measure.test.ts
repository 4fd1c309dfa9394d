import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { describe, expect, it } from "vitest";
import { measure, precisionOf, recallOf } from "./measure.ts";

const set = detectorSet(["email"]);
const samples = [
  { kind: "email", text: "ann@example.com", source: "a" },
  { kind: "email", text: "ann at example.com", source: "b" },
  { kind: "plain", text: "nothing", source: "c" },
  { kind: "plain", text: "bob@example.com", source: "c" },
  { kind: "other", text: "cy@example.com", source: "c" },
];

describe("measure", () => {
  it("counts values alone and in sentences, missed and falsely found", () => {
    const question = { detector: "email", setting: "text", set, kinds: ["email"], leaves: ["other"] };
    const score = measure(question, samples, ["write to {{person}} today"]);
    expect(score).toEqual({
      detector: "email",
      setting: "text",
      positives: 4,
      found: 2,
      negatives: 4,
      falseFound: 2,
      sources: ["a", "b"],
    });
    expect(recallOf(score)).toBe(0.5);
    expect(precisionOf(score)).toBe(0.5);
  });

  it("counts a finding that leaves a part of the value as missed, and one beside the value as false", () => {
    const question = { detector: "email", setting: "text", set, kinds: ["email"] };
    const score = measure(
      question,
      [{ kind: "email", text: "x ann@example.com", source: "a" }],
      ["bob@example.com {{x}}"],
    );
    expect(score).toMatchObject({ positives: 2, found: 0, falseFound: 1 });
    expect(precisionOf(score)).toBe(0);
    expect(precisionOf({ ...score, falseFound: 0 })).toBeNaN();
  });
});
