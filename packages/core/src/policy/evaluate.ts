import type { Operation } from "../operation.ts";
import type { Verdict } from "../verdict.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";

/** The only place where a verdict is made: pure, deterministic, and never throws. */
export function evaluate(policy: CompiledPolicy, operation: Operation, _context: EvaluationContext): Verdict {
  const common = {
    masks: {},
    unlabelledText: policy.defaults.unlabelledText,
    budgets: [],
    recording: policy.defaults.recording,
    observed: [],
    policyVersion: policy.version,
  };
  if (operation.type === "unknown" && policy.defaults.unknownStatement === "deny") {
    return { outcome: "deny", ruleId: "unknown-statement", reason: operation.message, ...common };
  }
  return { outcome: "allow", ...common };
}

/** Whether a rule that may apply in this context asks for `sql.estimated_rows`: a plain EXPLAIN is then worth its price. */
export function needsEstimate(_policy: CompiledPolicy, _context: EvaluationContext): boolean {
  return false;
}
