import { newId } from "@tidewaiter/core/ids";
import { and, asc, eq, inArray } from "../../storage/drizzle.ts";
import { groupMembers, groups, principals, scimGroups, scimUsers } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext } from "../../storage/unit.ts";
import { twoPersonOn } from "../change-requests/two-person.ts";
import { protectGroup } from "../groups/store.ts";
import { GROUP } from "./attributes.ts";
import type { Filter } from "./filter.ts";
import { isObject, type JsonObject, matcher } from "./match.ts";
import { groupNameOf } from "./names.ts";
import { applyPatch, type PatchOperation } from "./patch.ts";
import type { Values } from "./read-values.ts";
import { invalid } from "./scim-error.ts";
import { notFound, requireVersion, scimWrite, versionOf } from "./unit.ts";
import type { Listing, Page } from "./user-resources.ts";
import type { One } from "./users.ts";

type GroupRow = typeof scimGroups.$inferSelect;

const IDS_AT_ONCE = 500;

export const scimGroupUnits = {
  /** Members cost a look at all of them; a provider that wants none says so. */
  list: read(function* (_unit, args: Page & { withMembers: boolean }): Work<Listing> {
    return yield* listGroups(args);
  }),

  get: read(function* (_unit, args: One): Work<JsonObject | undefined> {
    const row = yield* findGroup(args);
    return row === undefined ? undefined : yield* toResource(row);
  }),

  create: scimWrite(function* (unit, args: { provider: string; values: Values }): Work<JsonObject> {
    const row = yield* createGroup(unit, args.provider, args.values);
    return yield* toResource(row);
  }),

  replace: scimWrite(function* (unit, args: One & { values: Values }): Work<JsonObject> {
    const row = yield* requireGroup(args);
    const before = yield* memberIds(row);
    return yield* toResource(yield* saveGroup(unit, row, { values: args.values, before }));
  }),

  patch: scimWrite(function* (unit, args: One & { operations: readonly PatchOperation[] }): Work<JsonObject> {
    const row = yield* requireGroup(args);
    const before = yield* memberIds(row);
    const members = before.map((value) => ({ value }));
    const values = applyPatch(GROUP, { ...row.attributes, members }, args.operations);
    return yield* toResource(yield* saveGroup(unit, row, { values, before }));
  }),

  /** The group goes, with the grants to it and whatever members it was given here. */
  delete: scimWrite(function* (unit, args: One): Work<void> {
    const row = yield* requireGroup(args);
    const group = yield* selectOne(groups, eq(groups.id, row.groupId));
    yield* remove(groups, eq(groups.id, row.groupId));
    unit.changed("group", row.groupId);
    unit.audit({ type: "group.deleted", data: { by: args.provider, name: group?.name ?? "" } });
  }),
};

function* createGroup(unit: UnitContext, provider: string, values: Values): Work<GroupRow> {
  const columns = columnsOf(values);
  const name = yield* freeName(provider, columns.displayKey, undefined);
  const groupId = newId("grp");
  yield* insert(groups, { id: groupId, name, description: `of ${provider}`, roles: [] });
  const row = { groupId, provider, ...columns, version: 1, createdAt: unit.now, updatedAt: unit.now };
  yield* insert(scimGroups, row);
  const wanted = wantedMembers(values);
  yield* changeMembers(unit, row, [], wanted);
  unit.changed("group", groupId);
  unit.audit({ type: "group.created", data: { by: provider, name, members: wanted.length } });
  return row;
}

