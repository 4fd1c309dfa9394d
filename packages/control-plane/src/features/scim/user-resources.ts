import type { SQL } from "drizzle-orm";
import { and, asc, eq, inArray } from "../../storage/drizzle.ts";
import { groupMembers, groups, scimUsers } from "../../storage/schema.ts";
import { count, select, type Work } from "../../storage/statement.ts";
import { USER } from "./attributes.ts";
import type { Filter } from "./filter.ts";
import { type JsonObject, matcher } from "./match.ts";
import type { Values } from "./read-values.ts";
import { versionOf } from "./unit.ts";

export type UserRow = typeof scimUsers.$inferSelect;

const IDS_AT_ONCE = 500;

export interface Page {
  readonly provider: string;
  readonly filter?: Filter | undefined;
  /** From 0. */
  readonly offset: number;
  readonly limit: number;
}

export interface Listing {
  readonly total: number;
  readonly resources: readonly JsonObject[];
}

/** The provider's users, in a fixed order. */
export function* listUsers({ provider, filter, offset, limit }: Page): Work<Listing> {
  const theirs = eq(scimUsers.provider, provider);
  const orderBy = asc(scimUsers.principalId);
  if (filter === undefined) {
    const rows = yield* select(scimUsers, { where: theirs, orderBy, limit, offset });
    return { total: yield* count(scimUsers, theirs), resources: yield* userResources(rows) };
  }
  const fits = matcher(USER, filter);
  const narrowed = indexed(filter, { username: scimUsers.userKey, id: scimUsers.principalId }, scimUsers.externalId);
  const rows = yield* select(scimUsers, { where: and(theirs, narrowed), orderBy });
  const found = (yield* userResources(rows)).filter(fits);
  return { total: found.length, resources: found.slice(offset, offset + limit) };
}

type Column = typeof scimUsers.userKey | typeof scimUsers.principalId | typeof scimUsers.externalId;

/** What of `a eq "x" and ...` an index can find; the filter is applied to what it finds all the same. */
function indexed(filter: Filter, folded: Readonly<Record<string, Column>>, externalId: Column): SQL | undefined {
  const terms = filter.type === "and" ? filter.parts : [filter];
  for (const term of terms) {
    if (term.type !== "compare" || term.operator !== "eq" || typeof term.value !== "string") continue;
    const name = term.path.toLowerCase();
    if (name === "externalid") return eq(externalId, term.value);
    const column = Object.hasOwn(folded, name) ? folded[name] : undefined;
    if (column !== undefined) return eq(column, name === "id" ? term.value : term.value.toLowerCase());
  }
  return undefined;
}

/** What the provider wrote. */
export function userValues({ attributes, externalId, active }: UserRow): Values {
  return { ...attributes, ...(externalId === null ? {} : { externalId }), active };
}

/** As RFC 7643 shows them, with the groups that the provider gave. */
export function* userResources(rows: readonly UserRow[]): Work<JsonObject[]> {
  const memberships = new Map<string, { value: string; display: string }[]>();
  const ids = rows.map((row) => row.principalId);
  const provider = rows[0]?.provider ?? "";
  // Many ids would be more parameters than a statement takes.
  const some = ids.length <= IDS_AT_ONCE ? inArray(groupMembers.principalId, ids) : undefined;
  const members =
    ids.length === 0 ? [] : yield* select(groupMembers, { where: and(eq(groupMembers.source, provider), some) });
  const names = new Map((members.length === 0 ? [] : yield* select(groups)).map((group) => [group.id, group.name]));
  for (const { groupId, principalId } of members) {
    const list = memberships.get(principalId) ?? [];
    list.push({ value: groupId, display: names.get(groupId) ?? "" });
    memberships.set(principalId, list);
  }
  return rows.map((row) => ({
    id: row.principalId,
    ...userValues(row),
    groups: memberships.get(row.principalId) ?? [],
    meta: { resourceType: "User", created: row.createdAt, lastModified: row.updatedAt, version: versionOf(row) },
  }));
}
