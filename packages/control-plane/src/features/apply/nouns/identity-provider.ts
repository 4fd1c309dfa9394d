import { eq } from "../../../storage/drizzle.ts";
import { identityProviders } from "../../../storage/schema.ts";
import { selectOne, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { deleteProvider, putProvider } from "../../identity-providers/store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { type AppliedChange, fieldChanges, type IdentityProviderDocument, outcome } from "../documents.ts";

/** Replaced whole: what the document leaves out has its default again. */
export function* applyProvider(
  unit: UnitContext,
  by: PrincipalRef,
  document: IdentityProviderDocument,
): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(identityProviders, eq(identityProviders.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteProvider(unit, { by, name });
    return outcome(document, "delete");
  }
  const left = Object.keys(row?.settings ?? {}).filter((field) => !Object.hasOwn(fields, field));
  const diff = fieldChanges(
    { ...row?.settings },
    { ...Object.fromEntries(left.map((field) => [field, null])), ...fields },
  );
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putProvider(unit, { by, name, settings: fields });
  return outcome(document, row === undefined ? "create" : "update", diff);
}
