import type { Change } from "@tidewaiter/core";
import { and, desc, eq } from "./drizzle.ts";
import { accessRules, grants, groupMembers, groups, history, principals, resources, roles } from "./schema.ts";
import { insert, select, selectOne, type Work } from "./statement.ts";

/** Nouns that decide who may reach what; what each was like when is kept for ever. */
export const VERSIONED = ["principal", "group", "role", "resource", "grant", "access_rule"] as const;

export type VersionedNoun = (typeof VERSIONED)[number];

type Snapshot = Readonly<Record<string, unknown>>;

export function isVersioned(kind: Change["kind"]): kind is VersionedNoun {
  return (VERSIONED as readonly string[]).includes(kind);
}

/** Writes down how the thing is now, unless that is written already. Called for each thing that a unit says it changed. */
export function* writeHistory(
  noun: VersionedNoun,
  refId: string,
  written: { readonly validFrom: string; readonly sequence: number; readonly changedBy: string | null },
): Work<void> {
  const data = yield* snapshot(noun, refId);
  const [last] = yield* select(history, {
    where: and(eq(history.noun, noun), eq(history.refId, refId)),
    orderBy: desc(history.version),
    limit: 1,
  });
  if (last === undefined ? data === null : JSON.stringify(last.data) === JSON.stringify(data)) return;
  yield* insert(history, { noun, refId, version: (last?.version ?? 0) + 1, ...written, data });
}

/**
 * Memberships stand with the group and with the principal, as either may be what changed: the later of the two tells.
 * Null: there is none. Never a secret; lists sorted, so that the same thing has the same text.
 */
function* snapshot(noun: VersionedNoun, id: string): Work<Snapshot | null> {
  switch (noun) {
    case "principal": {
      const row = yield* selectOne(principals, eq(principals.id, id));
      if (row === undefined) return null;
      const { name, kind, roles: given, disabled, suspendedBy, attributes, ownerId } = row;
      const member = yield* select(groupMembers, { where: eq(groupMembers.principalId, id) });
      const memberOf = [...new Set(member.map(({ groupId }) => groupId))].sort();
      return { name, kind, roles: given, disabled, suspendedBy, attributes, ownerId, groups: memberOf };
    }
    case "group": {
      const row = yield* selectOne(groups, eq(groups.id, id));
      if (row === undefined) return null;
      const members = yield* select(groupMembers, { where: eq(groupMembers.groupId, id) });
      const ids = [...new Set(members.map(({ principalId }) => principalId))].sort();
      return { name: row.name, roles: row.roles, members: ids };
    }
    case "role":
      return withoutId(yield* selectOne(roles, eq(roles.id, id)));
    case "resource": {
      const row = yield* selectOne(resources, eq(resources.id, id));
      if (row === undefined) return null;
      const { name, protocol, tags, target, address, agent, enforce } = row;
      return { name, protocol, tags, target, address, agent, enforce };
    }
    case "grant":
      return withoutId(yield* selectOne(grants, eq(grants.id, id)));
    case "access_rule":
      return withoutId(yield* selectOne(accessRules, eq(accessRules.id, id)));
  }
}

function withoutId(row: { readonly id: string } | undefined): Snapshot | null {
  if (row === undefined) return null;
  const { id: _, ...data } = row;
  return data;
}

/** Who a unit says it acts for: its arguments name them by `by`, `reviewer` or not at all. */
export function changedBy(args: unknown): string | null {
  if (typeof args !== "object" || args === null) return null;
  const { by, reviewer } = args as { readonly by?: unknown; readonly reviewer?: unknown };
  const ref = (by ?? reviewer) as { readonly id?: unknown } | null | undefined;
  return typeof ref?.id === "string" ? ref.id : null;
}
