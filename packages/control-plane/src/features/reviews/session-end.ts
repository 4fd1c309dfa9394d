import { and, eq } from "../../storage/drizzle.ts";
import { reviews } from "../../storage/schema.ts";
import { select, update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { notifyDecided } from "./notify-review.ts";

/** A hold has nobody left who waits for it; a ticket outlives its session, that is what it is for. */
export function* withdrawReviewsOf(unit: UnitContext, sessionId: string, reason: string): Work<void> {
  const held = and(eq(reviews.sessionId, sessionId), eq(reviews.mode, "hold"));
  for (const row of yield* select(reviews, { where: held })) {
    if (row.state !== "pending" && row.state !== "approved") continue;
    yield* update(reviews, { state: "withdrawn", closedReason: reason }, eq(reviews.id, row.id));
    yield* notifyDecided(unit, { ...row, state: "withdrawn" });
    unit.changed("review", row.id);
    const { principalId, resourceId } = row;
    unit.audit({
      type: "review.withdrawn",
      principalId,
      sessionId,
      resourceId,
      data: { shortId: row.shortId, reason },
    });
  }
}
