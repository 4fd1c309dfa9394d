import type { BudgetAmounts, BudgetValues, BudgetWishes } from "./budget.ts";
import type { SessionEvent } from "./recording/events.ts";
import type { ReviewRequest } from "./review.ts";
import type { BudgetLimit } from "./verdict.ts";

/** Milliseconds since the epoch; the only clock an inspector has. */
export type Instant = number;

export type Side = "client" | "target";

/**
 * A pure machine from inputs to effects: no clock, I/O, randomness or promises inside. `M` is a protocol's message; a run
 * of row messages is one `M`, whatever their number. The relay performs effects in order: a `send` waits for every
 * `record` before it.
 */
export interface Inspector<M> {
  receive(input: Input<M>): readonly Effect[];
  /** Bytes kept back from each side while a statement is held, probed or priced; the relay stops reading above its limit. */
  readonly backlog: Readonly<Record<Side, number>>;
  /** May a long row message be passed on in pieces as it arrives? Only while nothing in it must be changed. */
  readonly streamsRows: boolean;
}

export type Input<M> = { readonly at: Instant } & (
  | { readonly type: "message"; readonly side: Side; readonly message: M }
  | { readonly type: "answer"; readonly askId: number; readonly answer: Answer }
  | { readonly type: "ended"; readonly side: Side }
  | { readonly type: "interrupted"; readonly by: Interruption }
);

export type Interruption =
  | {
      readonly type: "revoked" | "killed" | "shutdown" | "control_plane_lost" | "recording_failed";
      readonly reason: string;
    }
  | { readonly type: "cancel_request" }
  /** New statements are refused until it is back; running ones go on. */
  | { readonly type: "control_plane"; readonly reachable: boolean };

export type Effect =
  | { readonly type: "record"; readonly event: SessionEvent }
  /** Bytes are whole messages, in order; never written to after they were handed over. */
  | { readonly type: "send"; readonly to: Side; readonly bytes: Uint8Array }
  | { readonly type: "ask"; readonly askId: number; readonly ask: Ask }
  | { readonly type: "withdraw"; readonly askId: number; readonly reason: string }
  /** What was granted by a budget and not used; `budget` is a `budgetKey`. */
  | { readonly type: "return_budget"; readonly budget: string; readonly unused: BudgetAmounts }
  /** Send the protocol's own cancel message to the target. */
  | { readonly type: "cancel_target" }
  | { readonly type: "close"; readonly reason: string };

export type Ask =
  | { readonly type: "review"; readonly request: Omit<ReviewRequest, "sessionId"> }
  | {
      readonly type: "budget";
      readonly budget: BudgetLimit;
      readonly want: BudgetWishes;
      readonly values: BudgetValues;
    }
  /** Load the target's catalog again: a relation was seen that it does not know. */
  | { readonly type: "catalog" };

export type Answer =
  | {
      readonly type: "review_opened";
      readonly reviewId: string;
      readonly shortId: string;
      readonly link: string;
      readonly expiresAt: string;
    }
  | {
      readonly type: "review_approved";
      readonly reviewId: string;
      readonly shortId: string;
      readonly reviewers: readonly string[];
      readonly comment: string;
    }
  | {
      readonly type: "review_refused";
      readonly reviewId?: string;
      readonly shortId?: string;
      readonly how: "rejected" | "expired" | "withdrawn" | "unavailable";
      readonly by?: string;
      readonly comment?: string;
    }
  /** May be spent until `expiresAt`. */
  | {
      readonly type: "budget";
      readonly granted: true;
      readonly amounts: BudgetAmounts;
      readonly expiresAt: Instant;
    }
  /** `unavailable`: nobody can be asked, so nothing is granted. */
  | {
      readonly type: "budget";
      readonly granted: false;
      readonly counter?: string;
      readonly freesAt?: Instant;
      readonly unavailable?: true;
    }
  | { readonly type: "catalog"; readonly ok: boolean };
