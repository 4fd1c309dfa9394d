import { describe, expect, it } from "vitest";
import { compilePolicy } from "./compile.ts";
import { formatProblem } from "./problem.ts";
import { policyJsonSchema } from "./schema.ts";

function compiled(...sources: readonly string[]) {
  return compilePolicy(
    sources.map((source, index) => ({ name: `p${index}.yaml`, source })),
    1,
  );
}

const lines = (problems: Parameters<typeof formatProblem>[0][]) =>
  problems.map((problem) => formatProblem(problem).split("\n")[0] ?? "");

function problemsOf(...detects: readonly string[]): readonly string[] {
  const labels = detects.map((detect, index) => `  a${index}:\n    detect: [${detect}]\n`);
  const result = compiled(`version: 1\nlabels:\n${labels.join("")}`);
  return result.ok ? [] : lines([...result.problems]);
}

describe("detect", () => {
  it("takes names, patterns and regions", () => {
    const result = compiled(`version: 1
labels:
  pii.employee:
    columns: ["*.staff.badge"]
    detect:
      - us_ssn
      - { name: employee_id, pattern: "EMP-[0-9]{6}" }
      - { detector: phone, regions: [US, DE] }
`);
    expect(result.ok && result.warnings).toEqual([]);
    expect(result.ok && result.policy.labels[0]).toMatchObject({
      detect: ["us_ssn", "employee_id", "phone"],
      patterns: [{ name: "employee_id", pattern: "EMP-[0-9]{6}" }],
      phoneRegions: ["US", "DE"],
    });
  });

  it.each([
    ["us_snn", 'p0.yaml:4:14  label "a0": no detector is called "us_snn"; did you mean "us_ssn"?'],
    ["email, us-ssn", 'p0.yaml:4:21  label "a0": no detector is called "us-ssn"; did you mean "us_ssn"?'],
    ["passport", 'p0.yaml:4:14  label "a0": no detector is called "passport"'],
    [
      '{ name: x, pattern: "EMP-(" }',
      'p0.yaml:4:34  label "a0": pattern of x is not a valid RE2 pattern: missing closing ): `EMP-(`',
    ],
    ['{ name: x, pattern: "a?" }', 'p0.yaml:4:34  label "a0": pattern of x matches the empty string'],
    ['{ name: X-1, pattern: "a" }', 'p0.yaml:4:22  label "a0": "X-1" is not a detector\'s name, such as employee_id'],
    ['{ name: email, pattern: "a" }', 'p0.yaml:4:22  label "a0": "email" is a built-in detector'],
    ['{ pattern: "a" }', 'p0.yaml:4:14  label "a0": is neither { name, pattern } nor { detector: phone, regions }'],
    ["{ name: x, patern: a }", 'p0.yaml:4:25  label "a0": unknown key "patern"; did you mean "pattern"?'],
    [
      "{ detector: phone, regions: [US, us] }",
      'p0.yaml:4:47  label "a0": "us" is no region such as US or DE; did you mean "US"?',
    ],
    ["{ detector: phone }", 'p0.yaml:4:14  label "a0": detector needs regions; else write its name alone'],
    ["{ detector: phone, name: x }", 'p0.yaml:4:14  label "a0": name and pattern do not go with detector'],
  ])("refuses %s", (detect, expected) => {
    expect(problemsOf(detect)).toEqual([expected]);
  });

  it("wants one pattern for one name, in all labels and documents", () => {
    const same = '{ name: x, pattern: "a" }';
    expect(problemsOf(same, same)).toEqual([]);
    expect(problemsOf(same, '{ name: x, pattern: "b" }')).toEqual([
      'p0.yaml:6:22  label "a1": "x" has another pattern in p0.yaml:4',
    ]);
  });

  it("keeps its limits", () => {
    const many = Array.from({ length: 101 }, (_, index) => `{ name: x${index}, pattern: "a" }`);
    expect(problemsOf(many.slice(0, 50).join(), many.slice(50, 100).join())).toEqual([]);
    expect(problemsOf(many.slice(0, 50).join(), many.slice(50, 100).join(), many[100] ?? "")[0]).toContain(
      "more than 100 patterns",
    );
    expect(problemsOf(`{ name: x, pattern: ${"a".repeat(501)} }`)[0]).toContain("pattern is longer than 500");
    expect(problemsOf("email,".repeat(51))[0]).toContain("detect is longer than 50");
  });

  it("warns of a pattern that no fixed text can be looked for first", () => {
    const result = compiled('version: 1\nlabels: { a: { detect: [{ name: x, pattern: "[0-9]{8}" }] } }');
    expect(result.ok && lines([...result.warnings])).toEqual([
      'p0.yaml:2:45  label "a": pattern of x has no fixed text, so every value is read with it: ten times slower or more',
    ]);
  });

  it("offers the names to editors", () => {
    expect(JSON.stringify(policyJsonSchema())).toContain('"it_codice_fiscale"');
  });
});
