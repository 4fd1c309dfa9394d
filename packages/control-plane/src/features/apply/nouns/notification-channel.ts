import { eq } from "../../../storage/drizzle.ts";
import { notificationChannels } from "../../../storage/schema.ts";
import { selectOne, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { putChannel, removeChannel } from "../../notifications/store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { type AppliedChange, fieldChanges, type NotificationChannelDocument, outcome } from "../documents.ts";

/** As a rule, a channel is replaced whole. */
export function* applyChannel(
  unit: UnitContext,
  by: PrincipalRef,
  document: NotificationChannelDocument,
): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(notificationChannels, eq(notificationChannels.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* removeChannel(unit, { by, name });
    return outcome(document, "delete");
  }
  const gone = Object.fromEntries(Object.keys(row?.settings ?? {}).map((field) => [field, null]));
  const diff = fieldChanges({ ...row?.settings }, { ...gone, ...fields.settings });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putChannel(unit, { by, name, settings: fields.settings });
  return outcome(document, row === undefined ? "create" : "update", diff);
}
