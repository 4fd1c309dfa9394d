import { eq } from "../../../storage/drizzle.ts";
import { grants } from "../../../storage/schema.ts";
import { selectOne, update, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { createGrant, deleteGrant, grantTarget, listGrants, protectGrant } from "../../grants/store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { type AppliedChange, fieldChanges, type GrantDocument, outcome } from "../documents.ts";

export function* applyGrant(unit: UnitContext, by: PrincipalRef, document: GrantDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(grants, eq(grants.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteGrant(unit, { by, id: row.id });
    return outcome(document, "delete");
  }
  const { expiresAt, level, principal, group, resource, tags } = fields;
  const wanted = { principal: principal ?? null, group: group ?? null, resource: resource ?? null, tags: tags ?? null };
  const before = row && (yield* listGrants()).find((grant) => grant.id === row.id);
  const diff = fieldChanges({ ...before }, { ...wanted, level, expiresAt: expiresAt ?? before?.expiresAt ?? null });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  if (row === undefined) yield* createGrant(unit, { by, grant: { name, ...fields } });
  else {
    const set = yield* grantTarget({ ...fields, expiresAt: expiresAt ?? row.expiresAt ?? undefined });
    yield* protectGrant(unit, by, name, { before: row, after: set });
    yield* update(grants, set, eq(grants.id, row.id));
    unit.changed("grant", row.id);
    unit.audit({ type: "grant.updated", principalId: by.id, data: { by: by.name, name, level } });
  }
  return outcome(document, row === undefined ? "create" : "update", diff);
}
