/** Types of changes that need a second person; schema and features share them. */

export type ChangeRequestState = "pending" | "applied" | "rejected" | "expired" | "withdrawn";

/** One thing that a change would do to what protects, and why that makes it weaker. */
export interface Weakening {
  readonly noun: string;
  readonly name: string;
  /** In words for whoever decides: `enforce: on becomes observe`. */
  readonly why: readonly string[];
  /** JSON; null = there is none. */
  readonly before: string | null;
  readonly after: string | null;
}
