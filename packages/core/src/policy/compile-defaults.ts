import { PRINCIPAL_KINDS } from "../principal.ts";
import type { ValidDocument } from "./compile.ts";
import type { PolicyDefaults, PredicateMatrices, RuleReview } from "./compiled-policy.ts";
import { BUILTIN_DEFAULTS } from "./defaults.ts";
import type { PolicyProblem } from "./problem.ts";
import { toSeconds } from "./quantities.ts";
import type { DefaultsInput, InTransactionInput, MatrixInput, ReviewInput } from "./schema.ts";

/** One default may stand in several documents only when it says the same everywhere. `changed`: where the built-in ones differ. */
export function compileDefaults(
  documents: readonly ValidDocument[],
  problems: PolicyProblem[],
  changed: Partial<PolicyDefaults> = {},
): PolicyDefaults {
  const merged: Record<string, unknown> = {};
  const origin = new Map<string, string>();
  for (const { document, input } of documents) {
    for (const [key, value] of Object.entries(input.defaults ?? {})) {
      const before = origin.get(key);
      if (before !== undefined && JSON.stringify(merged[key]) !== JSON.stringify(value)) {
        problems.push(
          document.problemAtKey(["defaults", key], { message: `defaults.${key} is set differently in ${before}` }),
        );
      }
      merged[key] = value;
      origin.set(key, document.name);
    }
  }
  return applyDefaults(merged as DefaultsInput, { ...BUILTIN_DEFAULTS, ...changed });
}

function applyDefaults(input: DefaultsInput, base: PolicyDefaults): PolicyDefaults {
  return {
    unknownStatement: input.unknown_statement ?? base.unknownStatement,
    unknownLineage: input.unknown_lineage ?? base.unknownLineage,
    unlabelledText: input.unlabelled_text ?? base.unlabelledText,
    notifications: input.notifications ?? base.notifications,
    unclassified: input.unclassified ?? base.unclassified,
    laundering: input.laundering ?? base.laundering,
    recording: {
      mode: input.recording?.mode ?? base.recording.mode,
      results: input.recording?.results ?? base.recording.results,
    },
    predicates: mergeMatrices(base.predicates, input.predicates ?? {}),
    builtins: { ...base.builtins, ...input.builtins } as PolicyDefaults["builtins"],
    review: input.review === undefined ? base.review : toRuleReview(input.review, input.review.in_transaction),
  };
}

export function mergeMatrices(base: PredicateMatrices, changes: MatrixInput): PredicateMatrices {
  const merged = PRINCIPAL_KINDS.map((kind) => [kind, { ...base[kind], ...changes[kind] }] as const);
  return Object.fromEntries(merged) as PredicateMatrices;
}

export function toRuleReview(review: ReviewInput, inTransaction: InTransactionInput | undefined): RuleReview {
  const base = BUILTIN_DEFAULTS.review;
  return {
    by: [...new Set(review.by)].sort(),
    count: review.count ?? base.count,
    expiresInSeconds: review.expires === undefined ? base.expiresInSeconds : toSeconds(review.expires),
    inTransaction: toInTransaction(inTransaction),
  };
}

function toInTransaction(input: InTransactionInput | undefined): RuleReview["inTransaction"] {
  if (input === undefined || input === "hold") return BUILTIN_DEFAULTS.review.inTransaction;
  return input === "refuse" ? { action: "refuse" } : { action: "hold", maxSeconds: toSeconds(input.hold) };
}
