import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { asc, eq, or } from "../../storage/drizzle.ts";
import { grants, groups, principals, resources } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { actorSubjects, protect } from "../change-requests/protect.ts";
import { type GrantState, grantWeakens } from "../change-requests/weakens.ts";
import { requireGroup } from "../groups/store.ts";
import { loadActing } from "../mandates/acting.ts";
import { type PrincipalRef, requirePrincipal } from "../principals/store.ts";
import { requireResource } from "../resources/store.ts";
import { highestAccess } from "./access.ts";

export type GrantRow = typeof grants.$inferSelect;

/** One of `principal` and `group`, and one of `resource` and `tags`. */
export interface GrantInput {
  /** Unique; its id when absent. */
  readonly name?: string | undefined;
  readonly principal?: string | undefined;
  readonly group?: string | undefined;
  readonly resource?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly level: AccessLevel;
  readonly expiresAt?: string | undefined;
}

export interface GrantView {
  readonly id: string;
  readonly name: string;
  readonly principal: string | null;
  readonly group: string | null;
  readonly resource: string | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly level: AccessLevel;
  readonly expiresAt: string | null;
  /** The access request that it was made for. */
  readonly requestId: string | null;
}

interface Acts {
  readonly principalId: string;
  readonly mandateId?: string | undefined;
}

export const grantUnits = {
  list: read(function* (): Work<GrantView[]> {
    return yield* listGrants();
  }),

  /** What a principal may reach now, with the highest level; of a delegated AI agent what its person may reach too. */
  reachable: read(function* (unit, args: Acts): Work<{ resource: string; level: AccessLevel }[]> {
    const { principalId, mandateId = null } = args;
    const [acting] = yield* loadActing([{ principalId, mandateId }], unit.now);
    const principal = acting?.known;
    if (principal === undefined || acting?.problem !== undefined) return [];
    const all = yield* select(grants);
    const rows = yield* select(resources, { orderBy: asc(resources.name) });
    return rows.flatMap((resource) => {
      const level = highestAccess({ grants: all, principal, resource, now: unit.now });
      return level === undefined ? [] : [{ resource: resource.name, level }];
    });
  }),

  /** By id or name. */
  get: read(function* (_unit, args: { id: string }): Work<GrantView> {
    return yield* getGrant(args.id);
  }),

  create: write(function* (unit, args: { by: PrincipalRef; grant: GrantInput }): Work<GrantView> {
    return yield* getGrant(yield* createGrant(unit, args));
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; id: string }): Work<void> {
    yield* deleteGrant(unit, args);
  }),
};

export function* createGrant(unit: UnitContext, args: { by: PrincipalRef; grant: GrantInput }): Work<string> {
  const { principal, group, resource, tags, level, expiresAt } = args.grant;
  const id = newId("gnt");
  const name = args.grant.name ?? id;
  const target = yield* grantTarget(args.grant);
  yield* protectGrant(unit, args.by, name, { before: undefined, after: target });
  yield* insert(grants, { id, name, ...target, createdAt: unit.now });
  unit.changed("grant", id);
  const to = principal === undefined ? `group:${group}` : `principal:${principal}`;
  const on = resource ?? JSON.stringify(tags);
  const data = { by: args.by.name, name, to, on, level, expiresAt: expiresAt ?? null };
  unit.audit({ type: "grant.created", principalId: args.by.id, data });
  return id;
}

export type GrantTarget = Pick<GrantRow, "principalId" | "groupId" | "resourceId" | "selector" | "level" | "expiresAt">;

/** Nobody gives themselves access without another person knowing, where two are needed. */
export function* protectGrant(
  unit: UnitContext,
  by: PrincipalRef,
  name: string,
  change: { readonly before: GrantTarget | undefined; readonly after: GrantTarget },
): Work<void> {
  const own = yield* actorSubjects(by);
  const state = ({ principalId, groupId, resourceId, selector, level, expiresAt }: GrantTarget): GrantState => {
    const toActor =
      (principalId !== null && own.principals.includes(principalId)) ||
      (groupId !== null && own.groups.includes(groupId));
    return { level, expiresAt, toActor, place: JSON.stringify([resourceId, selector]) };
  };
  const before = change.before && state(change.before);
  protect(unit, { noun: "grant", name }, grantWeakens(before, state(change.after)), change);
}

/** The columns that say who gets what, names resolved. */
export function* grantTarget(grant: GrantInput) {
  const { principal, group, resource, tags, level, expiresAt } = grant;
  return {
    principalId: principal === undefined ? null : (yield* requirePrincipal(principal)).id,
    groupId: group === undefined ? null : (yield* requireGroup(group)).id,
    resourceId: resource === undefined ? null : (yield* requireResource(resource)).id,
    selector: tags ?? null,
    level,
    expiresAt: expiresAt ?? null,
  };
}

/** By id or name. */
export function* deleteGrant(unit: UnitContext, args: { by: PrincipalRef; id: string }): Work<void> {
  const row = yield* selectOne(grants, or(eq(grants.id, args.id), eq(grants.name, args.id)));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no grant ${args.id}`);
  yield* remove(grants, eq(grants.id, row.id));
  unit.changed("grant", row.id);
  unit.audit({ type: "grant.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
}

function* getGrant(id: string): Work<GrantView> {
  const found = (yield* listGrants()).find((grant) => grant.id === id || grant.name === id);
  if (found === undefined) throw new TidewaiterError("not_found", `there is no grant ${id}`);
  return found;
}

export function* listGrants(): Work<GrantView[]> {
  const rows = yield* select(grants, { orderBy: asc(grants.name) });
  const names = new Map<string, string>();
  for (const table of [principals, groups, resources] as const) {
    for (const row of yield* select<typeof principals | typeof groups | typeof resources>(table)) {
      names.set(row.id, row.name);
    }
  }
  const named = (id: string | null) => (id === null ? null : (names.get(id) ?? null));
  return rows.map(({ id, name, principalId, groupId, resourceId, selector, level, expiresAt, requestId }) => ({
    id,
    name,
    principal: named(principalId),
    group: named(groupId),
    resource: named(resourceId),
    tags: selector,
    level,
    expiresAt,
    requestId,
  }));
}
