export { BUILTIN_CATEGORIES, BUILTIN_RULE_IDS, BUILTIN_RULES, type BuiltinCategory } from "./builtin-rules.ts";
export { canariesFor } from "./canaries.ts";
export { type CompileResult, compilePolicy, emptyPolicy } from "./compile.ts";
export type {
  Canary,
  CompiledPolicy,
  CompiledRule,
  LabelDefinition,
  PolicyDefaults,
  PredicateAction,
  PredicateMatrices,
  PredicateMatrix,
  RuleTest,
  TestExpectation,
} from "./compiled-policy.ts";
export type { EvaluationContext } from "./context.ts";
export {
  DETECTOR_NAMES,
  type DetectorName,
  isDetectorName,
  type LabelDetectors,
  type PatternDetector,
} from "./detector-names.ts";
export type { PolicyDocument } from "./document.ts";
export { describeEnvironment } from "./environment.ts";
export { evaluate, mayHide, needsEstimate, objectRules, touchesLabel } from "./evaluate.ts";
export { type Explanation, explain, type RuleExplanation, renderExplanation, renderExplanations } from "./explain.ts";
export { type PolicyTestResult, runPolicyTests, strictest } from "./policy-tests.ts";
export { formatProblem, type PolicyProblem } from "./problem.ts";
export { policyJsonSchema } from "./schema.ts";
export { type PolicyView, viewFor } from "./view.ts";
