import type { Canary, CompiledPolicy } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import { selects } from "./rule-state.ts";
import { sidesOf } from "./view.ts";

/** Canaries that mean something when this principal meets them. For an AI agent both it and its person must be excepted. */
export function canariesFor(policy: CompiledPolicy, context: EvaluationContext): readonly Canary[] {
  if (policy.canaries.length === 0) return policy.canaries;
  const sides = sidesOf(context);
  return policy.canaries.filter(
    ({ except }) => !sides.every(({ judged }) => except.some((pattern) => selects(pattern, judged))),
  );
}
