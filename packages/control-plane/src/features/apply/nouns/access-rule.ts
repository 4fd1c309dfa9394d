import { eq } from "../../../storage/drizzle.ts";
import { accessRules } from "../../../storage/schema.ts";
import { selectOne, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { deleteAccessRule, putAccessRule } from "../../access-requests/rule-store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { type AccessRuleDocument, type AppliedChange, fieldChanges, outcome } from "../documents.ts";

export function* applyAccessRule(
  unit: UnitContext,
  by: PrincipalRef,
  document: AccessRuleDocument,
): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(accessRules, eq(accessRules.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteAccessRule(unit, { by, name });
    return outcome(document, "delete");
  }
  const diff = fieldChanges({ ...row?.rule }, { ...NO_RULE_FIELDS, ...fields });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putAccessRule(unit, { by, name, rule: fields });
  return outcome(document, row === undefined ? "create" : "update", diff);
}

/** A rule is replaced whole: what the document leaves out is not there any more. */
const NO_RULE_FIELDS = { resources: null, tags: null };
