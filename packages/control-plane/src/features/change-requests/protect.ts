import { and, eq, inArray } from "../../storage/drizzle.ts";
import { groupMembers, principals } from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { toJson } from "../apply/documents.ts";
import { loadPrincipals } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";

/** Tells the unit what its change would weaken; see {@link UnitContext.weakens}. */
export function protect(
  unit: UnitContext,
  what: { readonly noun: string; readonly name: string },
  why: readonly string[],
  change: { readonly before?: unknown; readonly after?: unknown },
): void {
  if (why.length > 0) unit.weakens({ ...what, why, before: toJson(change.before), after: toJson(change.after) });
}

/** Who makes a change, and for whom. */
export type Actor = Pick<PrincipalRef, "id" | "ownerId">;

/** Whoever makes the change, whoever they act for, and the programs that act for either. */
export function* actorIds(by: Actor): Work<string[]> {
  const people = by.ownerId === undefined ? [by.id] : [by.id, by.ownerId];
  const own = yield* select(principals, { where: inArray(principals.ownerId, people) });
  return [...people, ...own.map(({ id }) => id)];
}

/** Their groups too. */
export function* actorSubjects(by: Actor): Work<{ principals: string[]; groups: string[] }> {
  const ids = yield* actorIds(by);
  const members = yield* select(groupMembers, { where: inArray(groupMembers.principalId, ids) });
  return { principals: ids, groups: members.map(({ groupId }) => groupId) };
}

/** May still act as administrators, and are people: one of them could approve what another asks. */
export function* administrators(): Work<number> {
  const people = yield* select(principals, {
    where: and(eq(principals.kind, "user"), eq(principals.disabled, false)),
  });
  const known = yield* loadPrincipals(people.map(({ id }) => id));
  return [...known.values()].filter(({ row, roles }) => row.suspendedBy === null && roles.includes("admin")).length;
}
