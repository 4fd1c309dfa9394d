import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MaskSpec, stricterMask } from "../mask.ts";
import { OUTCOMES, type Verdict } from "../verdict.ts";
import {
  context,
  kubeOperation,
  LABEL_NAMES,
  operation,
  rule,
  ruleList,
  spokenRule,
  sshOperation,
  unknownParts,
} from "./arbitrary.test-data.ts";
import { compilePolicy } from "./compile.ts";
import { evaluate } from "./evaluate.ts";
import { LABELS, policyOf, rulesOf } from "./fixtures.test-data.ts";
import { compileGlob } from "./glob.ts";

function atLeastAsStrict(mask: MaskSpec | "show" | undefined, before: MaskSpec | "show" | undefined): boolean {
  if (before === "show" || before === undefined) return true;
  return mask !== "show" && mask !== undefined && JSON.stringify(stricterMask(mask, before)) === JSON.stringify(mask);
}

const severity = (verdict: Verdict) => OUTCOMES.indexOf(verdict.outcome);

describe("policies, by property", () => {
  it("a rule that is added never loosens a verdict", () => {
    // Every label is mentioned from the start: a label that no rule mentions has the constant (meaning a).
    const base = "{ id: base, mask: { default: email_domain } }";
    fc.assert(
      fc.property(ruleList, rule, operation, context, (rules, added, asked, where) => {
        const before = evaluate(policyOf(LABELS, rulesOf(base, ...rules)), asked, where);
        const after = evaluate(policyOf(LABELS, rulesOf(base, ...rules, `{ id: added, ${added} }`)), asked, where);
        expect(severity(after)).toBeGreaterThanOrEqual(severity(before));
        for (const name of LABEL_NAMES) expect(atLeastAsStrict(after.masks[name], before.masks[name])).toBe(true);
        expect(after.budgets.length).toBeGreaterThanOrEqual(before.budgets.length);
      }),
      { numRuns: 150 },
    );
  });

  it("what is not known of an operation is never better for it than anything that it could be", () => {
    fc.assert(
      fc.property(ruleList, fc.oneof(sshOperation, kubeOperation), context, (rules, asked, where) => {
        const policy = policyOf(LABELS, rulesOf("{ id: base, recording: {} }", ...rules));
        const unknown = evaluate(policy, unknownParts(asked), where);
        const known = evaluate(policy, asked, where);
        expect(severity(unknown)).toBeGreaterThanOrEqual(severity(known));
        expect(unknown.budgets.length).toBeGreaterThanOrEqual(known.budgets.length);
      }),
      { numRuns: 300 },
    );
  });

  it("rules of one protocol decide nothing about another", () => {
    fc.assert(
      fc.property(spokenRule, operation, context, ({ protocol, text, speaks }, asked, where) => {
        fc.pre(speaks && protocol !== asked.type);
        const before = evaluate(policyOf(LABELS), asked, where);
        const after = evaluate(policyOf(LABELS, rulesOf(`{ id: r, ${text} }`)), asked, where);
        expect(severity(after)).toBe(severity(before));
        expect(after.budgets).toEqual(before.budgets);
      }),
      { numRuns: 150 },
    );
  });

  it("the order of rules and documents decides nothing", () => {
    fc.assert(
      fc.property(ruleList, operation, context, (rules, asked, where) => {
        const forward = evaluate(policyOf(LABELS, ...rules.map((each) => rulesOf(each))), asked, where);
        const backward = evaluate(policyOf(...rules.map((each) => rulesOf(each)).reverse(), LABELS), asked, where);
        expect(backward).toEqual(forward);
      }),
      { numRuns: 100 },
    );
  });

  it("evaluate says the same again and changes nothing", () => {
    fc.assert(
      fc.property(ruleList, operation, context, (rules, asked, where) => {
        const policy = policyOf(LABELS, rulesOf("{ id: base, recording: {} }", ...rules));
        const before = JSON.stringify([asked, where, policy.defaults, policy.rules.map((each) => each.id)]);
        const first = evaluate(policy, asked, where);
        expect(evaluate(policy, asked, where)).toEqual(first);
        expect(evaluate(policy, structuredClone(asked), structuredClone(where))).toEqual(first);
        expect(JSON.stringify([asked, where, policy.defaults, policy.rules.map((each) => each.id)])).toBe(before);
      }),
      { numRuns: 100 },
    );
  });

  it("documents of any content are compiled or refused, never thrown at", () => {
    const word = fc.constantFrom(
      "version",
      "rules",
      "labels",
      "id",
      "mask",
      "when",
      "- ",
      ": ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      '"',
      "'",
      "&a",
      "*a",
      "|",
      "!!x",
      "<<",
      "1",
      "null",
      "__proto__",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(word, { maxLength: 40 }).map((words) => words.join("")),
    );
    const shaped = fc
      .record({ version: fc.anything(), rules: fc.anything(), labels: fc.anything(), defaults: fc.anything() })
      .map((value) => {
        return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? String(each) : each));
      });
    fc.assert(
      fc.property(fc.oneof(text, shaped), (source) => {
        const result = compilePolicy([{ name: "p", source }], 1);
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        for (const problem of result.problems) expect(Math.min(problem.line, problem.column)).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it("expressions of any content are compiled or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (source) => {
        const document = JSON.stringify({ version: 1, rules: [{ id: "a", deny: "x", when: source }] });
        expect(typeof compilePolicy([{ name: "p", source: document }], 1).ok).toBe("boolean");
      }),
    );
  });

  it("a glob matches as the equal regular expression does", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    fc.assert(
      fc.property(piece, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }), (pattern, text) => {
        expect(compileGlob(pattern).matches(text)).toBe(new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(text));
      }),
    );
  });
});
