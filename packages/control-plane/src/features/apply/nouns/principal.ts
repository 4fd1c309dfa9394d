import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq } from "../../../storage/drizzle.ts";
import { principals } from "../../../storage/schema.ts";
import { selectOne, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { createPrincipal, deletePrincipal, type PrincipalRef, updatePrincipal } from "../../principals/store.ts";
import { type AppliedChange, fieldChanges, outcome, type PrincipalDocument } from "../documents.ts";

export function* applyPrincipal(unit: UnitContext, by: PrincipalRef, document: PrincipalDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(principals, eq(principals.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deletePrincipal(unit, { by, name });
    return outcome(document, "delete");
  }
  if (row === undefined) {
    const { kind, roles = ["user"], disabled = false, onBehalfOf, attributes = {} } = fields;
    const owner = onBehalfOf === undefined || onBehalfOf === null ? {} : { onBehalfOf };
    yield* createPrincipal(unit, { by, principal: { name, kind, roles, disabled, attributes, ...owner } });
    return outcome(document, "create", fieldChanges({}, { ...fields, roles }));
  }
  if (row.kind !== fields.kind)
    throw new TidewaiterError("conflict", `it is a ${row.kind}; the kind cannot be changed`);
  const owner = row.ownerId === null ? undefined : yield* selectOne(principals, eq(principals.id, row.ownerId));
  const before = {
    kind: row.kind,
    roles: row.roles,
    disabled: row.disabled,
    onBehalfOf: owner?.name,
    attributes: row.attributes,
  };
  const diff = fieldChanges(before, fields);
  // `null` is a wish too: to act for nobody any more.
  const cleared = fields.onBehalfOf === null && row.ownerId !== null;
  if (diff.length === 0 && !cleared) return outcome(document, "none");
  const { roles, disabled, onBehalfOf, attributes } = fields;
  yield* updatePrincipal(unit, { by, name, patch: { roles, disabled, onBehalfOf, attributes } });
  return outcome(document, "update", diff);
}
