export type ReviewState = "pending" | "approved" | "rejected" | "expired" | "withdrawn" | "consumed";

export interface ReviewDecision {
  readonly reviewer: string;
  readonly decision: "approve" | "reject";
  readonly comment: string;
  readonly at: string;
}

/** What a session asks a person. The statement travels sealed at rest; lists and notifications show `summary` only. */
export interface ReviewRequest {
  readonly sessionId: string;
  readonly mode: "hold" | "ticket";
  readonly ruleId: string;
  readonly reason: string;
  /** `group:NAME` or `principal:NAME`. */
  readonly by: readonly string[];
  readonly count: number;
  readonly expiresAt: string;
  /**
   * SHA-256 (hex) over normalised statement, parameters, principal, resource and lineage. An approval is valid for
   * exactly this binding, once.
   */
  readonly binding: string;
  /** The exact statement, shown to the reviewer after sign-in. */
  readonly statement: string;
  readonly parameters: readonly string[];
  /** The statement without its values and comments, for channels outside; absent where nobody could read it. */
  readonly normalised?: string;
  /** One line without values: kind, relations, labels, estimated rows. */
  readonly summary: string;
  readonly labels: readonly string[];
  readonly estimatedRows?: number;
  readonly inTransaction: boolean;
}

export interface Review {
  readonly id: string;
  /** Short id for people: `7Q2H`. */
  readonly shortId: string;
  readonly state: ReviewState;
  readonly decisions: readonly ReviewDecision[];
  readonly expiresAt: string;
}
