import { randomBytes } from "node:crypto";
import { newId } from "@tidewaiter/core/ids";
import type { SQL } from "drizzle-orm";
import { and, eq } from "../../storage/drizzle.ts";
import { principals, scimUsers } from "../../storage/schema.ts";
import { insert, remove, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext } from "../../storage/unit.ts";
import { type PrincipalRow, SCRAM_ITERATIONS } from "../principals/store.ts";
import { resumePrincipal, suspendPrincipal } from "../principals/suspend.ts";
import { USER } from "./attributes.ts";
import { factsOf } from "./facts.ts";
import type { JsonObject } from "./match.ts";
import { principalNameOf } from "./names.ts";
import { applyPatch, type PatchOperation } from "./patch.ts";
import type { Values } from "./read-values.ts";
import { invalid } from "./scim-error.ts";
import { bindSubject, signedInAs } from "./subject.ts";
import { notFound, requireVersion, scimWrite } from "./unit.ts";
import { type Listing, listUsers, type Page, type UserRow, userResources, userValues } from "./user-resources.ts";

/** One resource of a provider; another provider's does not exist for it. */
export interface One {
  readonly provider: string;
  readonly id: string;
  readonly ifMatch?: string | undefined;
}

export const scimUserUnits = {
  list: read(function* (_unit, args: Page): Work<Listing> {
    return yield* listUsers(args);
  }),

  get: read(function* (_unit, args: One): Work<JsonObject | undefined> {
    const row = yield* findUser(args);
    return row === undefined ? undefined : (yield* userResources([row]))[0];
  }),

  create: scimWrite(function* (unit, args: { provider: string; values: Values }): Work<JsonObject> {
    const row = yield* createUser(unit, args.provider, args.values);
    return yield* shown(row);
  }),

  replace: scimWrite(function* (unit, args: One & { values: Values }): Work<JsonObject> {
    const row = yield* requireUser(args);
    return yield* shown(yield* saveUser(unit, row, args.values));
  }),

  patch: scimWrite(function* (unit, args: One & { operations: readonly PatchOperation[] }): Work<JsonObject> {
    const row = yield* requireUser(args);
    return yield* shown(yield* saveUser(unit, row, applyPatch(USER, userValues(row), args.operations)));
  }),

  /** The principal goes: it is the provider's. */
  delete: scimWrite(function* (unit, args: One): Work<void> {
    const row = yield* requireUser(args);
    const principal = yield* principalOf(row);
    yield* remove(principals, eq(principals.id, row.principalId));
    unit.changed("principal", row.principalId);
    const data = { by: args.provider, name: principal.name };
    unit.audit({ type: "principal.deleted", principalId: row.principalId, data });
  }),
};

function* createUser(unit: UnitContext, provider: string, values: Values): Work<UserRow> {
  const columns = columnsOf(values);
  yield* requireFree(provider, columns, undefined);
  const pushed = { provider, userName: String(values.userName), externalId: columns.externalId };
  const known = yield* signedInAs(pushed);
  // Who has a password here is a local user, whatever else is linked to it.
  if (known !== undefined && (known.kind !== "user" || known.passwordHash !== null)) throw nameTaken(known.name);
  const principal = known ?? (yield* createPrincipalFor(unit, provider, values));
  const id = principal.id;
  const row = { principalId: id, provider, ...columns, version: 1, createdAt: unit.now, updatedAt: unit.now };
  yield* insert(scimUsers, row);
  yield* bindSubject(unit, principal, pushed, null);
  if (row.active) yield* resumePrincipal(unit, principal, provider);
  else yield* suspendPrincipal(unit, principal, provider);
  return row;
}

