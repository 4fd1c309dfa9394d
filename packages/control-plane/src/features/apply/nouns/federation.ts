import type { Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { deleteFederation, listFederations, putFederation } from "../../federation/store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { type AppliedChange, type FederationDocument, fieldChanges, outcome } from "../documents.ts";

export function* applyFederation(
  unit: UnitContext,
  by: PrincipalRef,
  document: FederationDocument,
): Work<AppliedChange> {
  const { name, fields } = document;
  const before = (yield* listFederations()).find((known) => known.name === name);
  if (document.state === "absent") {
    if (before === undefined) return outcome(document, "none");
    yield* deleteFederation(unit, { by, name });
    return outcome(document, "delete");
  }
  const { when = null, jwks = null, permissions = null, resources: only, level = null, ...others } = fields;
  const wanted = { ...others, when, jwks, permissions, resources: only === undefined ? null : [...only].sort(), level };
  const diff = fieldChanges({ ...before }, wanted);
  if (before !== undefined && diff.length === 0) return outcome(document, "none");
  const action = yield* putFederation(unit, { by, federation: { name, ...fields } });
  return outcome(document, action, diff);
}
