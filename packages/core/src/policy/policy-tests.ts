import { kubeLabels } from "../labels/kube-secret.ts";
import type { Operation } from "../operation.ts";
import { OUTCOMES, type Verdict } from "../verdict.ts";
import { PROTOCOL_OF, type WrittenOperation } from "../written/written-operation.ts";
import type { CompiledPolicy, RuleTest, TestExpectation } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import { evaluate, touchesLabel } from "./evaluate.ts";

export interface PolicyTestResult {
  readonly ruleId: string;
  readonly document: string;
  readonly line: number;
  readonly type: WrittenOperation["type"];
  /** What was tested: a statement, a command line, a request. */
  readonly text: string;
  readonly expected: TestExpectation;
  readonly actual: TestExpectation;
  readonly ok: boolean;
  /** The strictest of its operations. */
  readonly verdict: Verdict;
}

/**
 * Runs the inline tests of all rules against the whole policy. `toOperations` says as what a text is judged, in order: each
 * statement, or a command and the files that it moves; never none. Labels are resolved against a real catalog or one made
 * up from the label patterns. What it throws is passed on.
 */
export function runPolicyTests(
  policy: CompiledPolicy,
  toOperations: (written: WrittenOperation) => readonly Operation[],
): readonly PolicyTestResult[] {
  return policy.rules.flatMap((rule) =>
    rule.tests.map((test) => {
      const context = contextFor(test);
      const judged = toOperations(test.operation).map((operation) => ({
        operation,
        verdict: evaluate(policy, operation, context),
      }));
      const actual = outcomeOf(judged, test.expect);
      const { line, expect: expected } = test;
      const { type, text } = test.operation;
      return {
        ruleId: rule.id,
        document: rule.document,
        line,
        type,
        text,
        expected,
        actual,
        ok: actual === expected,
        verdict: strictest(judged).verdict,
      };
    }),
  );
}

/** The one that decides where several things are judged one by one; among equals the first. */
export function strictest<T extends { readonly verdict: Verdict }>(judged: readonly T[]): T {
  const rank = ({ verdict }: T) => OUTCOMES.indexOf(verdict.outcome);
  return judged.reduce((chosen, each) => (rank(each) > rank(chosen) ? each : chosen));
}

function contextFor({ as, resource, level, operation }: RuleTest): EvaluationContext {
  return {
    principal: { id: "prn_test", name: as.name, kind: as.kind, groups: as.groups },
    resource: { ...resource, protocol: PROTOCOL_OF[operation.type], enforce: "on" },
    level,
    session: { client: "127.0.0.1" },
  };
}

interface Judged {
  readonly operation: Operation;
  readonly verdict: Verdict;
}

/** `observed` is said only to a test that asks for it: such a statement is also allowed or masked. */
function outcomeOf(judged: readonly Judged[], expected: TestExpectation): TestExpectation {
  const { outcome } = strictest(judged).verdict;
  if (outcome === "deny") return "denied";
  if (outcome === "review") return "review";
  if (expected === "observed" && judged.some(({ verdict }) => verdict.observed.length > 0)) return "observed";
  return judged.some(masks) ? "masked" : "allowed";
}

function masks({ operation, verdict }: Judged): boolean {
  // no policy has to define what Secrets carry: then it is masked
  if (operation.type === "kube" && kubeLabels(operation).some((label) => verdict.masks[label] !== "show")) return true;
  return Object.entries(verdict.masks).some(([label, mask]) => mask !== "show" && touchesLabel(operation, label));
}
