import { eq } from "../../../storage/drizzle.ts";
import { roles } from "../../../storage/schema.ts";
import { selectOne, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { deleteRole, putRole } from "../../roles/store.ts";
import { type AppliedChange, fieldChanges, outcome, type RoleDocument } from "../documents.ts";

export function* applyRole(unit: UnitContext, by: PrincipalRef, document: RoleDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(roles, eq(roles.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteRole(unit, { by, name });
    return outcome(document, "delete");
  }
  const { description, permissions, scope } = fields;
  const diff = fieldChanges({ ...row }, { description, permissions: [...new Set(permissions)].sort(), scope });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putRole(unit, { by, role: { name, ...fields } });
  return outcome(document, row === undefined ? "create" : "update", diff);
}
