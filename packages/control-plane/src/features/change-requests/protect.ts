import { and, eq, inArray } from "drizzle-orm";
import { accessRules, grants, groupMembers, principals } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { toJson } from "../apply/documents.ts";
import { currentPolicyVersion, documentsOf } from "../policies/store.ts";
import { loadPrincipals } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";
import type { GroupMeaning } from "./weakens.ts";

/** Tells the unit what its change would weaken; see {@link UnitContext.weakens}. */
export function protect(
  unit: UnitContext,
  what: { readonly noun: string; readonly name: string },
  why: readonly string[],
  change: { readonly before?: unknown; readonly after?: unknown },
): void {
  if (why.length > 0) unit.weakens({ ...what, why, before: toJson(change.before), after: toJson(change.after) });
}

/** Whoever makes the change, and the programs that act for them. */
export function* actorIds(by: Pick<PrincipalRef, "id">): Work<string[]> {
  const own = yield* select(principals, { where: eq(principals.ownerId, by.id) });
  return [by.id, ...own.map(({ id }) => id)];
}

/** Their groups too. */
export function* actorSubjects(by: Pick<PrincipalRef, "id">): Work<{ principals: string[]; groups: string[] }> {
  const ids = yield* actorIds(by);
  const members = yield* select(groupMembers, { where: inArray(groupMembers.principalId, ids) });
  return { principals: ids, groups: members.map(({ groupId }) => groupId) };
}

/** What its members may do beside the roles that it has. */
export function* groupMeaning(
  group: { readonly id: string; readonly name: string },
  added: readonly string[],
  by: Pick<PrincipalRef, "id"> | undefined,
): Work<GroupMeaning> {
  const documents = yield* documentsOf(yield* currentPolicyVersion());
  const named = wordOf(group.name);
  const rules = yield* select(accessRules);
  const actor = by === undefined ? [] : yield* actorIds(by);
  const comesIn = added.some((id) => actor.includes(id));
  return {
    inPolicy: documents.some(({ source }) => named.test(source)),
    inAccessRule: rules.some(({ rule }) => named.test(JSON.stringify([rule.requesters, rule.reviewers]))),
    grantsToActor: comesIn && (yield* selectOne(grants, eq(grants.groupId, group.id))) !== undefined,
  };
}

/** The name as a word of its own; names are letters, digits and hyphens. A comment that names it counts too, and a glob in a pattern. */
function wordOf(name: string): { test(text: string): boolean } {
  const exact = new RegExp(`(?<![a-z0-9-])${name}(?![a-z0-9-])`);
  return { test: (text) => exact.test(text) || /group:[a-z0-9-]*\*/.test(text) };
}

/** May still act as administrators, and are people: one of them could approve what another asks. */
export function* administrators(): Work<number> {
  const people = yield* select(principals, {
    where: and(eq(principals.kind, "user"), eq(principals.disabled, false)),
  });
  const known = yield* loadPrincipals(people.map(({ id }) => id));
  return [...known.values()].filter(({ row, roles }) => row.suspendedBy === null && roles.includes("admin")).length;
}
