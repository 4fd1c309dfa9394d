import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { eraseDataKeyOf } from "../../seal/store.ts";
import { and, eq, inArray } from "../../storage/drizzle.ts";
import { groupMembers, groups, identities, principals, scimUsers, signIns } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { putGroup } from "../groups/store.ts";
import { endSignIns } from "../login/end-sign-ins.ts";
import { loadPrincipals, rowProblem } from "../principals/membership.ts";
import { createPrincipal, type PrincipalRef, type PrincipalRow, requirePrincipal } from "../principals/store.ts";
import { requireMayManage } from "../roles/rights.ts";
import type { MappedIdentity } from "./mapped-identity.ts";

export type IdentityRow = typeof identities.$inferSelect;

/** How a provider's people come to be principals here. */
export interface LinkRules {
  readonly createPrincipals: boolean;
  readonly createGroups: boolean;
  readonly linkBy: "none" | "name";
}

interface AcceptArgs {
  readonly provider: string;
  readonly identity: MappedIdentity;
  readonly rules: LinkRules;
}

export type Accepted =
  | { readonly ok: true; readonly principalId: string; readonly identityId: string }
  | { readonly ok: false; readonly reason: string };

export interface IdentityView {
  readonly provider: string;
  readonly subject: string;
  readonly username: string;
  readonly principal: string;
  readonly createdAt: string;
  readonly lastSignInAt: string | null;
  readonly validatedAt: string | null;
}

export const identityUnits = {
  /**
   * Who the provider's subject is here, with attributes and groups brought to what the provider says. A first sign-in
   * makes a principal, or takes over the one of that name only where that is configured. A refusal is a value, and
   * audited.
   */
  accept: write(function* (unit, args: AcceptArgs): Work<Accepted> {
    const found = yield* findOrLink(unit, args);
    if (!found.ok) {
      const { provider, identity } = args;
      const data = { provider, subject: identity.subject, name: identity.name, reason: found.reason };
      unit.audit({ type: "login.refused", data });
      return found;
    }
    yield* update(
      identities,
      { lastSignInAt: unit.now, username: args.identity.name },
      eq(identities.id, found.row.id),
    );
    yield* bringUpToDate(unit, { ...args, row: found.row });
    return { ok: true, principalId: found.row.principalId, identityId: found.row.id };
  }),

  /** The provider said yes again, and what it says now. */
  validated: write(function* (unit, args: AcceptArgs & { identityId: string }): Work<void> {
    const row = yield* selectOne(identities, eq(identities.id, args.identityId));
    if (row !== undefined) yield* bringUpToDate(unit, { ...args, row });
  }),

  list: read(function* (_unit, args: { principal?: string | undefined }): Work<IdentityView[]> {
    const of = args.principal === undefined ? undefined : (yield* requirePrincipal(args.principal)).id;
    const rows = yield* select(identities, { where: of === undefined ? undefined : eq(identities.principalId, of) });
    const people = yield* select(principals);
    const names = new Map(people.map((row) => [row.id, row.name]));
    return rows.map(({ provider, subject, username, principalId, createdAt, lastSignInAt, validatedAt }) => {
      const principal = names.get(principalId) ?? "";
      return { provider, subject, username, principal, createdAt, lastSignInAt, validatedAt };
    });
  }),

  /** An administrator says that the subject is this principal. */
  link: write(function* (unit, args: { by: PrincipalRef; provider: string; subject: string; principal: string }) {
    const principal = yield* requirePrincipal(args.principal);
    if (principal.kind !== "user") throw new TidewaiterError("bad_request", `${principal.name} is not a user`);
    const known = (yield* loadPrincipals([principal.id])).get(principal.id);
    if (known !== undefined) yield* requireMayManage(args.by, known);
    const privileged = (known?.roles ?? []).filter((role) => role !== "user");
    const why = privileged.length === 0 ? [] : [`${args.subject} of ${args.provider} gets ${privileged.join(", ")}`];
    protect(unit, { noun: "identity", name: principal.name }, why, { after: args.subject });
    if ((yield* find(args.provider, args.subject)) !== undefined) {
      throw new TidewaiterError("conflict", "that subject is linked already");
    }
    yield* linkTo(unit, { provider: args.provider, subject: args.subject, username: principal.name, principal });
    const data = { by: args.by.name, provider: args.provider, subject: args.subject, principal: principal.name };
    unit.audit({ type: "identity.linked", principalId: args.by.id, data });
  }),

  unlink: write(function* (unit, args: { by: PrincipalRef; provider: string; subject: string }): Work<void> {
    const row = yield* find(args.provider, args.subject);
    if (row === undefined) throw new TidewaiterError("not_found", "that subject is not linked");
    const known = (yield* loadPrincipals([row.principalId])).get(row.principalId);
    if (known !== undefined) yield* requireMayManage(args.by, known);
    yield* endSignIns(unit, eq(signIns.identityId, row.id), "your identity was unlinked");
    const given = and(eq(groupMembers.principalId, row.principalId), eq(groupMembers.source, row.provider));
    yield* remove(groupMembers, given);
    yield* eraseDataKeyOf(row.sealedToken);
    yield* remove(identities, eq(identities.id, row.id));
    unit.changed("principal", row.principalId);
    const data = { by: args.by.name, provider: row.provider, subject: row.subject };
    unit.audit({ type: "identity.unlinked", principalId: args.by.id, data });
  }),
};

