import type { BudgetAccount, BudgetAmounts, BudgetScope } from "./budget.ts";
import type { MaskSpec } from "./mask.ts";
import type { PredicateUse } from "./operation.ts";

/** Severity order: the most severe outcome wins (decision 7). */
export const OUTCOMES = ["allow", "review", "deny"] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** Who must decide, how many of them, and how long a request stays open. */
export interface ReviewRequirement {
  /** `group:NAME` or `principal:NAME`; any one of them may decide. */
  readonly by: readonly string[];
  readonly count: number;
  readonly expiresInSeconds: number;
  /** `hold` keeps the statement on the wire; `ticket` refuses now and lets the same statement pass once after approval. */
  readonly mode: "hold" | "ticket";
  /** Inside a transaction a hold keeps locks: refuse at once, or hold for at most this long. */
  readonly inTransaction: { readonly action: "refuse" } | { readonly action: "hold"; readonly maxSeconds: number };
}

export interface BudgetLimit {
  readonly ruleId: string;
  readonly account: BudgetAccount;
  readonly per: BudgetScope;
  readonly windowSeconds: number;
  readonly limits: BudgetAmounts;
  readonly onExceed: "deny" | "review" | "end";
  /** With `review`: who may let one statement pass although the budget is spent. */
  readonly review?: ReviewRequirement;
}

/** How a session or statement is recorded (security.md, 1). */
export type RecordingMode = "strict" | "durable" | "bounded" | "best_effort";

/** The decision on one operation. Plain data: it is recorded, explained and compared in backtests. */
export interface Verdict {
  readonly outcome: Outcome;
  /** The rule that decided; absent for a plain allow. Built-in rules have ids too (`unknown-statement`, `no-laundering`). */
  readonly ruleId?: string;
  /** The rule's reason, in the author's words. */
  readonly reason?: string;
  readonly review?: ReviewRequirement;
  /** For every label: how its values are masked for this principal, or `show`. A label not listed is masked with the constant. */
  readonly masks: Readonly<Record<string, MaskSpec | "show">>;
  /** Free text without a label: look for sensitive content, or pass. */
  readonly unlabelledText: "detect" | "pass";
  /** Payloads of NOTIFY are shown as far as detectors find nothing in them; absent: where a label is hidden they are emptied. */
  readonly notifications?: "detect";
  readonly budgets: readonly BudgetLimit[];
  /** Uses of labels to choose rows that pass and are for the budget of predicates; absent when there are none. */
  readonly counted?: readonly { readonly label: string; readonly use: PredicateUse }[];
  readonly recording: { readonly mode: RecordingMode; readonly results: boolean };
  /** Rules in `observe` that would have decided otherwise; recorded and counted. */
  readonly observed: readonly { readonly ruleId: string; readonly outcome: Outcome | "mask" | "budget" }[];
  readonly policyVersion: number;
}
