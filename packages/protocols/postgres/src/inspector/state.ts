import type { LabelUse, StatementFacts, Verdict } from "@tidewaiter/core";
import type { CopyMask } from "../mask/mask-copy.ts";
import type { ColumnMaskInfo, RowMask } from "../mask/mask-rows.ts";
import type { ErrorFields, FieldDescription } from "../messages.ts";

/** One operation with its verdict. It belongs to the statement, is copied to its portals, and is made anew at Execute. */
export interface Judged {
  /** Counts from 1 within the session. */
  readonly operation: number;
  readonly sql: string;
  readonly kind: string;
  /** One per statement of the string; those whose rows are described elsewhere (EXECUTE, FETCH) stand for what they run. */
  readonly facts: readonly StatementFacts[];
  readonly verdict: Verdict;
  readonly labels: LabelUse;
  /** A label that this principal may not see is touched, or something is touched that nobody knows. */
  readonly sensitive: boolean;
  readonly startedAt: number;
  rows: number;
  bytes: number;
  masked: readonly ColumnMaskInfo[];
  finished: boolean;
}

/** A protocol-level prepared statement, as Parse made it. */
export interface Prepared {
  readonly sql: string;
  readonly facts: readonly StatementFacts[];
  readonly judged: Judged | undefined;
}

/** What Bind made of it. `fields` come from our own Describe, never from the client's. */
export interface Portal {
  readonly prepared: Prepared;
  readonly parameters: readonly (string | null)[];
  /** SHA-256 (hex) of formats and values whole, since `parameters` may be cut: what an approval is bound to. */
  readonly digest: string;
  readonly resultFormats: readonly number[];
  fields: readonly FieldDescription[] | "none" | undefined;
  mask: RowMask | undefined;
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
  /** Takes back what we noted about statements and portals, when the server refuses or skips the message. */
  readonly undo?: () => void;
  /** The message is part of a question of ours; `ends`: its reply, or an error before it, settles the question. */
  readonly probe?: Probe;
  readonly ends?: boolean;
} & (
  | { readonly type: "query"; result: number; copy?: CopyMask; copyEnds?: number }
  | { readonly type: "execute"; readonly portal: Portal | undefined; copy?: CopyMask; copyEnds?: number }
  | { readonly type: "parse" }
  | { readonly type: "bind" }
  | { readonly type: "describe"; readonly of: "statement" | "portal"; readonly portal?: Portal }
  | { readonly type: "close" }
  /** `inCopy`: sent between a COPY FROM STDIN and its CopyDone; ignored by the server if that COPY begins. */
  | { readonly type: "sync"; inCopy?: boolean }
);

/** A question of ours to the target, before a statement is forwarded. */
export interface Probe {
  fields: readonly FieldDescription[] | undefined;
  error: ErrorFields | undefined;
  readonly done: (probe: Probe) => void;
}

/** Why client messages are kept back, and what goes on when the reason is gone. */
export type Waiting =
  | {
      readonly for: "review";
      readonly askId: number;
      readonly judged: Judged;
      reviewId?: string;
      shortId?: string;
      readonly approved: () => void;
      readonly refuse: (fields: ErrorFields) => void;
    }
  | { readonly for: "probe" }
  | {
      readonly for: "budget";
      readonly askId: number;
      readonly ruleId: string;
      readonly go: (granted: boolean) => void;
    };

/** Why target messages are kept back. */
export type TargetWaiting =
  | { readonly for: "catalog"; readonly askId: number; readonly go: () => void }
  | {
      readonly for: "budget";
      readonly askId: number;
      readonly ruleId: string;
      readonly go: (granted: boolean) => void;
    };
