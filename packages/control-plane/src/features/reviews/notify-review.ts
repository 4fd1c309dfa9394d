import type { Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { notify } from "../notifications/notify.ts";
import { reviewDecided, reviewRequested } from "../notifications/words.ts";
import type { ReviewRow } from "./store.ts";

/** What became of it is told so long. */
const DECIDED_TOLD_MS = 3600_000;

export function* notifyRequested(
  unit: UnitContext,
  row: ReviewRow,
  about: { readonly owner: string | null; readonly normalised: string | undefined },
): Work<void> {
  const asker = about.owner === null ? row.principalName : `${row.principalName} (for ${about.owner})`;
  const message = reviewRequested(row, asker, about.normalised);
  yield* notify(unit, { event: "review.requested", ...aboutReview(row), expiresAt: row.expiresAt, message });
}

export function* notifyDecided(unit: UnitContext, row: ReviewRow): Work<void> {
  const expiresAt = new Date(Date.parse(unit.now) + DECIDED_TOLD_MS).toISOString();
  yield* notify(unit, { event: "review.decided", ...aboutReview(row), expiresAt, message: reviewDecided(row) });
}

/** Who asked is not told by mail. */
function aboutReview(row: ReviewRow) {
  const except = row.ownerId === null ? [row.principalId] : [row.principalId, row.ownerId];
  return { refId: row.id, resource: row.resourceName, asked: row.askedOf, except };
}
