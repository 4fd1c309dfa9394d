import { describe, expect, it } from "vitest";
import { LabelMatcher } from "./label-matcher.ts";

const matcher = new LabelMatcher([
  { name: "pii.ssn", columns: ["customers.ssn", "hr.*.tax_*"] },
  { name: "pii.email", columns: ["*.customers.email"], names: "(?i)^e?_?mail$" },
]);

describe("LabelMatcher", () => {
  it.each([
    ["public", "customers", "ssn", ["pii.ssn"]],
    ["any", "customers", "ssn", ["pii.ssn"]],
    ["hr", "pay", "tax_no", ["pii.ssn"]],
    ["public", "pay", "tax_no", []],
    ["public", "orders", "E_Mail", ["pii.email"]],
    ["public", "customers", "emails", []],
  ])("%s.%s.%s carries %j", (schema, table, column, expected) => {
    expect(matcher.labelsOf({ schema, table, column })).toEqual(expected);
  });

  it("tells the names it can tell", () => {
    expect(matcher.hasLabels).toBe(true);
    expect(matcher.labelledColumnNames()).toBe("any");
    const plain = new LabelMatcher([{ name: "a", columns: ["t.x", "s.*.y"] }]);
    expect(plain.labelledColumnNames()).toEqual(new Set(["x", "y"]));
    expect(new LabelMatcher([]).hasLabels).toBe(false);
  });

  it("knows functions that the policy declares: what any declaration says they read", () => {
    const matcher = new LabelMatcher([], {
      functions: [
        { name: "app.*", reads: [] },
        { name: "app.lookup", reads: ["pii.email"] },
      ],
    });
    expect(matcher.declaredReads("app", "total")).toEqual([]);
    expect(matcher.declaredReads("app", "lookup")).toEqual(["pii.email"]);
    expect(matcher.declaredReads("public", "total")).toBeUndefined();
  });
});
