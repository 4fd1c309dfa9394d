import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { and, asc, eq, inArray } from "../../storage/drizzle.ts";
import { grants, groupMembers, groups, principals, resources } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { groupMeaning } from "../change-requests/group-meaning.ts";
import { protect } from "../change-requests/protect.ts";
import { type GroupState, groupWeakens } from "../change-requests/weakens.ts";
import { loadPrincipals } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requireMayGive, requirePermission, rightsOfRoles } from "../roles/rights.ts";
import { requireKnownRoles } from "../roles/store.ts";

/** The source of memberships that were given here, by the API or a document. */
export const LOCAL = "local";

export interface GroupView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Given here. */
  readonly members: readonly string[];
  /** Given by identity providers, by the provider's name. */
  readonly providedMembers: Readonly<Record<string, readonly string[]>>;
  /** Names of roles that every member has. */
  readonly roles: readonly string[];
}

export interface GroupInput {
  readonly name: string;
  readonly description?: string | undefined;
  /** Names of principals; absent leaves them as they are. */
  readonly members?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
}

export const groupUnits = {
  list: read(function* (): Work<GroupView[]> {
    return yield* listGroups();
  }),

  create: write(function* (unit, args: { by: PrincipalRef; group: GroupInput }): Work<GroupView> {
    const known = yield* selectOne(groups, eq(groups.name, args.group.name));
    if (known !== undefined) throw new TidewaiterError("conflict", `there is a group ${args.group.name} already`);
    yield* putGroup(unit, args);
    return yield* getGroup(args.group.name);
  }),

  put: write(function* (unit, args: { by: PrincipalRef; group: GroupInput }): Work<GroupView> {
    yield* putGroup(unit, args);
    return yield* getGroup(args.group.name);
  }),

  setMembers: write(function* (unit, args: { by: PrincipalRef; name: string; members: readonly string[] }) {
    yield* requireGroup(args.name);
    yield* putGroup(unit, { by: args.by, group: { name: args.name, members: args.members } });
    return yield* getGroup(args.name);
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    yield* deleteGroup(unit, args);
  }),
};

/** Makes the group or brings it to the given form. */
export function* putGroup(unit: UnitContext, args: { by: PrincipalRef; group: GroupInput }): Work<void> {
  const { name, description, members, roles } = args.group;
  const known = yield* selectOne(groups, eq(groups.name, name));
  const id = known?.id ?? newId("grp");
  const before = known === undefined ? [] : yield* memberIds(id);
  if (roles !== undefined) yield* requireKnownRoles(roles);
  if (known === undefined) yield* insert(groups, { id, name, description: description ?? "", roles: roles ?? [] });
  else if (description !== undefined || roles !== undefined) {
    yield* update(groups, { description, roles }, eq(groups.id, id));
  }
  if (members !== undefined) yield* replaceMembers(id, members);
  const after = yield* memberIds(id);
  yield* requireMayChange(args.by, { before, after, had: known?.roles ?? [], roles });
  if (after.some((member) => !before.includes(member))) yield* requireMayGrant(args.by, id);
  yield* protectGroup(
    unit,
    args.by,
    { id, name },
    {
      before: { members: before, roles: known?.roles ?? [] },
      after: { members: after, roles: roles ?? known?.roles ?? [] },
    },
  );
  unit.changed("group", id);
  const data = { by: args.by.name, name, members: members?.join(" ") ?? null, roles: roles?.join(" ") ?? null };
  unit.audit({ type: known === undefined ? "group.created" : "group.updated", principalId: args.by.id, data });
}

/** Whoever changes members or roles of a group changes what its members may do; providers push through this too. */
export function* protectGroup(
  unit: UnitContext,
  by: PrincipalRef | undefined,
  group: { readonly id: string; readonly name: string },
  { before, after }: { readonly before: GroupState; readonly after: GroupState | undefined },
): Work<void> {
  const added = (after?.members ?? []).filter((id) => !before.members.includes(id));
  const why = groupWeakens(before, after, yield* groupMeaning(group, added, by));
  if (why.length === 0) return;
  const shown = { before: yield* namedState(before), after: after && (yield* namedState(after)) };
  protect(unit, { noun: "group", name: group.name }, why, shown);
}

