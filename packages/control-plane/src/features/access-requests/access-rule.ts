import type { AccessLevel } from "@tidewaiter/core";

/** Who may ask for what, and who decides about it. Each rule that fits is enough by itself. */
export interface AccessRule {
  /** `group:NAME` or `principal:NAME`. */
  readonly requesters: readonly string[];
  /** One of the two: names, or tags that must all match. */
  readonly resources?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** The highest that may be asked for. */
  readonly level: AccessLevel;
  readonly maxSeconds: number;
  readonly reviewers: ReviewersOfRule;
  /** How long a request waits for a decision. */
  readonly expiresSeconds: number;
  /** Nobody is asked. Only for what may be had for the asking, with a reason and a time limit. */
  readonly autoApprove: boolean;
}

export interface ReviewersOfRule {
  /** `group:NAME`, `principal:NAME`, or `manager`: whom the requester's attribute `manager` names. */
  readonly by: readonly string[];
  /** A number of people, or `all`: one for each entry of `by`, each another person. */
  readonly count: number | "all";
  readonly escalate?: { readonly afterSeconds: number; readonly to: readonly string[] } | undefined;
}

export type AccessRequestState = "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";

export interface AccessDecision {
  readonly reviewerId: string;
  readonly reviewer: string;
  readonly decision: "approve" | "deny";
  readonly comment: string;
  readonly at: string;
}