type Found = { readonly ok: true; readonly row: IdentityRow } | { readonly ok: false; readonly reason: string };

function* findOrLink(unit: UnitContext, { provider, identity, rules }: AcceptArgs): Work<Found> {
  const { subject, name } = identity;
  const known = yield* find(provider, subject);
  if (known !== undefined) return yield* usable(known);
  const pushed = yield* pushedBy(provider, subject);
  if (pushed !== undefined) {
    return yield* usable(yield* linkTo(unit, { provider, subject, username: name, principal: pushed }));
  }
  const taken = yield* selectOne(principals, eq(principals.name, name));
  if (taken === undefined) {
    if (!rules.createPrincipals) return refuse(`there is no principal for you; ask for it to be made or linked`);
    const principal = {
      name,
      kind: "user",
      roles: ["user"],
      disabled: false,
      attributes: identity.attributes,
    } as const;
    yield* createPrincipal(unit, { by: providerRef(provider), principal });
    return {
      ok: true,
      row: yield* linkTo(unit, { provider, subject, username: name, principal: yield* requirePrincipal(name) }),
    };
  }
  if (rules.linkBy !== "name" || taken.kind !== "user") {
    return refuse(`the name ${name} is taken here; an administrator can link you: tw identity link`);
  }
  const others = and(eq(identities.principalId, taken.id), eq(identities.provider, provider));
  // A name that came to somebody else at the provider must not bring the rights of whoever had it before.
  if ((yield* selectOne(identities, others)) !== undefined)
    return refuse(`the name ${name} belongs to another of its people`);
  const row = yield* linkTo(unit, { provider, subject, username: name, principal: taken });
  unit.audit({
    type: "identity.linked",
    principalId: taken.id,
    data: { provider, subject, principal: name, by: "name" },
  });
  return yield* usable(row);
}

/** The provider has said so itself, by SCIM: its `externalId` is what it calls somebody for ever. */
function* pushedBy(provider: string, subject: string): Work<PrincipalRow | undefined> {
  const known = and(eq(scimUsers.provider, provider), eq(scimUsers.externalId, subject));
  const user = yield* selectOne(scimUsers, known);
  return user === undefined ? undefined : yield* selectOne(principals, eq(principals.id, user.principalId));
}

