import { TidewaiterError } from "@tidewaiter/core/errors";
import {
  covers,
  holdsEverywhere,
  holdsOn,
  intersectRights,
  isBuiltInRole,
  type Permission,
  type Rights,
  rightsOf,
  type Scope,
} from "../../permissions.ts";
import { inArray } from "../../storage/drizzle.ts";
import { roles } from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import { type KnownPrincipal, loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";

const OWN_PERSON = "a program does not change the person it acts for";
const CANNOT_GIVE = "nobody gives a permission or scope that they do not have themselves";

/** What a principal may do now: by its roles and those of its groups. An AI agent has no more than its person. */
export function* loadRights(known: KnownPrincipal): Work<Rights> {
  const own = yield* rightsOfRoles(known.roles);
  if (known.owner === undefined) return own;
  return intersectRights(own, yield* rightsOfRoles(known.owner.roles));
}

export function* rightsOfRoles(names: readonly string[]): Work<Rights> {
  const custom = names.filter((name) => !isBuiltInRole(name));
  const rows = custom.length === 0 ? [] : yield* select(roles, { where: inArray(roles.name, custom) });
  return rightsOf(names, rows);
}

/** Only programs of ours act under another id than a principal's: the first start, a provider that pushes. */
export function isPrincipal(by: PrincipalRef): boolean {
  return by.id.startsWith("prn_");
}

/** Of whoever makes a change; nothing when they are gone or disabled. */
export function* rightsOfRef(by: PrincipalRef): Work<Rights> {
  if (by.rights !== undefined) return by.rights;
  const known = (yield* loadPrincipals([by.id])).get(by.id);
  if (known === undefined || principalProblem(known) !== undefined) return {};
  return yield* loadRights(known);
}

/** @throws TidewaiterError `permission_missing`; with tags it is enough to hold it there. */
export function* requirePermission(by: PrincipalRef, permission: Permission, tags?: Scope): Work<void> {
  if (!isPrincipal(by)) return;
  const rights = yield* rightsOfRef(by);
  if (tags === undefined ? holdsEverywhere(rights, permission) : holdsOn(rights, permission, tags)) return;
  throw new TidewaiterError("permission_missing", `this needs the permission ${permission}`);
}

/** What a role gives has to be in the hands of whoever makes it: there is no exception. */
export function* requireHolds(by: PrincipalRef, given: Rights): Work<void> {
  if (!isPrincipal(by) || covers(yield* rightsOfRef(by), given)) return;
  throw new TidewaiterError("permission_missing", CANNOT_GIVE);
}

/**
 * Nobody gives what they have not. The one exception is `roles.appoint`, which administrators have: they appoint
 * others to roles that hold more than their own, such as auditors, but never themselves nor what acts for them.
 * @throws TidewaiterError `permission_missing`
 */
export function* requireMayGive(by: PrincipalRef, given: Rights, toWhom: readonly KnownPrincipal[]): Work<void> {
  if (!isPrincipal(by)) return;
  const rights = yield* rightsOfRef(by);
  if (covers(rights, given)) return;
  const themselves = [by.id, by.ownerId];
  const toThemselves = toWhom.some(({ row }) => themselves.includes(row.id) || row.ownerId === by.id);
  if (holdsEverywhere(rights, "roles.appoint") && !toThemselves) return;
  throw new TidewaiterError("permission_missing", CANNOT_GIVE);
}

/** Passwords, roles and the state of somebody who may do more are out of reach: one could become them, or be rid of them. */
export function* requireMayManage(by: PrincipalRef, target: KnownPrincipal): Work<void> {
  if (!isPrincipal(by) || by.id === target.row.id) return;
  // It could become that person: with a password that it knows, without the factors that it lacks.
  if (by.ownerId === target.row.id) throw new TidewaiterError("permission_missing", OWN_PERSON);
  const rights = yield* rightsOfRef(by);
  if (holdsEverywhere(rights, "roles.appoint") || covers(rights, yield* loadRights(target))) return;
  throw new TidewaiterError("permission_missing", `${target.row.name} may do more than you: you cannot change them`);
}
