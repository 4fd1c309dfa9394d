import type { PrincipalKind } from "../principal.ts";
import type { ReviewRequirement } from "../verdict.ts";
import type { RuleReview } from "./compiled-policy.ts";

/** People in a terminal wait; a service or an AI agent is told at once and comes again after approval. */
export function toRequirement(review: RuleReview, kind: PrincipalKind): ReviewRequirement {
  return { ...review, mode: review.mode ?? (kind === "user" ? "hold" : "ticket") };
}

/**
 * One requirement that satisfies all of them, or undefined when they ask different reviewers: one request goes to one
 * set of reviewers, and letting either decide would loosen one of the rules.
 */
export function combineReviews(reviews: readonly ReviewRequirement[]): ReviewRequirement | undefined {
  const [first, ...rest] = reviews;
  return rest.reduce<ReviewRequirement | undefined>((a, b) => (a === undefined ? undefined : combineTwo(a, b)), first);
}

function combineTwo(a: ReviewRequirement, b: ReviewRequirement): ReviewRequirement | undefined {
  const by = a.by.filter((reviewer) => b.by.includes(reviewer));
  if (by.length === 0) return undefined;
  return {
    by,
    count: Math.max(a.count, b.count),
    expiresInSeconds: Math.min(a.expiresInSeconds, b.expiresInSeconds),
    mode: a.mode === "ticket" || b.mode === "ticket" ? "ticket" : "hold",
    inTransaction: stricterInTransaction(a.inTransaction, b.inTransaction),
  };
}

function stricterInTransaction(
  a: ReviewRequirement["inTransaction"],
  b: ReviewRequirement["inTransaction"],
): ReviewRequirement["inTransaction"] {
  if (a.action === "refuse" || b.action === "refuse") return { action: "refuse" };
  return { action: "hold", maxSeconds: Math.min(a.maxSeconds, b.maxSeconds) };
}
