import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { isBuiltInRole, type Permission, ROLE_PERMISSIONS, ROLES, rightsOf, type Scope } from "../../permissions.ts";
import { asc, eq } from "../../storage/drizzle.ts";
import { groups, principals, roles } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { roleWeakens } from "../change-requests/weakens.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requireHolds, requireMayGive } from "./rights.ts";

export type RoleRow = typeof roles.$inferSelect;

export interface RoleInput {
  readonly name: string;
  readonly description?: string | undefined;
  readonly permissions: readonly Permission[];
  /** Absent or empty: on every resource. */
  readonly scope?: Scope | undefined;
}

export interface RoleView {
  readonly name: string;
  readonly builtIn: boolean;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly scope: Scope;
}

export const roleUnits = {
  list: read(function* (): Work<RoleView[]> {
    const builtIn = ROLES.map((name) => {
      return { name, builtIn: true, description: "built in", permissions: ROLE_PERMISSIONS[name], scope: {} };
    });
    const rows = yield* select(roles, { orderBy: asc(roles.name) });
    return [...builtIn, ...rows.map(toView)];
  }),

  put: write(function* (unit, args: { by: PrincipalRef; role: RoleInput }): Work<RoleView> {
    yield* putRole(unit, args);
    return toView(yield* requireRole(args.role.name));
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    yield* deleteRole(unit, args);
  }),
};

/** Makes the role or brings it to the given form. Everybody who has it feels it at once. */
export function* putRole(unit: UnitContext, args: { by: PrincipalRef; role: RoleInput }): Work<void> {
  const { name, description, permissions, scope = {} } = args.role;
  if (isBuiltInRole(name)) throw new TidewaiterError("conflict", `${name} is built in and cannot be changed`);
  const wanted = { permissions: [...new Set(permissions)].sort(), scope };
  const known = yield* selectOne(roles, eq(roles.name, name));
  protect(unit, { noun: "role", name }, roleWeakens(known, wanted), {
    before: known && { permissions: known.permissions, scope: known.scope },
    after: wanted,
  });
  yield* requireHolds(args.by, rightsOf([name], [{ name, ...wanted }]));
  if (known !== undefined) yield* requireMayGive(args.by, rightsOf([name], [known]), []);
  const id = known?.id ?? newId("rol");
  const row = { description: description ?? known?.description ?? "", ...wanted };
  if (known === undefined) yield* insert(roles, { id, name, ...row, createdAt: unit.now });
  else yield* update(roles, row, eq(roles.id, id));
  unit.changed("role", id);
  const data = { by: args.by.name, name, permissions: wanted.permissions.join(" "), scope: JSON.stringify(scope) };
  unit.audit({ type: known === undefined ? "role.created" : "role.updated", principalId: args.by.id, data });
}

/** Whoever had it loses it. */
export function* deleteRole(unit: UnitContext, args: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* requireRole(args.name);
  yield* requireMayGive(args.by, rightsOf([row.name], [row]), []);
  yield* remove(roles, eq(roles.id, row.id));
  // A role of the same name that is made later must not fall to those who had this one.
  for (const holder of yield* select(principals)) {
    if (!holder.roles.includes(row.name)) continue;
    yield* update(principals, { roles: without(holder.roles, row.name) }, eq(principals.id, holder.id));
    unit.changed("principal", holder.id);
  }
  for (const group of yield* select(groups)) {
    if (!group.roles.includes(row.name)) continue;
    yield* update(groups, { roles: without(group.roles, row.name) }, eq(groups.id, group.id));
    unit.changed("group", group.id);
  }
  unit.changed("role", row.id);
  unit.audit({ type: "role.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
}

/** @throws TidewaiterError `bad_request` for a name that is neither built in nor there */
export function* requireKnownRoles(names: readonly string[]): Work<void> {
  for (const name of names) {
    if (isBuiltInRole(name) || (yield* selectOne(roles, eq(roles.name, name))) !== undefined) continue;
    throw new TidewaiterError("bad_request", `roles: there is no role ${name}`);
  }
}

function* requireRole(name: string): Work<RoleRow> {
  const row = yield* selectOne(roles, eq(roles.name, name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no custom role ${name}`);
  return row;
}

function without(names: readonly string[], gone: string): string[] {
  return names.filter((name) => name !== gone);
}

function toView({ name, description, permissions, scope }: RoleRow): RoleView {
  return { name, builtIn: false, description, permissions, scope };
}
