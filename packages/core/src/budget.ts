import { compileGlob } from "./policy/glob.ts";

/** Amounts that are kept per label pattern: `cells:pii.*`, `predicates:pii.*`, `distinct:pii.*`. */
export const LABEL_COUNTERS = ["cells", "predicates", "distinct"] as const;

export type LabelCounterKind = (typeof LABEL_COUNTERS)[number];

/**
 * Whole numbers by counter:
 *
 * - `rows`, `bytes`   what the client received, after masking
 * - `errors`          errors of the target that the client received; refusals of ours are none
 * - `cells:GLOB`      values of columns with a label, not NULL, that were shown whole or in part
 * - `predicates:GLOB` uses of a label that the predicate matrix counts; a list of literals once per literal
 * - `distinct:GLOB`   different values that a label was compared with for equality
 */
export type BudgetAmounts = Readonly<Record<string, number>>;

/** Who an account belongs to: the principal itself or, of an AI agent, the person it acts for. */
export type BudgetAccount = "own" | "person";

/** One account for everything that the rule matches, or one for each resource. */
export type BudgetScope = "principal" | "resource";

/** Counters of `limits` that values of these labels draw on, each once. */
export function labelCounters(
  limits: BudgetAmounts,
  kind: LabelCounterKind,
  labels: readonly string[],
): readonly string[] {
  const prefix = `${kind}:`;
  return Object.keys(limits).filter((counter) => {
    if (!counter.startsWith(prefix)) return false;
    const glob = compileGlob(counter.slice(prefix.length));
    return labels.some((label) => glob.matches(label));
  });
}

/** Sums of both, counter by counter. */
export function addAmounts(a: BudgetAmounts, b: BudgetAmounts): BudgetAmounts {
  const sum: Record<string, number> = { ...a };
  for (const [counter, amount] of Object.entries(b)) sum[counter] = (sum[counter] ?? 0) + amount;
  return sum;
}

/** A counter in words: `20,000 rows`, `500 values of pii.*`. */
export function amountInWords(counter: string, amount: number): string {
  const number = amount.toLocaleString("en-US");
  const [kind, ...rest] = counter.split(":");
  const pattern = rest.join(":");
  switch (kind) {
    case "cells":
      return `${number} values of ${pattern}`;
    case "predicates":
      return `${number} uses of ${pattern} to choose rows`;
    case "distinct":
      return `${number} different values of ${pattern} asked for`;
    default:
      return `${number} ${kind ?? counter}`;
  }
}

/** `1h`, `90s`: the longest unit that divides it. */
export function windowInWords(seconds: number): string {
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
  ] as const) {
    if (seconds % length === 0) return `${seconds / length} ${unit === "m" ? "min" : unit}`;
  }
  return `${seconds} s`;
}

/** Names one account of a session: a rule may draw on its principal's and on that of the person behind it. */
export function budgetKey({ ruleId, account }: { readonly ruleId: string; readonly account: BudgetAccount }): string {
  return `${ruleId}/${account}`;
}

/** Of one counter: what is needed now, and what would save the next questions. */
export interface BudgetWish {
  readonly least: number;
  readonly most: number;
}

export type BudgetWishes = Readonly<Record<string, BudgetWish>>;

/** Keyed tokens of values by `distinct` counter: an account pays for each of them once per window. */
export type BudgetValues = Readonly<Record<string, readonly string[]>>;

/** What a session asks its gateway for, and a gateway the control plane. All of it is granted, or nothing. */
export interface BudgetRequest {
  /** Decides whose account it is. */
  readonly sessionId: string;
  readonly ruleId: string;
  readonly account: BudgetAccount;
  readonly per: BudgetScope;
  readonly windowSeconds: number;
  readonly limits: BudgetAmounts;
  readonly onExceed: "deny" | "review" | "end";
  readonly want: BudgetWishes;
  readonly values: BudgetValues;
  /** Unused parts of earlier leases; taken back first. */
  readonly returns: readonly BudgetReturn[];
}

/**
 * A lease counts as spent from the moment it is granted; what is returned does not. It may be spent until `validForMs`
 * after the question was sent, by the clock of whoever asked.
 */
export type BudgetReservation =
  | { readonly granted: true; readonly leaseId: string; readonly amounts: BudgetAmounts; readonly validForMs: number }
  /** `freesAt` (ISO 8601) is absent where even the whole budget would not be enough. */
  | { readonly granted: false; readonly counter: string; readonly freesAt?: string };

export interface BudgetReturn {
  readonly leaseId: string;
  readonly unused: BudgetAmounts;
  /** Nothing more of this lease will be returned. */
  readonly last: boolean;
}
