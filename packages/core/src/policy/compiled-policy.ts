import type { BudgetAmounts, BudgetScope } from "../budget.ts";
import type { LabelMatcher } from "../labels/label-matcher.ts";
import type { MaskSpec } from "../mask.ts";
import type { PredicateUse } from "../operation.ts";
import type { PrincipalKind } from "../principal.ts";
import type { Enforcement } from "../resource.ts";
import type { RecordingMode, ReviewRequirement } from "../verdict.ts";
import type { WrittenOperation } from "../written/written-operation.ts";
import type { BuiltinCategory } from "./builtin-rules.ts";
import type { PatternDetector } from "./detector-names.ts";
import type { Expression } from "./expression.ts";
import type { Glob } from "./glob.ts";

/** What a use of a labelled column as a predicate means. `count` lets it pass; it is for the predicate budget. */
export const PREDICATE_ACTIONS = ["allow", "count", "review", "deny"] as const;

export type PredicateAction = (typeof PREDICATE_ACTIONS)[number];

export type PredicateMatrix = Readonly<Record<PredicateUse, PredicateAction>>;

export type PredicateMatrices = Readonly<Record<PrincipalKind, PredicateMatrix>>;

/** The result of compiling a set of documents: immutable, safe to share between sessions. */
export interface CompiledPolicy {
  /** 0 = no policy yet: everything passes. */
  readonly version: number;
  readonly labels: readonly LabelDefinition[];
  /** Names of all labels, sorted. */
  readonly labelNames: readonly string[];
  readonly labelMatcher: LabelMatcher;
  /** Sorted by id, so that the order of documents and rules decides nothing. */
  readonly rules: readonly CompiledRule[];
  readonly canaries: readonly Canary[];
  readonly defaults: PolicyDefaults;
}

export interface LabelDefinition {
  readonly name: string;
  /** `schema.table.column`, each part a glob; as written, with `*` for a schema left out. */
  readonly columns: readonly string[];
  /** RE2 pattern on the column's name. */
  readonly names?: string;
  /** Names of detectors whose findings carry this label, those of `patterns` among them. */
  readonly detect: readonly string[];
  /** Detectors of the policy's own. */
  readonly patterns: readonly PatternDetector[];
  /** Regions (ISO 3166-1 alpha-2) whose national forms of telephone numbers count. */
  readonly phoneRegions: readonly string[];
  /** Differences from `defaults.predicates`. */
  readonly predicates: Readonly<Partial<Record<PrincipalKind, Partial<PredicateMatrix>>>>;
}

/** Planted values, known by their hashes only. */
export interface Canary {
  readonly id: string;
  readonly label: Glob;
  /** SHA-256 of values, in lower-case hexadecimal. */
  readonly hashes: ReadonlySet<string>;
  readonly except: readonly PrincipalPattern[];
  readonly onHit: "end" | "alert";
}

export interface PolicyDefaults {
  readonly unknownStatement: "deny" | "review" | "allow";
  readonly unknownLineage: "mask" | "deny";
  readonly unlabelledText: "detect" | "pass";
  /** Payloads of NOTIFY for whom a label is hidden. */
  readonly notifications: "empty" | "detect";
  /** Columns that appeared beside labelled ones and that nobody decided about. */
  readonly unclassified: "mask" | "detect";
  readonly laundering: "deny" | "review" | "allow";
  readonly recording: { readonly mode: RecordingMode; readonly results: boolean };
  readonly predicates: PredicateMatrices;
  readonly builtins: Readonly<Record<BuiltinCategory, "deny" | "allow">>;
  /** Who decides where a built-in rule asks for a review. */
  readonly review: RuleReview;
}

export interface CompiledRule {
  readonly id: string;
  readonly reason?: string;
  readonly document: string;
  readonly line: number;
  readonly enforce: Enforcement;
  readonly match: RuleMatch;
  readonly when?: Expression;
  readonly unless?: Expression;
  /** Protocol whose operations the expressions speak of; absent = of none, so that the rule holds for every protocol. */
  readonly subject?: string;
  readonly deny?: { readonly reason: string };
  readonly review?: RuleReview;
  readonly mask?: RuleMask;
  readonly budget?: RuleBudget;
  readonly recording?: { readonly mode?: RecordingMode; readonly results?: boolean };
  readonly tests: readonly RuleTest[];
}

/** Every field that is present must match; within a field any entry suffices. */
export interface RuleMatch {
  readonly resources?: readonly Glob[];
  readonly principals?: readonly PrincipalPattern[];
  readonly labels?: readonly Glob[];
  /** Every tag named must be there with a matching value. */
  readonly tags?: readonly { readonly name: string; readonly values: readonly Glob[] }[];
  readonly levels?: readonly string[];
}

export interface PrincipalPattern {
  readonly type: "kind" | "group" | "name";
  readonly glob: Glob;
}

export interface RuleReview extends Omit<ReviewRequirement, "mode"> {
  /** Absent = by principal kind: people are held, services and AI agents get a ticket. */
  readonly mode?: ReviewRequirement["mode"];
}

export interface RuleMask {
  readonly byLabel: readonly { readonly glob: Glob; readonly spec: MaskSpec }[];
  readonly fallback: MaskSpec;
  /** Labels of the policy that this rule speaks about. */
  readonly covers: ReadonlySet<string>;
}

export interface RuleBudget {
  readonly windowSeconds: number;
  readonly per: BudgetScope;
  readonly limits: BudgetAmounts;
  readonly onExceed: "deny" | "review" | "end";
}

export const TEST_EXPECTATIONS = ["allowed", "masked", "denied", "review", "observed"] as const;

export type TestExpectation = (typeof TEST_EXPECTATIONS)[number];

export interface RuleTest {
  readonly operation: WrittenOperation;
  readonly expect: TestExpectation;
  readonly as: { readonly kind: PrincipalKind; readonly name: string; readonly groups: readonly string[] };
  readonly resource: { readonly name: string; readonly tags: Readonly<Record<string, string>> };
  readonly level: "read" | "write" | "admin";
  readonly line: number;
}
