import type { MaskSpec } from "../mask.ts";
import type { Outcome } from "../verdict.ts";

/**
 * One recorded fact of a session. `at` is milliseconds since the epoch. Text that touches labels holds keyed tokens in
 * place of literals; the original stands in `sealed`, which only a reviewer or an auditor with a reason may open.
 */
export type SessionEvent = { readonly at: number } & (
  | SessionStarted
  | OperationJudged
  | OperationFinished
  | ReviewEvent
  | ResultRows
  | CanaryHit
  | TerminalOutput
  | TerminalSize
  | FileMoved
  | ForwardClosed
  | { readonly type: "notice"; readonly code: string; readonly text: string }
  | { readonly type: "gap"; readonly reason: string; readonly lost: number }
  | SessionEnded
);

export interface SessionStarted {
  readonly type: "session_started";
  readonly sessionId: string;
  readonly principal: { readonly name: string; readonly kind: string; readonly onBehalfOf?: string };
  readonly resource: string;
  readonly level: string;
  readonly protocol: string;
  readonly client: string;
  readonly application?: string;
  readonly agent: string;
  readonly gateway: string;
  readonly policyVersion: number;
  /** How masking knows where values come from: `none` (no labels), `origin`, later `lineage`. */
  readonly lineage: string;
  readonly detail: Readonly<Record<string, string>>;
}

/** Written before the operation is forwarded. */
export interface OperationJudged {
  readonly type: "operation";
  /** Counts from 1 within the session. */
  readonly operation: number;
  readonly kind: string;
  readonly text: string;
  readonly parameters?: readonly (string | null)[];
  /** The original text and parameters, when `text` holds tokens. */
  readonly sealed?: { readonly text: string; readonly parameters?: readonly (string | null)[] };
  readonly outcome: Outcome;
  readonly ruleId?: string;
  readonly reason?: string;
  readonly policyVersion: number;
  readonly labels: readonly string[];
  readonly observed?: readonly string[];
}

export interface OperationFinished {
  readonly type: "operation_finished";
  readonly operation: number;
  readonly result: "completed" | "refused" | "error" | "canceled";
  /** Command tag, or SQLSTATE of an error. */
  readonly tag: string;
  readonly rows: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** Columns that were masked: name, labels, transform. */
  readonly masked?: readonly {
    readonly column: string;
    readonly labels: readonly string[];
    readonly transform: MaskSpec["transform"];
  }[];
}

export interface ReviewEvent {
  readonly type: "review";
  readonly operation: number;
  readonly reviewId: string;
  readonly shortId: string;
  readonly state: "opened" | "approved" | "rejected" | "expired" | "withdrawn" | "unavailable";
  readonly by?: readonly string[];
  readonly comment?: string;
}

/** Masked rows as the client received them; only where the policy records results. Cells are text or base64 (`binary`). */
export interface ResultRows {
  readonly type: "rows";
  readonly operation: number;
  readonly columns: readonly string[];
  readonly cells: readonly (readonly (string | null)[])[];
  readonly truncated: boolean;
}

/** A planted value came in a result. The value itself is not recorded. */
export interface CanaryHit {
  readonly type: "canary";
  readonly operation: number;
  readonly canary: string;
  readonly label: string;
  readonly column: string;
  /** Of the statements of the string, joined by `+`. */
  readonly fingerprint: string;
  readonly onHit: "end" | "alert";
}

/** What the client was shown, masks included, or (only where the policy says so) what it typed. */
export interface TerminalOutput {
  readonly type: "terminal";
  /** The operation that opened the channel. */
  readonly operation: number;
  readonly stream: "output" | "error" | "input";
  readonly text: string;
}

/** A terminal's size, at its start and at each change. */
export interface TerminalSize {
  readonly type: "terminal_size";
  readonly operation: number;
  readonly columns: number;
  readonly rows: number;
}

/** A file that went through, whole or in part. */
export interface FileMoved {
  readonly type: "file";
  readonly operation: number;
  readonly path: string;
  readonly direction: "upload" | "download";
  readonly via: string;
  readonly bytes: number;
  /** Of the bytes that went through, in hexadecimal; absent where they did not come in order. */
  readonly sha256?: string;
}

/** What went through one forwarded connection. */
export interface ForwardClosed {
  readonly type: "forward";
  readonly operation: number;
  readonly to: string;
  readonly bytesToTarget: number;
  readonly bytesToClient: number;
  readonly durationMs: number;
}

export interface SessionEnded {
  readonly type: "session_ended";
  readonly reason: string;
  readonly statements: number;
  readonly refused: number;
  readonly held: number;
  readonly rows: number;
  readonly bytesToClient: number;
}