function* namedState({ members, roles }: GroupState): Work<GroupState> {
  const rows = members.length === 0 ? [] : yield* select(principals, { where: inArray(principals.id, [...members]) });
  return { members: rows.map(({ name }) => name).sort(), roles };
}

interface GroupChange {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly had: readonly string[];
  /** Undefined = they stay. */
  readonly roles: readonly string[] | undefined;
}

/** Its roles are given to whoever comes in, and taken from whoever goes; new ones are given to all. */
function* requireMayChange(by: PrincipalRef, change: GroupChange): Work<void> {
  const { before, after, had, roles = had } = change;
  const sameRoles = roles.length === had.length && roles.every((role) => had.includes(role));
  const moved = sameRoles
    ? [...after.filter((id) => !before.includes(id)), ...before.filter((id) => !after.includes(id))]
    : after;
  if (moved.length === 0 && sameRoles) return;
  const given = yield* rightsOfRoles([...new Set([...had, ...roles])]);
  yield* requireMayGive(by, given, [...(yield* loadPrincipals(moved.filter((id) => after.includes(id)))).values()]);
}

/** Whoever comes in gets the grants to the group: it takes the right to give those. */
function* requireMayGrant(by: PrincipalRef, groupId: string): Work<void> {
  for (const { resourceId, selector } of yield* select(grants, { where: eq(grants.groupId, groupId) })) {
    const resource = resourceId === null ? undefined : yield* selectOne(resources, eq(resources.id, resourceId));
    yield* requirePermission(by, "grants.write", resource?.tags ?? selector ?? {});
  }
}

/** Of any source. */
function* memberIds(groupId: string): Work<string[]> {
  const rows = yield* select(groupMembers, { where: eq(groupMembers.groupId, groupId) });
  return [...new Set(rows.map(({ principalId }) => principalId))];
}

/** Of the local source: what an identity provider gave is its own matter. */
function* replaceMembers(groupId: string, names: readonly string[]): Work<void> {
  const wanted = [...new Set(names)];
  const rows = wanted.length === 0 ? [] : yield* select(principals, { where: inArray(principals.name, wanted) });
  const missing = wanted.find((name) => !rows.some((row) => row.name === name));
  if (missing !== undefined) throw new TidewaiterError("bad_request", `members: there is no principal ${missing}`);
  yield* remove(groupMembers, and(eq(groupMembers.groupId, groupId), eq(groupMembers.source, LOCAL)));
  for (const row of rows) yield* insert(groupMembers, { groupId, principalId: row.id, source: LOCAL });
}

export function* deleteGroup(unit: UnitContext, args: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* requireGroup(args.name);
  yield* requireMayGive(args.by, yield* rightsOfRoles(row.roles), []);
  const before = { members: yield* memberIds(row.id), roles: row.roles };
  yield* protectGroup(unit, args.by, row, { before, after: undefined });
  yield* remove(groups, eq(groups.id, row.id));
  unit.changed("group", row.id);
  unit.audit({ type: "group.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
}

export function* requireGroup(name: string): Work<typeof groups.$inferSelect> {
  const row = yield* selectOne(groups, eq(groups.name, name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no group ${name}`);
  return row;
}

export function* listGroups(): Work<GroupView[]> {
  const rows = yield* select(groups, { orderBy: asc(groups.name) });
  const members = yield* select(groupMembers);
  const everyone = yield* select(principals);
  const names = new Map(everyone.map((row) => [row.id, row.name]));
  const ofGroup = Map.groupBy(members, (member) => member.groupId);
  return rows.map(({ id, name, description, roles }) => {
    const bySource = Map.groupBy(ofGroup.get(id) ?? [], (member) => member.source);
    const named = [...bySource].map(([source, of]): [string, string[]] => [
      source,
      of.map((member) => names.get(member.principalId) ?? "").sort(),
    ]);
    const { [LOCAL]: local = [], ...provided } = Object.fromEntries(named.sort());
    return { id, name, description, members: local, providedMembers: provided, roles };
  });
}

function* getGroup(name: string): Work<GroupView> {
  const found = (yield* listGroups()).find((group) => group.name === name);
  if (found === undefined) throw new TidewaiterError("not_found", `there is no group ${name}`);
  return found;
}
