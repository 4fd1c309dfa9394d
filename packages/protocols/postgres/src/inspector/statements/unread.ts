import type { LabelUse, Operation } from "@tidewaiter/core";
import { NO_LABELS } from "@tidewaiter/core";
import { nothingSpent } from "../budgets/spending.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";

export type UnreadReason = Extract<Operation, { type: "unknown" }>["reason"];

/** What nobody could read, and why. */
export interface Unread {
  /** As far as it is text; else what stands for it in the recording. */
  readonly sql: string;
  readonly reason: UnreadReason;
  readonly message: string;
}

/** What a name stands for that code which nobody read may have defined. */
export const UNSEEN: Unread = {
  sql: "-- a name that was not defined through the gateway",
  reason: "analyser",
  message: "runs something that was not seen here",
};

/** The settings that tell the server who the person is: what may be about them has to be read. */
const IDENTITY = /tidewaiter/i;

/** Whatever it does is unknown, so all of it is one literal in the recording: it may hold a password. */
const UNREAD_LABELS: LabelUse = { ...NO_LABELS, opaque: true };

/**
 * The operation that passes byte for byte although nobody read it, or undefined: it is to be refused. Only where policy says
 * so (it does when it says nothing at all) and nothing here has a label, so that there is nothing it could go round.
 */
export function judgeUnread(machine: Machine, { sql, reason, message }: Unread): Judged | undefined {
  if (machine.context.catalog().hasLabels || IDENTITY.test(sql)) return undefined;
  const verdict = machine.context.evaluate({ type: "unknown", reason, message });
  if (verdict.outcome !== "allow") return undefined;
  return {
    operation: 0,
    sql,
    kind: `UNKNOWN (${reason})`,
    unread: { sql, reason, message },
    facts: [],
    results: [],
    named: [],
    weighed: new Set(),
    trees: [],
    since: [],
    verdict,
    labels: UNREAD_LABELS,
    sensitive: false,
    approved: false,
    estimatedRows: undefined,
    startedAt: machine.now,
    rows: 0,
    bytes: 0,
    masked: [],
    captured: undefined,
    ...nothingSpent(undefined),
    finished: false,
  };
}