function* createPrincipalFor(unit: UnitContext, provider: string, values: Values): Work<PrincipalRow> {
  const name = principalNameOf(String(values.userName));
  const taken = yield* selectOne(principals, eq(principals.name, name));
  if (taken !== undefined) throw nameTaken(name);
  const principal: PrincipalRow = {
    id: newId("prn"),
    name,
    kind: "user",
    roles: ["user"],
    disabled: false,
    attributes: yield* factsOf(provider, values, {}),
    ownerId: null,
    passwordHash: null,
    scramSalt: randomBytes(16).toString("base64"),
    scramIterations: SCRAM_ITERATIONS,
    createdAt: unit.now,
    suspendedBy: null,
  };
  yield* insert(principals, principal);
  unit.changed("principal", principal.id);
  const data = { by: provider, name, kind: "user", roles: "user", userName: String(values.userName) };
  unit.audit({ type: "principal.created", principalId: principal.id, data });
  return principal;
}

/** The principal keeps its name when `userName` changes: grants, policies and people's habits name it. */
function* saveUser(unit: UnitContext, row: UserRow, values: Values): Work<UserRow> {
  const { provider } = row;
  const columns = columnsOf(values);
  if (JSON.stringify(userValues({ ...row, ...columns })) === JSON.stringify(userValues(row))) return row;
  yield* requireFree(provider, columns, row.principalId);
  const saved = { ...row, ...columns, version: row.version + 1, updatedAt: unit.now };
  yield* update(scimUsers, saved, eq(scimUsers.principalId, row.principalId));
  const principal = yield* principalOf(row);
  const pushed = { provider, userName: String(values.userName), externalId: saved.externalId };
  yield* bindSubject(unit, principal, pushed, row.externalId);
  if (saved.active) yield* resumePrincipal(unit, principal, provider);
  else yield* suspendPrincipal(unit, principal, provider);
  const attributes = yield* factsOf(provider, values, principal.attributes);
  const sameFacts = JSON.stringify(attributes) === JSON.stringify(principal.attributes);
  if (!sameFacts) yield* update(principals, { attributes }, eq(principals.id, principal.id));
  if (row.userKey !== saved.userKey || !sameFacts) {
    unit.changed("principal", principal.id);
    const data = { by: provider, name: principal.name, userName: String(values.userName) };
    unit.audit({ type: "principal.updated", principalId: row.principalId, data });
  }
  return saved;
}

function columnsOf(values: Values) {
  const { userName, externalId, active = true, ...rest } = values;
  if (typeof userName !== "string" || userName.trim() === "") throw invalid("invalidValue", "userName: it is required");
  return {
    userKey: userName.toLowerCase(),
    externalId: typeof externalId === "string" && externalId !== "" ? externalId : null,
    active: active !== false,
    attributes: { ...rest, userName },
  };
}

function* requireFree(provider: string, wanted: ReturnType<typeof columnsOf>, self: string | undefined): Work<void> {
  const taken = function* (where: SQL): Work<boolean> {
    const row = yield* selectOne(scimUsers, and(eq(scimUsers.provider, provider), where));
    return row !== undefined && row.principalId !== self;
  };
  if (yield* taken(eq(scimUsers.userKey, wanted.userKey))) {
    throw invalid("uniqueness", "userName: the provider has pushed another user of this name");
  }
  if (wanted.externalId !== null && (yield* taken(eq(scimUsers.externalId, wanted.externalId)))) {
    throw invalid("uniqueness", "externalId: the provider has pushed another user with it");
  }
}

function nameTaken(name: string) {
  const detail = `there is a principal ${name} already that this provider did not make; an administrator can remove it`;
  return invalid("uniqueness", `userName: ${detail}`);
}

function* findUser({ provider, id }: One): Work<UserRow | undefined> {
  return yield* selectOne(scimUsers, and(eq(scimUsers.provider, provider), eq(scimUsers.principalId, id)));
}

function* requireUser(one: One): Work<UserRow> {
  const row = yield* findUser(one);
  if (row === undefined) throw notFound("user", one.id);
  requireVersion(row, one.ifMatch);
  return row;
}

function* principalOf(row: UserRow): Work<PrincipalRow> {
  const principal = yield* selectOne(principals, eq(principals.id, row.principalId));
  if (principal === undefined) throw notFound("user", row.principalId);
  return principal;
}

function* shown(row: UserRow): Work<JsonObject> {
  const [resource] = yield* userResources([row]);
  if (resource === undefined) throw notFound("user", row.principalId);
  return resource;
}