function* saveGroup(
  unit: UnitContext,
  row: GroupRow,
  change: { values: Values; before: readonly string[] },
): Work<GroupRow> {
  const { provider, groupId } = row;
  const columns = columnsOf(change.values);
  const renamed = columns.displayKey !== row.displayKey;
  if (renamed) {
    const name = yield* freeName(provider, columns.displayKey, groupId);
    yield* update(groups, { name }, eq(groups.id, groupId));
  }
  const { added, removed } = yield* changeMembers(unit, row, change.before, wantedMembers(change.values));
  // A name may be one that the policy or an access rule knows: whoever is in has come in by it.
  if (renamed) yield* protectComing(unit, groupId, { before: [], after: yield* everyMember(groupId) });
  const same = JSON.stringify(columns.attributes) === JSON.stringify(row.attributes);
  if (same && added === 0 && removed === 0) return row;
  const saved = { ...row, ...columns, version: row.version + 1, updatedAt: unit.now };
  yield* update(scimGroups, saved, eq(scimGroups.groupId, groupId));
  const group = yield* selectOne(groups, eq(groups.id, groupId));
  unit.changed("group", groupId);
  unit.audit({ type: "group.updated", data: { by: provider, name: group?.name ?? "", added, removed } });
  return saved;
}

/** Whoever a provider takes away goes at once; whoever it brings where it matters waits for a person here. */
function* protectComing(
  unit: UnitContext,
  groupId: string,
  { before, after }: { readonly before: readonly string[]; readonly after: readonly string[] },
): Work<void> {
  const group = yield* selectOne(groups, eq(groups.id, groupId));
  if (group === undefined || after.length === before.length) return;
  const { roles } = group;
  yield* protectGroup(unit, undefined, group, { before: { members: before, roles }, after: { members: after, roles } });
}

/** Of any source. */
function* everyMember(groupId: string): Work<string[]> {
  const rows = yield* select(groupMembers, { where: eq(groupMembers.groupId, groupId) });
  return [...new Set(rows.map(({ principalId }) => principalId))];
}

/** Only rows of this provider's: what was given here, or by another provider, stays. */
function* changeMembers(unit: UnitContext, row: GroupRow, before: readonly string[], wanted: readonly string[]) {
  const { groupId, provider } = row;
  const had = new Set(before);
  const wants = new Set(wanted);
  const added = wanted.filter((id) => !had.has(id));
  const removed = before.filter((id) => !wants.has(id));
  if (added.length > 0) yield* requireMayBring(groupId);
  yield* requireUsers(provider, added);
  const all = yield* everyMember(groupId);
  yield* protectComing(unit, groupId, { before: all, after: [...new Set([...all, ...added])] });
  for (const principalId of added) yield* insert(groupMembers, { groupId, principalId, source: provider });
  for (const ids of chunks(removed)) {
    const theirs = and(eq(groupMembers.groupId, groupId), eq(groupMembers.source, provider));
    yield* remove(groupMembers, and(theirs, inArray(groupMembers.principalId, ids)));
  }
  return { added: added.length, removed: removed.length };
}

/**
 * Whoever has the role `admin` got it from a person here; a provider only takes it away. Other roles it gives only where
 * a second person looks at whom it brings.
 */
function* requireMayBring(groupId: string): Work<void> {
  const group = yield* selectOne(groups, eq(groups.id, groupId));
  const roles = (group?.roles ?? []).filter((role) => role !== "user");
  if (roles.includes("admin")) {
    throw invalid("mutability", "members: the group carries the role admin, which no provider gives");
  }
  if (roles.length === 0 || (yield* twoPersonOn())) return;
  const detail = `members: the group carries ${roles.join(", ")}, which a provider gives only where two people are needed`;
  throw invalid(
    "mutability",
    `${detail}: an administrator can switch that on (tw changes mode on) or take the roles away`,
  );
}

/** A provider puts only its own people into groups. */
function* requireUsers(provider: string, ids: readonly string[]): Work<void> {
  for (const some of chunks(ids)) {
    const where = and(eq(scimUsers.provider, provider), inArray(scimUsers.principalId, some));
    const known = new Set((yield* select(scimUsers, { where })).map((user) => user.principalId));
    const missing = some.find((id) => !known.has(id));
    if (missing === undefined) continue;
    throw invalid("invalidValue", `members: there is no user ${missing.slice(0, 100)} of this provider`);
  }
}

function chunks(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, index) =>
    ids.slice(index * IDS_AT_ONCE, (index + 1) * IDS_AT_ONCE),
  );
}

function columnsOf(values: Values) {
  const { members: _, displayName, ...rest } = values;
  if (typeof displayName !== "string" || displayName.trim() === "") {
    throw invalid("invalidValue", "displayName: it is required");
  }
  return { displayKey: displayName.toLowerCase(), attributes: { ...rest, displayName } };
}

