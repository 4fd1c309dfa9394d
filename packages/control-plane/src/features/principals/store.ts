import { randomBytes } from "node:crypto";
import type { Principal, PrincipalKind } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import type { Rights } from "../../permissions.ts";
import { and, asc, eq, isNull, ne } from "../../storage/drizzle.ts";
import { factorChallenges, identities, principals, signIns } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { administrators, protect } from "../change-requests/protect.ts";
import { principalWeakens } from "../change-requests/weakens.ts";
import { endRegisteredKeys, endSignIns } from "../login/end-sign-ins.ts";
import { isPrincipal, requireMayGive, requireMayManage, rightsOfRoles } from "../roles/rights.ts";
import { requireKnownRoles } from "../roles/store.ts";
import { type KnownPrincipal, loadPrincipals } from "./membership.ts";

export type PrincipalRow = typeof principals.$inferSelect;

/** Who did it, for the audit log. */
export interface PrincipalRef {
  readonly id: string;
  readonly name: string;
  /** What they may do by the credential that they came with; absent = all that they may do now. */
  readonly rights?: Rights | undefined;
  /** Whom an AI agent acts for. */
  readonly ownerId?: string | undefined;
}

export interface NewPrincipal {
  readonly name: string;
  readonly kind: PrincipalKind;
  readonly roles: readonly string[];
  readonly disabled: boolean;
  readonly onBehalfOf?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly passwordHash?: string;
}

export type PrincipalPatch = {
  readonly [Field in "roles" | "disabled" | "attributes"]?: NewPrincipal[Field] | undefined;
} & { readonly onBehalfOf?: string | null | undefined };

export interface PrincipalView {
  readonly id: string;
  readonly name: string;
  readonly kind: PrincipalKind;
  readonly roles: readonly string[];
  readonly disabled: boolean;
  /** The identity provider that says it has left. */
  readonly suspendedBy: string | null;
  readonly groups: readonly string[];
  readonly onBehalfOf: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly hasPassword: boolean;
  readonly createdAt: string;
}

/** RFC 5802: the salt is not secret; 4096 iterations, since a connection secret has 160 random bits. */
export const SCRAM_ITERATIONS = 4096;

