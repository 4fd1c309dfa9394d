import { describe, expect, test } from "vitest";
import { CONSTANT_TEXT } from "./mask-text.ts";
import { withoutQuotedValues, withoutQuotingWarnings } from "./status-text.ts";

const M = CONSTANT_TEXT;

describe("an error of the API server", () => {
  test.each([
    [
      'Secret "db" is invalid: data[a]: Invalid value: "x\\"y": must be a word',
      `Secret "db" is invalid: data[a]: Invalid value: "${M}": must be a word`,
    ],
    [
      '[a: Invalid value: "x": no, b: Duplicate value: "y"]',
      `[a: Invalid value: "${M}": no, b: Duplicate value: "${M}"]`,
    ],
    ['a: Invalid value: {"env":[{"value":"x"}]}: field is immutable', `a: Invalid value: "${M}"`],
    ['a: Invalid value: core.PodSpec{Value:"x"}: field is immutable', `a: Invalid value: "${M}"`],
    ['a: Invalid value: "x', `a: Invalid value: "${M}"`],
    [
      "spec: Forbidden: pod updates may not change fields\n  -\tValue: x\n  +\tValue: y\n",
      `spec: Forbidden: pod updates may not change fields ${M}`,
    ],
    [
      "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: x\ny",
      `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${M}`,
    ],
    ['admission webhook "w" denied the request: x', `admission webhook "w" denied the request: ${M}`],
  ])("keeps what it is about: %s", (said, shown) => {
    expect(withoutQuotedValues(said, false)).toBe(shown);
  });

  test("of a custom resource says nothing behind a value, which may be an expression over others", () => {
    const said = 'Vault "v" is invalid: spec: Invalid value: "object": it is x';
    expect(withoutQuotedValues(said, true)).toBe(`Vault "v" is invalid: spec: Invalid value: "${M}"`);
  });

  test.each(['secrets "db" not found', 'configmaps "x" already exists'])("is as it was: %s", (said) => {
    expect(withoutQuotedValues(said, false)).toBeUndefined();
    expect(withoutQuotedValues(said, true)).toBeUndefined();
  });
});

test("a warning is shown that is known to be about names", () => {
  const deprecated =
    '299 - "batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob"';
  const field = String.raw`299 - "unknown field \"spec.x[0].y-z\""`;
  expect(withoutQuotingWarnings(`${deprecated}, ${field}`)).toBe(`${deprecated}, ${field}`);
  expect(withoutQuotingWarnings(String.raw`299 - "it is \"x\", y", ${deprecated}`)).toBe(`299 - "${M}", ${deprecated}`);
  expect(withoutQuotingWarnings('299 - "it is x')).toBe(`299 - "${M}"`);
});
