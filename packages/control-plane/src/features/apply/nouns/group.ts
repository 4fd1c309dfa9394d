import { eq } from "../../../storage/drizzle.ts";
import { groups } from "../../../storage/schema.ts";
import { selectOne, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { deleteGroup, listGroups, putGroup } from "../../groups/store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { type AppliedChange, fieldChanges, type GroupDocument, outcome } from "../documents.ts";

export function* applyGroup(unit: UnitContext, by: PrincipalRef, document: GroupDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(groups, eq(groups.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteGroup(unit, { by, name });
    return outcome(document, "delete");
  }
  const before = row && (yield* listGroups()).find((group) => group.name === name);
  const wanted = { ...fields, members: fields.members && [...new Set(fields.members)].sort() };
  const diff = fieldChanges({ ...before }, wanted);
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putGroup(unit, { by, group: { name, ...fields } });
  return outcome(document, row === undefined ? "create" : "update", diff);
}