function wantedMembers(values: Values): string[] {
  const { members = [] } = values;
  const list: readonly unknown[] = Array.isArray(members) ? members : [];
  const ids = list.map((member) => {
    const id = isObject(member) ? member.value : undefined;
    if (typeof id !== "string") throw invalid("invalidValue", "members: each has a value, the id of a user");
    return id;
  });
  return [...new Set(ids)];
}

function* freeName(provider: string, displayKey: string, self: string | undefined): Work<string> {
  const same = and(eq(scimGroups.provider, provider), eq(scimGroups.displayKey, displayKey));
  const pushed = yield* selectOne(scimGroups, same);
  if (pushed !== undefined && pushed.groupId !== self) {
    throw invalid("uniqueness", "displayName: the provider has pushed another group of this name");
  }
  const name = groupNameOf(displayKey);
  const known = yield* selectOne(groups, eq(groups.name, name));
  if (known === undefined || known.id === self) return name;
  const detail = `there is a group ${name} already that this provider did not make; an administrator can remove it`;
  throw invalid("uniqueness", `displayName: ${detail}`);
}

function* findGroup({ provider, id }: One): Work<GroupRow | undefined> {
  return yield* selectOne(scimGroups, and(eq(scimGroups.provider, provider), eq(scimGroups.groupId, id)));
}

function* requireGroup(one: One): Work<GroupRow> {
  const row = yield* findGroup(one);
  if (row === undefined) throw notFound("group", one.id);
  requireVersion(row, one.ifMatch);
  return row;
}

function* memberIds({ groupId, provider }: GroupRow): Work<string[]> {
  const where = and(eq(groupMembers.groupId, groupId), eq(groupMembers.source, provider));
  const rows = yield* select(groupMembers, { where, orderBy: asc(groupMembers.principalId) });
  return rows.map((row) => row.principalId);
}

function* listGroups({ provider, filter, offset, limit, withMembers }: Page & { withMembers: boolean }): Work<Listing> {
  const theirs = eq(scimGroups.provider, provider);
  const orderBy = asc(scimGroups.groupId);
  if (filter === undefined) {
    const rows = yield* select(scimGroups, { where: theirs, orderBy, limit, offset });
    return { total: yield* count(scimGroups, theirs), resources: yield* toResources(rows, withMembers) };
  }
  const fits = matcher(GROUP, filter);
  const rows = yield* select(scimGroups, { where: theirs, orderBy });
  // Members cost a look for each group, so only a filter that asks for them gets them.
  const asked = mentions(filter, "members");
  const found: GroupRow[] = [];
  for (const row of rows) if (fits(asked ? yield* toResource(row) : resourceOf(row))) found.push(row);
  return { total: found.length, resources: yield* toResources(found.slice(offset, offset + limit), withMembers) };
}

function mentions(filter: Filter, attribute: string): boolean {
  if ("parts" in filter) return filter.parts.some((part) => mentions(part, attribute));
  return filter.type === "not" ? mentions(filter.part, attribute) : filter.path.toLowerCase().includes(attribute);
}

function* toResources(rows: readonly GroupRow[], withMembers: boolean): Work<JsonObject[]> {
  const resources: JsonObject[] = [];
  for (const row of rows) resources.push(withMembers ? yield* toResource(row) : resourceOf(row));
  return resources;
}

function* toResource(row: GroupRow): Work<JsonObject> {
  const ids = yield* memberIds(row);
  const names = new Map<string, string>();
  for (const some of chunks(ids)) {
    for (const { id, name } of yield* select(principals, { where: inArray(principals.id, some) })) names.set(id, name);
  }
  const members = ids.map((value) => ({ value, display: names.get(value) ?? "", type: "User" }));
  return { ...resourceOf(row), members };
}

function resourceOf(row: GroupRow): JsonObject {
  const meta = { resourceType: "Group", created: row.createdAt, lastModified: row.updatedAt, version: versionOf(row) };
  return { id: row.groupId, ...row.attributes, meta };
}
