import type { Operation } from "../operation.ts";
import type { Verdict } from "../verdict.ts";
import type { CompiledPolicy, RuleTest, TestExpectation } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import { evaluate, touchesLabel } from "./evaluate.ts";

export interface PolicyTestResult {
  readonly ruleId: string;
  readonly document: string;
  readonly line: number;
  readonly sql: string;
  readonly expected: TestExpectation;
  readonly actual: TestExpectation;
  readonly ok: boolean;
  readonly verdict: Verdict;
}

/**
 * Runs the inline tests of all rules against the whole policy. `toOperation` classifies a statement and resolves its
 * labels, against a real catalog or one made up from the label patterns; what it throws is passed on.
 */
export function runPolicyTests(
  policy: CompiledPolicy,
  toOperation: (sql: string) => Operation,
): readonly PolicyTestResult[] {
  return policy.rules.flatMap((rule) =>
    rule.tests.map((test) => {
      const operation = toOperation(test.sql);
      const verdict = evaluate(policy, operation, contextFor(test));
      const actual = outcomeOf(verdict, operation, test.expect);
      const { sql, line, expect: expected } = test;
      return {
        ruleId: rule.id,
        document: rule.document,
        line,
        sql,
        expected,
        actual,
        ok: actual === expected,
        verdict,
      };
    }),
  );
}

function contextFor({ as, resource, level }: RuleTest): EvaluationContext {
  return {
    principal: { id: "prn_test", name: as.name, kind: as.kind, groups: as.groups },
    resource: { ...resource, protocol: "postgres", enforce: "on" },
    level,
    session: { client: "127.0.0.1" },
  };
}

/** `observed` is said only to a test that asks for it: such a statement is also allowed or masked. */
function outcomeOf(verdict: Verdict, operation: Operation, expected: TestExpectation): TestExpectation {
  if (verdict.outcome === "deny") return "denied";
  if (verdict.outcome === "review") return "review";
  if (expected === "observed" && verdict.observed.length > 0) return "observed";
  const masked = Object.entries(verdict.masks).some(
    ([label, mask]) => mask !== "show" && touchesLabel(operation, label),
  );
  return masked ? "masked" : "allowed";
}
