import type { AccessLevel } from "@tidewaiter/core";
import { inArray } from "../../storage/drizzle.ts";
import { groupMembers, groups, principals } from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import type { PrincipalRow } from "./store.ts";

/** A principal with its groups and, for an AI agent, the person it acts for. */
export interface KnownPrincipal {
  readonly row: PrincipalRow;
  readonly groupIds: readonly string[];
  /** Sorted. */
  readonly groupNames: readonly string[];
  /** Its own and those of its groups, sorted. */
  readonly roles: readonly string[];
  readonly owner?: KnownPrincipal;
  /** Of the mandate that it comes with. Null: no limit of its own. */
  readonly limits?: { readonly resourceIds: readonly string[] | null; readonly level: AccessLevel | null };
}

/** Three statements however many are asked for. Unknown ids are left out. */
export function* loadPrincipals(ids: readonly string[]): Work<Map<string, KnownPrincipal>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = yield* select(principals, { where: inArray(principals.id, wanted) });
  const ownerIds = rows.flatMap((row) => (row.ownerId === null ? [] : [row.ownerId]));
  const owners = ownerIds.length === 0 ? [] : yield* select(principals, { where: inArray(principals.id, ownerIds) });
  const everyone = [...rows, ...owners];
  const membership = yield* loadMembership(everyone.map((row) => row.id));
  const alone = new Map(everyone.map((row) => [row.id, { row, ...membershipOf(membership, row) }]));
  return new Map(
    rows.map((row): [string, KnownPrincipal] => {
      const self = { row, ...membershipOf(membership, row) };
      const owner = row.ownerId === null ? undefined : alone.get(row.ownerId);
      return [row.id, owner === undefined ? self : { ...self, owner }];
    }),
  );
}

/** Why a principal may do nothing at all, or undefined. An AI agent is worth no more than the person it acts for. */
export function principalProblem(known: KnownPrincipal | undefined): string | undefined {
  if (known === undefined) return "the principal was deleted";
  const problem = rowProblem(known.row);
  if (problem !== undefined) return `the principal was ${problem}`;
  if (known.row.ownerId === null) return undefined;
  if (known.owner === undefined) return "the person it acts for was deleted";
  const ownerProblem = rowProblem(known.owner.row);
  return ownerProblem === undefined ? undefined : `the person it acts for was ${ownerProblem}`;
}

/** Of this principal alone; whoever acts for another needs `principalProblem`. */
export function rowProblem({ disabled, suspendedBy }: PrincipalRow): string | undefined {
  if (disabled) return "disabled";
  return suspendedBy === null ? undefined : `suspended by the identity provider ${suspendedBy}`;
}

interface MemberOf {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}

type Membership = ReadonlyMap<string, readonly MemberOf[]>;

function* loadMembership(principalIds: readonly string[]): Work<Membership> {
  if (principalIds.length === 0) return new Map();
  const members = yield* select(groupMembers, { where: inArray(groupMembers.principalId, [...principalIds]) });
  const groupIds = [...new Set(members.map((member) => member.groupId))];
  const named = groupIds.length === 0 ? [] : yield* select(groups, { where: inArray(groups.id, groupIds) });
  const byId = new Map(named.map((group) => [group.id, group]));
  // The same membership may come from several sources.
  const once = new Map(members.map((member) => [`${member.groupId} ${member.principalId}`, member]));
  const of = new Map<string, MemberOf[]>();
  for (const { groupId, principalId } of once.values()) {
    const { name = "", roles = [] } = byId.get(groupId) ?? {};
    of.set(principalId, [...(of.get(principalId) ?? []), { id: groupId, name, roles }]);
  }
  return of;
}

function membershipOf(membership: Membership, row: PrincipalRow) {
  const member = membership.get(row.id) ?? [];
  return {
    groupIds: member.map((group) => group.id),
    groupNames: [...new Set(member.map((group) => group.name))].sort(),
    roles: [...new Set([...row.roles, ...member.flatMap((group) => group.roles)])].sort(),
  };
}
