import { z } from "zod";
import type { ReviewRow } from "./store.ts";

export const reviewState = z.enum(["pending", "approved", "rejected", "expired", "withdrawn", "consumed"]);

/** A review as lists show it: without statement and parameters. */
export const reviewView = z.object({
  id: z.string(),
  shortId: z.string(),
  state: reviewState,
  mode: z.enum(["hold", "ticket"]),
  requester: z.string(),
  sessionId: z.string(),
  resource: z.string(),
  rule: z.string(),
  reason: z.string(),
  summary: z.string(),
  labels: z.array(z.string()).readonly(),
  estimatedRows: z.number().nullable(),
  inTransaction: z.boolean(),
  askedOf: z.array(z.string()).readonly(),
  count: z.int(),
  decisions: z
    .array(
      z.object({
        reviewer: z.string(),
        decision: z.enum(["approve", "reject"]),
        comment: z.string(),
        at: z.string(),
      }),
    )
    .readonly(),
  requestedAt: z.string(),
  expiresAt: z.string(),
  closedReason: z.string().nullable(),
});

export function toReviewView(row: ReviewRow): z.input<typeof reviewView> {
  const { id, shortId, sessionId, mode, reason, summary, labels, estimatedRows, inTransaction, askedOf, count } = row;
  const { decisions, requestedAt, expiresAt, closedReason } = row;
  const named = { requester: row.principalName, resource: row.resourceName, rule: row.ruleId };
  const asked = { mode, reason, summary, labels, estimatedRows, inTransaction, askedOf, count };
  const times = { requestedAt, expiresAt, closedReason };
  return { id, shortId, state: row.state, sessionId, ...named, ...asked, decisions, ...times };
}
