import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MaskSpec, stricterMask } from "../mask.ts";
import { type Operation, PREDICATE_USES } from "../operation.ts";
import { OUTCOMES, type Verdict } from "../verdict.ts";
import { compilePolicy } from "./compile.ts";
import { evaluate } from "./evaluate.ts";
import { contextOf, LABELS, operationOf, policyOf, rulesOf } from "./fixtures.test-data.ts";
import { compileGlob } from "./glob.ts";

const LABEL_NAMES = ["pii.email", "pii.ssn"];
const label = fc.constantFrom(...LABEL_NAMES);
const condition = fc.constantFrom(
  'sql.kind == "DELETE"',
  'sql.reads.exists(l, l == "pii.ssn")',
  "sql.estimated_rows > 10",
  '"dev" in principal.groups',
  'resource.env == "prod"',
  "sql.limited",
  "true",
  "false",
);
const outcome = fc.constantFrom(
  "deny: no",
  "review: { by: [group:a] }",
  "review: { by: [group:a, group:b], count: 2 }",
  "mask: { default: token }",
  "mask: { pii.email: email_domain }",
  "budget: { window: 1h, rows: 5 }",
  "recording: { mode: durable }",
);
const rule = fc
  .record({ outcome, when: fc.option(condition), unless: fc.option(condition) })
  .map(({ outcome: what, when, unless }) =>
    [what, when === null ? "" : `when: '${when}'`, unless === null ? "" : `unless: '${unless}'`]
      .filter((part) => part !== "")
      .join(", "),
  );
const ruleList = fc
  .array(rule, { maxLength: 6 })
  .map((rules) => rules.map((text, index) => `{ id: r${index}, ${text} }`));

const operation: fc.Arbitrary<Operation> = fc
  .record({
    kind: fc.constantFrom("SELECT", "DELETE"),
    reads: fc.uniqueArray(label),
    opaque: fc.boolean(),
    laundering: fc.boolean(),
    predicates: fc.array(fc.record({ label, use: fc.constantFrom(...PREDICATE_USES), literals: fc.nat(3) }), {
      maxLength: 2,
    }),
    rows: fc.option(fc.nat(100), { nil: undefined }),
  })
  .map(({ kind, rows, ...labels }) => operationOf({ kind }, labels, rows));
const context = fc
  .record({
    kind: fc.constantFrom("user" as const, "service" as const, "ai_agent" as const),
    groups: fc.subarray(["dev"]),
  })
  .map((principal) => contextOf(principal));

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
