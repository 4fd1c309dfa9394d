import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { asc, eq } from "../../storage/drizzle.ts";
import { accessRules, resources } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { accessRuleWeakens } from "../change-requests/weakens.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requireResource } from "../resources/store.ts";
import { requirePermission } from "../roles/rights.ts";
import type { AccessRule } from "./access-rule.ts";

export type AccessRuleRow = typeof accessRules.$inferSelect;

export interface AccessRuleView extends AccessRule {
  readonly name: string;
}

export const accessRuleUnits = {
  list: read(function* (): Work<AccessRuleView[]> {
    const rows = yield* select(accessRules, { orderBy: asc(accessRules.name) });
    return rows.map(({ name, rule }) => ({ name, ...rule }));
  }),

  put: write(function* (unit, args: { by: PrincipalRef; name: string; rule: AccessRule }): Work<AccessRuleView> {
    yield* putAccessRule(unit, args);
    return { name: args.name, ...args.rule };
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    yield* deleteAccessRule(unit, args);
  }),
};

export function* putAccessRule(
  unit: UnitContext,
  args: { by: PrincipalRef; name: string; rule: AccessRule },
): Work<void> {
  const { name, rule } = args;
  const known = yield* selectOne(accessRules, eq(accessRules.name, name));
  for (const resource of rule.resources ?? []) yield* requireResource(resource);
  yield* requireMayGrant(args.by, rule);
  const why = accessRuleWeakens(known?.rule, rule);
  protect(unit, { noun: "access_rule", name }, why, { before: known?.rule, after: rule });
  if (known !== undefined) yield* requireMayGrant(args.by, known.rule);
  const id = known?.id ?? newId("arl");
  if (known === undefined) yield* insert(accessRules, { id, name, rule, createdAt: unit.now });
  else yield* update(accessRules, { rule }, eq(accessRules.id, id));
  unit.changed("access_rule", id);
  const { level, maxSeconds, autoApprove } = rule;
  const reviewers = rule.reviewers.by.join(" ");
  const data = { by: args.by.name, name, level, maxSeconds, autoApprove, reviewers };
  const type = known === undefined ? "access_rule.created" : "access_rule.updated";
  unit.audit({ type, principalId: args.by.id, data });
}

/** A rule gives access: whoever writes it has to be one who may give it. */
function* requireMayGrant(by: PrincipalRef, rule: AccessRule): Work<void> {
  const scopes = rule.tags === undefined ? [] : [rule.tags];
  for (const name of rule.resources ?? []) {
    // One that is gone is in nobody's scope.
    scopes.push((yield* selectOne(resources, eq(resources.name, name)))?.tags ?? {});
  }
  for (const tags of scopes) {
    yield* requirePermission(by, "access_rules.write", tags);
    yield* requirePermission(by, "grants.write", tags);
  }
}

/** Requests that wait by it cannot be approved any more; access that was given stays until its time is over. */
export function* deleteAccessRule(unit: UnitContext, args: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* selectOne(accessRules, eq(accessRules.name, args.name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no access rule ${args.name}`);
  yield* remove(accessRules, eq(accessRules.id, row.id));
  unit.changed("access_rule", row.id);
  unit.audit({ type: "access_rule.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
}