function* usable(row: IdentityRow): Work<Found> {
  const principal = yield* selectOne(principals, eq(principals.id, row.principalId));
  const problem = principal === undefined ? "deleted" : rowProblem(principal);
  return problem === undefined ? { ok: true, row } : refuse(`you were ${problem} here`);
}

function refuse(reason: string): Found {
  return { ok: false, reason };
}

function find(provider: string, subject: string): Work<IdentityRow | undefined> {
  return selectOne(identities, and(eq(identities.provider, provider), eq(identities.subject, subject)));
}

interface Link {
  readonly provider: string;
  readonly subject: string;
  readonly username: string;
  readonly principal: PrincipalRow;
}

function* linkTo(unit: UnitContext, { provider, subject, username, principal }: Link): Work<IdentityRow> {
  const row: IdentityRow = {
    id: newId("idn"),
    provider,
    subject,
    principalId: principal.id,
    username,
    createdAt: unit.now,
    lastSignInAt: null,
    validatedAt: null,
    checkAt: null,
    sealedToken: null,
  };
  yield* insert(identities, row);
  return row;
}

function* bringUpToDate(unit: UnitContext, args: AcceptArgs & { row: IdentityRow }): Work<void> {
  const { provider, identity, rules, row } = args;
  yield* update(identities, { validatedAt: unit.now }, eq(identities.id, row.id));
  const principal = yield* selectOne(principals, eq(principals.id, row.principalId));
  if (principal === undefined) return;
  const attributes = { ...principal.attributes, ...identity.attributes };
  if (Object.entries(identity.attributes).some(([name, value]) => principal.attributes[name] !== value)) {
    yield* update(principals, { attributes }, eq(principals.id, principal.id));
    unit.changed("principal", principal.id);
  }
  if (identity.groups === undefined) return;
  if (rules.createGroups) yield* makeGroups(unit, provider, identity.groups);
  yield* setMembership(unit, { source: provider, principal, groupNames: identity.groups });
}

function* makeGroups(unit: UnitContext, provider: string, names: readonly string[]): Work<void> {
  const known = names.length === 0 ? [] : yield* select(groups, { where: inArray(groups.name, [...names]) });
  const missing = names.filter((name) => !known.some((row) => row.name === name));
  for (const name of missing) {
    yield* putGroup(unit, { by: providerRef(provider), group: { name, description: `of ${provider}` } });
  }
}

interface Membership {
  /** The provider's name: what others gave stays. */
  readonly source: string;
  readonly principal: PrincipalRow;
  readonly groupNames: readonly string[];
}

/** Brings what one source says of a principal's groups to exactly these; names of no group are passed over. */
export function* setMembership(unit: UnitContext, { source, principal, groupNames }: Membership): Work<void> {
  const mine = and(eq(groupMembers.principalId, principal.id), eq(groupMembers.source, source));
  const before = yield* select(groupMembers, { where: mine });
  const wanted = groupNames.length === 0 ? [] : yield* select(groups, { where: inArray(groups.name, [...groupNames]) });
  const added = wanted.filter((group) => !before.some((member) => member.groupId === group.id));
  const gone = before.filter((member) => !wanted.some((group) => group.id === member.groupId));
  if (added.length === 0 && gone.length === 0) return;
  for (const { groupId } of gone) yield* remove(groupMembers, and(mine, eq(groupMembers.groupId, groupId)));
  for (const group of added) yield* insert(groupMembers, { groupId: group.id, principalId: principal.id, source });
  unit.changed("principal", principal.id);
  const names = new Map((yield* select(groups)).map((group) => [group.id, group.name]));
  const data = {
    provider: source,
    name: principal.name,
    added: added.map((group) => group.name).join(" "),
    removed: gone.map(({ groupId }) => names.get(groupId) ?? groupId).join(" "),
  };
  unit.audit({ type: "identity.groups_changed", principalId: principal.id, data });
}

/** A provider that makes a change by itself. */
export function providerRef(provider: string): PrincipalRef {
  return { id: `provider:${provider}`, name: `provider ${provider}` };
}
