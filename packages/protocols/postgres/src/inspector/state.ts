import type { LabelUse, ReviewRequirement, StatementFacts, Verdict } from "@tidewaiter/core";
import type { Lineage } from "../lineage/lineage.ts";
import type { CopyMask } from "../mask/mask-copy.ts";
import type { ColumnMaskInfo, RowMask } from "../mask/mask-rows.ts";
import type { ErrorFields, FieldDescription } from "../messages.ts";
import type { BudgetAnswer } from "./budgets/budgets.ts";
import type { Spending } from "./budgets/spending.ts";
import type { Settle } from "./statements/names.ts";
import type { PendingName } from "./statements/sql-names.ts";
import type { Unread } from "./statements/unread.ts";
import type { BoundValues } from "./verdict/own-rules.ts";

/** One operation with its verdict. It belongs to the statement, is copied to its portals, and is made anew at Execute. */
export interface Judged extends Spending {
  /** Counts from 1 within the session; 0 until it is recorded. */
  operation: number;
  readonly sql: string;
  readonly kind: string;
  /** Nobody could read it, and it passes all the same: then there are no facts. */
  readonly unread?: Unread;
  /** One per statement of the string, as it was written. */
  readonly facts: readonly StatementFacts[];
  /** Per statement of the string, the statement whose rows it returns: EXECUTE and FETCH return those of another. */
  readonly results: readonly StatementFacts[];
  /** Texts of the prepared statements that it runs by name: what a person is asked about, and what is bound. */
  readonly named: readonly string[];
  /** Per statement of the string, the query trees that the server sent of it so far; they only ever tighten the verdict. */
  readonly trees: readonly Lineage[][];
  /** Per statement of the string, `Prepared.since` of the oldest that it runs; undefined: all of its trees come with it. */
  readonly since: readonly (number | undefined)[];
  /** Those that the verdict takes into account. */
  readonly weighed: Set<Lineage>;
  verdict: Verdict;
  /** What to say when a rule of the inspector itself made it a denial. */
  readonly refusal?: ErrorFields;
  labels: LabelUse;
  /** A label that this principal may not see is touched, or something is touched that nobody knows. */
  sensitive: boolean;
  /** A person has let it run. */
  approved: boolean;
  readonly estimatedRows: number | undefined;
  readonly startedAt: number;
  rows: number;
  bytes: number;
  masked: readonly ColumnMaskInfo[];
  captured: CapturedRows | undefined;
  finished: boolean;
  /** SQLSTATE of what the server said to a question of ours about it. */
  probeFailed?: string | undefined;
}

/** How much of a result was recorded so far. */
export interface CapturedRows {
  readonly columns: readonly string[];
  /** Wire format per column: 1 binary. */
  readonly formats: readonly number[];
  rows: number;
  bytes: number;
  truncated: boolean;
}

/** A prepared statement, by Parse or by PREPARE: they share one name space in the server. */
export interface Prepared {
  readonly sql: string;
  readonly facts: readonly StatementFacts[];
  readonly judged: Judged | undefined;
  /** Query trees that came with its Parse or PREPARE. */
  readonly trees: Lineage[];
  /** `Machine.doubts` of then: when there are more, the trees may be of what it was. */
  readonly since: number;
}

/** A cursor that SQL declared. */
export interface Cursor {
  readonly facts: StatementFacts;
  readonly trees: readonly Lineage[];
}

/** Values of a Bind in a readable form. */
export interface BoundParameters {
  readonly parameters: readonly (string | null)[];
  /** SHA-256 (hex) of formats and values whole, since `parameters` may be cut: what an approval is bound to. */
  readonly digest: string;
  /** By number of the parameter, from 1: how many elements it has at most, if it is an array. One = left out. */
  readonly lists: ReadonlyMap<number, number>;
}

/** What Bind made of it. `fields` come from our own Describe, never from the client's. */
export interface Portal extends BoundValues, BoundParameters {
  readonly prepared: Prepared;
  readonly resultFormats: readonly number[];
  fields: readonly FieldDescription[] | "none" | undefined;
  mask: RowMask | undefined;
  planned: boolean;
  /** Query trees that came with Bind: the server analysed the statement again. */
  readonly trees: Lineage[];
  /** The server has answered Bind. */
  bound: boolean;
  /** Set by the first Execute; a suspended portal keeps it. */
  judged: Judged | undefined;
}

/** What the target owes for one message that it was sent, in order. */
export type Owed = {
  /** The reply goes nowhere: the message was ours. */
  readonly ours: boolean;
  /** The message was put in place of one that was refused: its ErrorResponse becomes this. */
  readonly refusal?: ErrorFields;
  readonly judged?: Judged;
  /** Confirms or takes back what the message does to a name. */
  readonly settle?: Settle;
  /** The message is part of a question of ours; `ends`: its reply, or an error before it, settles the question. */
  readonly probe?: Probe;
  readonly ends?: boolean;
  /** Where query trees go that come with the answer to a Parse or Bind. */
  readonly trees?: Lineage[];
  /** CopyDone and CopyFail messages of the client that were sent before it. */
  copyEnds?: number;
} /** Also a FunctionCall, whose only answer of its own is one value. */ & (
  | {
      readonly type: "query";
      result: number;
      /** Result whose first query tree has been compared. */
      analysed?: number;
      copy?: CopyMask;
      readonly names?: readonly PendingName[];
    }
  | {
      readonly type: "execute";
      readonly portal: Portal | undefined;
      copy?: CopyMask;
      readonly names?: readonly PendingName[];
    }
  | { readonly type: "parse" }
  | { readonly type: "bind" }
  | { readonly type: "describe"; readonly of: "statement" | "portal"; readonly portal?: Portal }
  | { readonly type: "close" }
  | { readonly type: "sync" }
);

/** A question of ours to the target, before a statement is forwarded. */
export interface Probe {
  /** For which operation: its errors are scrubbed alike. Undefined: for none, it is about the session. */
  readonly judged: Judged | undefined;
  fields: readonly FieldDescription[] | undefined;
  /** First column of every row, in text. */
  readonly rows: string[];
  readonly trees: Lineage[];
  error: ErrorFields | undefined;
  /** The answer is complete, or `error` is set. */
  readonly done: (probe: Probe) => void;
}

/** Why client messages are kept back, and what goes on when the reason is gone. */
export type Waiting =
  | {
      readonly for: "review";
      readonly askId: number;
      readonly judged: Judged;
      readonly review: ReviewRequirement;
      readonly ruleId: string;
      reviewId?: string;
      shortId?: string;
      readonly approved: () => void;
      readonly refuse: (fields: ErrorFields) => void;
    }
  | { readonly for: "probe"; readonly judged: Judged | undefined }
  /** Answers to what was sent before; `go` takes the message up again. */
  | { readonly for: "answers"; readonly ready: () => boolean; readonly go: () => void }
  | {
      readonly for: "budget";
      readonly askId: number;
      readonly judged: Judged;
      readonly go: (answer: BudgetAnswer) => void;
    };

/** Why target messages are kept back. */
export type TargetWaiting =
  | { readonly for: "catalog"; readonly askId: number; readonly go: () => void }
  | {
      readonly for: "budget";
      readonly askId: number;
      readonly go: (answer: BudgetAnswer) => void;
    };