export const principalUnits = {
  list: read(function* (): Work<PrincipalView[]> {
    const rows = yield* select(principals, { orderBy: asc(principals.name) });
    const known = yield* loadPrincipals(rows.map((row) => row.id));
    return rows.flatMap((row) => view(known.get(row.id)));
  }),

  get: read(function* (_unit, args: { name: string }): Work<PrincipalView> {
    return yield* viewByName(args.name);
  }),

  /** As policies see it. */
  domain: read(function* (_unit, args: { name: string }): Work<Principal> {
    const row = yield* requirePrincipal(args.name);
    const known = (yield* loadPrincipals([row.id])).get(row.id);
    if (known === undefined) throw new TidewaiterError("not_found", `there is no principal ${args.name}`);
    return toPrincipal(known);
  }),

  /** Undefined when there is no such principal. */
  nameOf: read(function* (_unit, args: { id: string }): Work<string | undefined> {
    return (yield* selectOne(principals, eq(principals.id, args.id)))?.name;
  }),

  /** What signing in needs; undefined when there is no such principal. */
  forLogin: read(function* (_unit, args: { name: string }): Work<PrincipalRow | undefined> {
    return yield* selectOne(principals, eq(principals.name, args.name));
  }),

  create: write(function* (unit, args: { by: PrincipalRef; principal: NewPrincipal }) {
    yield* createPrincipal(unit, args);
    return yield* viewByName(args.principal.name);
  }),

  /** Makes the first principal, an administrator; false when there is one already. */
  bootstrap: write(function* (unit, args: { name: string; passwordHash: string }): Work<boolean> {
    if ((yield* count(principals)) > 0) return false;
    const { name, passwordHash } = args;
    const principal: NewPrincipal = { name, kind: "user", roles: ["admin"], disabled: false, passwordHash };
    yield* createPrincipal(unit, { by: { id: "bootstrap", name: "bootstrap" }, principal });
    return true;
  }),

  update: write(function* (unit, args: { by: PrincipalRef; name: string; patch: PrincipalPatch }) {
    yield* updatePrincipal(unit, args);
    return yield* viewByName(args.name);
  }),

  setPassword: write(function* (unit, args: { by: PrincipalRef; name: string; passwordHash: string }): Work<void> {
    const row = yield* requirePrincipal(args.name);
    yield* requireMayManage(args.by, yield* requireKnown(row));
    yield* requireNoIdentity(row);
    const another = args.by.id !== row.id && row.kind === "user";
    const why = another ? ["somebody else sets the password, and could sign in with it"] : [];
    protect(unit, { noun: "principal", name: row.name }, why, {});
    yield* update(principals, { passwordHash: args.passwordHash }, eq(principals.id, row.id));
    // A sign-in that waits for its second factor was begun with the password before.
    yield* remove(factorChallenges, eq(factorChallenges.principalId, row.id));
    yield* endSignIns(unit, eq(signIns.principalId, row.id), "your password was changed");
    yield* endRegisteredKeys(unit, row.id, "your password was changed");
    unit.changed("principal", row.id);
    unit.audit({ type: "principal.password_set", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    yield* deletePrincipal(unit, args);
  }),
};

/** Who signs in at a provider proves there who they are; a password here would be a second way in that it never sees. */
function* requireNoIdentity({ id, name }: PrincipalRow): Work<void> {
  const linked = yield* selectOne(identities, eq(identities.principalId, id));
  if (linked === undefined) return;
  throw new TidewaiterError("conflict", `${name} signs in at ${linked.provider}, and has no password here`, {
    next: `tw identity unlink --provider ${linked.provider} --subject SUBJECT, as tw identity list shows it`,
  });
}

export function* createPrincipal(unit: UnitContext, args: { by: PrincipalRef; principal: NewPrincipal }): Work<void> {
  const { name, kind, roles, disabled, passwordHash } = args.principal;
  const ownerId = yield* resolveOwner(kind, args.principal.onBehalfOf);
  yield* requireKnownRoles(roles);
  yield* requireMayGive(args.by, yield* rightsOfRoles(roles), []);
  const id = newId("prn");
  yield* insert(principals, {
    id,
    name,
    kind,
    roles,
    disabled,
    attributes: args.principal.attributes ?? {},
    ownerId,
    passwordHash: passwordHash ?? null,
    scramSalt: randomBytes(16).toString("base64"),
    scramIterations: SCRAM_ITERATIONS,
    createdAt: unit.now,
  });
  const attributes = args.principal.attributes ?? {};
  const after = { kind, roles, disabled, ownerId, attributes };
  // The first of all is made when there is nobody who could approve.
  protect(unit, { noun: "principal", name }, principalWeakens(undefined, after), { after: { kind, roles, disabled } });
  unit.changed("principal", id);
  const data = {
    by: args.by.name,
    name,
    kind,
    roles: roles.join(" "),
    disabled,
    onBehalfOf: args.principal.onBehalfOf ?? null,
  };
  unit.audit({ type: "principal.created", principalId: args.by.id, data });
}

export function* updatePrincipal(
  unit: UnitContext,
  args: { by: PrincipalRef; name: string; patch: PrincipalPatch },
): Work<void> {
  const row = yield* requirePrincipal(args.name);
  const { roles, disabled, attributes, onBehalfOf } = args.patch;
  const known = yield* requireKnown(row);
  yield* requireMayManage(args.by, known);
  if (roles !== undefined) {
    yield* requireKnownRoles(roles);
    yield* requireMayGive(args.by, yield* rightsOfRoles(roles), [known]);
  }
  const set = {
    ...(roles === undefined ? {} : { roles }),
    ...(disabled === undefined ? {} : { disabled }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(onBehalfOf === undefined ? {} : { ownerId: yield* resolveOwner(row.kind, onBehalfOf ?? undefined) }),
  };
  if (Object.keys(set).length === 0) return;
  yield* update(principals, set, eq(principals.id, row.id));
  yield* requireAnAdmin();
  const changed = yield* requireKnown(row);
  // Its roles are worth what its person has: with another, or none, they may be worth more.
  if (onBehalfOf !== undefined) yield* requireMayManage(args.by, changed);
  yield* protectPrincipal(unit, args.by, known, changed);
  unit.changed("principal", row.id);
  const owner = onBehalfOf === undefined ? {} : { onBehalfOf };
  const after = { roles: (roles ?? row.roles).join(" "), disabled: disabled ?? row.disabled, ...owner };
  const data = { by: args.by.name, name: row.name, ...after };
  unit.audit({ type: "principal.updated", principalId: args.by.id, data });
}

export function* deletePrincipal(unit: UnitContext, args: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* requirePrincipal(args.name);
  const known = yield* requireKnown(row);
  yield* requireMayManage(args.by, known);
  yield* remove(principals, eq(principals.id, row.id));
  yield* requireAnAdmin();
  yield* protectPrincipal(unit, args.by, known, undefined);
  unit.changed("principal", row.id);
  unit.audit({ type: "principal.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
}

export function* requirePrincipal(name: string): Work<PrincipalRow> {
  const row = yield* selectOne(principals, eq(principals.name, name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no principal ${name}`);
  return row;
}

function* protectPrincipal(
  unit: UnitContext,
  by: PrincipalRef,
  before: KnownPrincipal,
  after: KnownPrincipal | undefined,
): Work<void> {
  const state = ({ row, roles }: KnownPrincipal) => {
    const { kind, disabled, ownerId, attributes } = row;
    return { kind, roles, disabled, ownerId, attributes };
  };
  const why = principalWeakens(state(before), after && state(after));
  const wasAdmin = before.roles.includes("admin") && !before.row.disabled;
  const isAdmin = after?.roles.includes("admin") === true && !after.row.disabled;
  // A provider says who has left; a person who takes the second administrator away would be alone with all changes.
  if (wasAdmin && !isAdmin && isPrincipal(by) && (yield* administrators()) < 2) {
    why.push("fewer than two administrators are left");
  }
  const shown = (known: KnownPrincipal | undefined) => known && state(known);
  protect(unit, { noun: "principal", name: before.row.name }, why, { before: shown(before), after: shown(after) });
}

function* requireKnown(row: PrincipalRow): Work<KnownPrincipal> {
  const known = (yield* loadPrincipals([row.id])).get(row.id);
  if (known === undefined) throw new TidewaiterError("not_found", `there is no principal ${row.name}`);
  return known;
}

/** Without one nobody could ever repair the rest. */
function* requireAnAdmin(): Work<void> {
  const able = yield* select(principals, {
    where: and(eq(principals.disabled, false), isNull(principals.suspendedBy), ne(principals.kind, "ai_agent")),
  });
  if (!able.some((row) => row.roles.includes("admin"))) {
    throw new TidewaiterError("conflict", "the last administrator cannot be removed, disabled or demoted");
  }
}

function* resolveOwner(kind: PrincipalKind, name: string | undefined): Work<string | null> {
  if (name === undefined) return null;
  if (kind !== "ai_agent") throw new TidewaiterError("bad_request", "only an AI agent acts on behalf of a person");
  const owner = yield* selectOne(principals, eq(principals.name, name));
  if (owner?.kind !== "user") throw new TidewaiterError("bad_request", `onBehalfOf: ${name} is not a user`);
  return owner.id;
}

function* viewByName(name: string): Work<PrincipalView> {
  const row = yield* requirePrincipal(name);
  const known = yield* loadPrincipals([row.id]);
  const [found] = view(known.get(row.id));
  if (found === undefined) throw new TidewaiterError("not_found", `there is no principal ${name}`);
  return found;
}

function view(known: KnownPrincipal | undefined): PrincipalView[] {
  if (known === undefined) return [];
  const { id, name, kind, roles, disabled, suspendedBy, attributes, passwordHash, createdAt } = known.row;
  const state = { disabled, suspendedBy, createdAt, hasPassword: passwordHash !== null };
  const shown = { id, name, kind, roles, attributes, ...state };
  return [{ ...shown, groups: known.groupNames, onBehalfOf: known.owner?.row.name ?? null }];
}

export function toPrincipal(known: KnownPrincipal): Principal {
  const { id, name, kind } = known.row;
  const principal = { id, name, kind, groups: known.groupNames };
  if (known.owner === undefined) return principal;
  const { row, groupNames } = known.owner;
  return { ...principal, onBehalfOf: { id: row.id, name: row.name, groups: groupNames } };
}
