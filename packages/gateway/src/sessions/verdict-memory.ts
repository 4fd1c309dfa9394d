import type { CompiledPolicy, EvaluationContext, LabelUse, Operation, Verdict } from "@tidewaiter/core";
import { evaluate } from "@tidewaiter/core";

interface Known {
  readonly policy: CompiledPolicy;
  readonly context: EvaluationContext;
  readonly facts: object;
  readonly verdict: Verdict;
}

/**
 * `evaluate` with a memory for what a session runs again and again. A verdict depends on the policy, the context and the
 * operation alone; each of them is one object that never changes, and another object counts as another. So a new policy,
 * other groups or other labels are felt with the next operation, as without a memory.
 */
export class VerdictMemory {
  readonly #known = new WeakMap<LabelUse, Known>();

  of(policy: CompiledPolicy, operation: Operation, context: EvaluationContext): Verdict {
    if (operation.type !== "sql" || operation.estimatedRows !== undefined) return evaluate(policy, operation, context);
    const { labels, facts } = operation;
    const known = this.#known.get(labels);
    if (known?.policy === policy && known.context === context && known.facts === facts) return known.verdict;
    const verdict = evaluate(policy, operation, context);
    this.#known.set(labels, { policy, context, facts, verdict });
    return verdict;
  }
}
