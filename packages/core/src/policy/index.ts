export { type CompileResult, compilePolicy, emptyPolicy } from "./compile.ts";
export type {
  CompiledPolicy,
  CompiledRule,
  LabelDefinition,
  PolicyDefaults,
  PredicateAction,
  PredicateMatrix,
  RuleTest,
  TestExpectation,
} from "./compiled-policy.ts";
export type { EvaluationContext } from "./context.ts";
export type { PolicyDocument } from "./document.ts";
export { evaluate, needsEstimate } from "./evaluate.ts";
export { formatProblem, type PolicyProblem } from "./problem.ts";
