import type { AuthenticationResult, ConnectionSecretKind, ScramAccount } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SQL } from "drizzle-orm";
import { and, desc, eq, gt, isNull, lt, or } from "../../storage/drizzle.ts";
import { connectionSecrets, grants, principals, resources } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { highestAccess } from "../grants/access.ts";
import { unconfirmedSignIn, unconfirmedWords } from "../identity-providers/confirmed.ts";
import { type Acting, type ActingRef, loadActing } from "../mandates/acting.ts";
import type { HeldMandate } from "../mandates/holder.ts";
import { loginName, parseLoginName } from "../mandates/login-name.ts";
import type { Own } from "../mandates/own.ts";
import { loadPrincipals, principalProblem } from "../principals/membership.ts";
import { type PrincipalRef, requirePrincipal, toPrincipal } from "../principals/store.ts";
import { type ResourceRow, requireResource } from "../resources/store.ts";
import { needsPresence, presenceProblem, takePresence } from "./presence.ts";
import { termsFor } from "./rules.ts";

export type SecretRow = typeof connectionSecrets.$inferSelect;

/** Of each kind. A proof is compared with each password, so their number is the cost of a login. */
export const LIVE_SECRETS_LIMIT = 64;
/** A dead secret stays this long so that its holder can be told why it does not work any more. */
const REMEMBERED_MS = 24 * 3600 * 1000;

interface NewSecret {
  readonly by: PrincipalRef;
  readonly id: string;
  readonly kind: ConnectionSecretKind;
  readonly principal: string;
  readonly resource: string | undefined;
  /** What proves it, by kind. */
  readonly proof: Partial<Pick<SecretRow, "storedKey" | "serverKey" | "fingerprint" | "clientAddress">>;
  readonly expiresAt: string;
  readonly uses: number | undefined;
  /** What its maker came with: it gives no more, and ends no later. */
  readonly mandate: Pick<HeldMandate, "id" | "type" | "present" | "resourceIds" | "expiresAt"> | undefined;
  /** The person of a delegation. */
  readonly ownerId: string | undefined;
  /** The sign-in that it ends with. */
  readonly signInId: string | undefined;
}

export interface SecretView {
  readonly id: string;
  readonly kind: ConnectionSecretKind;
  /** The user name of a native client: `ana`, or `coder+ana` of a delegated AI agent. */
  readonly principal: string;
  readonly resource: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly usesLeft: number | null;
  readonly uses: number;
  readonly lastUsedAt: string | null;
  /** Of a login by browser. */
  readonly clientAddress: string | null;
}

export const secretUnits = {
  /** What a new secret gets, and what its verifier is made under. */
  terms: read(function* (
    unit,
    args: {
      principal: string;
      resource: string | undefined;
      ttlSeconds: number | undefined;
      uses: number | undefined;
      mandated?: boolean | undefined;
      /** What its maker came with. */
      mandateId?: string | undefined;
    },
  ) {
    const { id: principalId, scramSalt, scramIterations } = yield* requirePrincipal(args.principal);
    const acts = { principalId, mandateId: args.mandateId ?? null };
    const resource = args.resource === undefined ? undefined : yield* requireReachable(unit, acts, args.resource);
    return { ...termsFor(resource, args), salt: scramSalt, iterations: scramIterations };
  }),

  create: write(function* (unit, args: NewSecret): Work<SecretView> {
    return yield* createSecret(unit, args);
  }),

  list: read(function* (unit, args: { own: Own | undefined }): Work<SecretView[]> {
    const own = yield* visibleTo(args.own);
    const rows = yield* select(connectionSecrets, {
      // one that is used up as well: a session that it opened may still be there to be ended
      where: and(isNull(connectionSecrets.revokedAt), gt(connectionSecrets.expiresAt, unit.now), own),
      orderBy: desc(connectionSecrets.createdAt),
    });
    return yield* secretViews(rows);
  }),

  /** `own` limits it to secrets of that principal and of the AI agents that act for it. */
  revoke: write(function* (unit, args: { by: PrincipalRef; id: string; own: Own | undefined }): Work<void> {
    const own = yield* visibleTo(args.own);
    const row = yield* selectOne(connectionSecrets, and(eq(connectionSecrets.id, args.id), own));
    if (row === undefined) throw new TidewaiterError("not_found", `there is no connection secret ${args.id}`);
    yield* update(connectionSecrets, { revokedAt: row.revokedAt ?? unit.now }, eq(connectionSecrets.id, row.id));
    unit.changed("secret", row.id);
    const data = { by: args.by.name, id: row.id };
    unit.audit({ type: "connection_secret.revoked", principalId: args.by.id, data });
  }),

  verifiers: read(function* (unit, args: { principal: string }): Work<ScramAccount | undefined> {
    const login = parseLoginName(args.principal);
    const row = yield* selectOne(principals, eq(principals.name, login.principal));
    const person =
      login.person === undefined ? undefined : yield* selectOne(principals, eq(principals.name, login.person));
    if (row === undefined || (login.person !== undefined && person === undefined)) return undefined;
    const known = yield* loadPrincipals([row.id]);
    if (principalProblem(known.get(row.id)) !== undefined || person?.disabled === true) return undefined;
    const since = new Date(Date.parse(unit.now) - REMEMBERED_MS).toISOString();
    const secrets = yield* select(connectionSecrets, {
      where: and(
        ofHolder(row.id, person?.id),
        eq(connectionSecrets.kind, "password"),
        gt(connectionSecrets.expiresAt, since),
      ),
      orderBy: desc(connectionSecrets.createdAt),
    });
    const ordered = [...secrets.filter((s) => isLive(s, unit.now)), ...secrets.filter((s) => !isLive(s, unit.now))];
    const verifiers = ordered
      .slice(0, LIVE_SECRETS_LIMIT)
      .map(({ id, storedKey, serverKey }) => ({ id, storedKey, serverKey }));
    return { salt: row.scramSalt, iterations: row.scramIterations, verifiers };
  }),

  /** Counts a use. A refusal is a value, and audited. */
  use: write(function* (unit, args: SecretUse): Work<AuthenticationResult> {
    const result = yield* useSecret(unit, args);
    if (!result.ok) {
      const data = { principal: args.principal, secret: args.id, kind: args.kind, reason: result.reason };
      unit.audit({ type: "authentication.refused", data });
    }
    return result;
  }),

  /** Of a registered SSH key: the client has proven that it holds it. A refusal is a value, and audited. */
  useSshKey: write(function* (
    unit,
    args: { fingerprint: string; principal: string | undefined },
  ): Work<AuthenticationResult> {
    const rows = yield* select(connectionSecrets, {
      where: and(eq(connectionSecrets.kind, "ssh_key"), eq(connectionSecrets.fingerprint, args.fingerprint)),
      orderBy: desc(connectionSecrets.expiresAt),
    });
    const holders = yield* secretViews(rows);
    const mine = holders.filter((each) => args.principal === undefined || each.principal === args.principal);
    // one key of two people says nothing unless the client says who it is
    const result: AuthenticationResult =
      new Set(mine.map((each) => each.principal)).size > 1 || mine[0] === undefined
        ? { ok: false, reason: "unknown" }
        : yield* useSecret(unit, { ...args, id: mine[0].id, kind: "ssh_key", principal: mine[0].principal });
    if (!result.ok) {
      const data = { principal: args.principal ?? null, fingerprint: args.fingerprint, reason: result.reason };
      unit.audit({ type: "authentication.refused", data: { ...data, kind: "ssh_key" } });
    }
    return result;
  }),
};

export function* createSecret(unit: UnitContext, args: NewSecret): Work<SecretView> {
  const silent = yield* unconfirmedSignIn(args.signInId);
  if (silent !== undefined) throw new TidewaiterError("identity_unconfirmed", unconfirmedWords(silent));
  const principal = yield* requirePrincipal(args.principal);
  const resource = args.resource === undefined ? undefined : yield* requireResource(args.resource);
  const resourceId = resource?.id ?? null;
  const { mandate, ownerId } = args;
  if (mandate?.resourceIds !== null && mandate?.resourceIds !== undefined && resourceId !== null) {
    // that there is such a resource is for those who may reach it
    if (!mandate.resourceIds.includes(resourceId)) throw noResource(args.resource ?? "");
  }
  const mine = ofHolder(principal.id, ownerId);
  const forgotten = new Date(Date.parse(unit.now) - REMEMBERED_MS).toISOString();
  yield* remove(connectionSecrets, and(mine, lt(connectionSecrets.expiresAt, forgotten)));
  const same = and(mine, eq(connectionSecrets.kind, args.kind), live(unit.now));
  if ((yield* count(connectionSecrets, same)) >= LIVE_SECRETS_LIMIT) {
    throw new TidewaiterError("conflict", `${args.principal} has ${LIVE_SECRETS_LIMIT} live connection secrets`, {
      next: "Revoke one that is not used any more.",
    });
  }
  const absent = mandate && resource && presenceProblem(resource, undefined, mandate);
  if (absent !== undefined) throw new TidewaiterError("permission_missing", absent);
  const present = mandate === undefined && resource !== undefined && needsPresence(resource);
  if (present) yield* takePresence(unit, args.signInId, `a secret for ${resource.name}`);
  const { id, kind, proof, uses } = args;
  const expiresAt = mandate !== undefined && mandate.expiresAt < args.expiresAt ? mandate.expiresAt : args.expiresAt;
  const madeWith = {
    mandateId: mandate?.id ?? null,
    ownerId: ownerId ?? null,
    signInId: args.signInId ?? null,
    present,
  };
  const row = { id, kind, principalId: principal.id, resourceId, storedKey: "", serverKey: "", ...proof, ...madeWith };
  yield* insert(connectionSecrets, { ...row, createdAt: unit.now, expiresAt, usesLeft: uses ?? null, uses: 0 });
  unit.changed("secret", id);
  const data = {
    by: args.by.name,
    id,
    kind,
    principal: principal.name,
    resource: args.resource ?? null,
    present,
    expiresAt,
  };
  unit.audit({ type: "connection_secret.created", principalId: args.by.id, data });
  const [view] = yield* secretViews(yield* select(connectionSecrets, { where: eq(connectionSecrets.id, id) }));
  if (view === undefined) throw new TidewaiterError("internal", "a secret vanished while it was made");
  return view;
}

interface SecretUse {
  readonly id: string;
  readonly kind: ConnectionSecretKind;
  /** Whom the client says it is. */
  readonly principal: string;
  /** Of the certificate that was shown. */
  readonly fingerprint?: string;
}

/** The client has proven that it holds the secret: from here on it may be told what is wrong with it. */
export function* useSecret(unit: UnitContext, args: SecretUse): Work<AuthenticationResult> {
  const row = yield* selectOne(connectionSecrets, eq(connectionSecrets.id, args.id));
  if (row === undefined || row.kind !== args.kind) return { ok: false, reason: "unknown" };
  if (row.fingerprint !== null && row.fingerprint !== args.fingerprint) return { ok: false, reason: "unknown" };
  const [acting] = yield* loadActing([row], unit.now);
  const known = acting?.known;
  const person = row.ownerId === null ? null : (known?.owner?.row.name ?? null);
  if (known === undefined) return { ok: false, reason: "unknown" };
  if (loginName(known.row.name, person) !== args.principal) return { ok: false, reason: "other_principal" };
  const resource = row.resourceId === null ? undefined : yield* selectOne(resources, eq(resources.id, row.resourceId));
  const scope = resource === undefined ? {} : { resourceName: resource.name };
  const problem = secretProblem(row, acting, unit.now);
  if (problem !== undefined) return { ok: false, ...problem, ...scope };
  if (row.resourceId !== null && resource === undefined) return { ok: false, reason: "revoked" };
  const usesLeft = row.usesLeft === null ? null : row.usesLeft - 1;
  const set = { usesLeft, uses: row.uses + 1, lastUsedAt: unit.now };
  yield* update(connectionSecrets, set, eq(connectionSecrets.id, row.id));
  const mandate = row.mandateId === null ? {} : { mandateId: row.mandateId };
  const signIn = row.signInId === null ? {} : { signInId: row.signInId };
  return { ok: true, principal: toPrincipal(known), secretId: row.id, ...scope, ...mandate, ...signIn };
}

function secretProblem(row: SecretRow, acting: Acting | undefined, now: string) {
  const { mandate } = acting ?? {};
  if (mandate !== undefined && mandate.revokedAt !== null) return { reason: "revoked" } as const;
  if (mandate !== undefined && mandate.expiresAt <= now)
    return { reason: "expired", expiredAt: mandate.expiresAt } as const;
  if (acting?.problem !== undefined) return { reason: "disabled" } as const;
  if (row.revokedAt !== null) return { reason: "revoked" } as const;
  if (row.expiresAt <= now) return { reason: "expired", expiredAt: row.expiresAt } as const;
  return row.usesLeft === 0 ? ({ reason: "used_up" } as const) : undefined;
}

export function isLive(row: SecretRow, now: string): boolean {
  return row.revokedAt === null && row.expiresAt > now && row.usesLeft !== 0;
}

export function live(now: string): SQL | undefined {
  const unused = or(isNull(connectionSecrets.usesLeft), gt(connectionSecrets.usesLeft, 0));
  return and(isNull(connectionSecrets.revokedAt), gt(connectionSecrets.expiresAt, now), unused);
}

/** Of a shared AI agent each person has secrets of its own. */
function ofHolder(principalId: string, ownerId: string | undefined): SQL | undefined {
  const person = ownerId === undefined ? isNull(connectionSecrets.ownerId) : eq(connectionSecrets.ownerId, ownerId);
  return and(eq(connectionSecrets.principalId, principalId), person);
}

function* visibleTo(own: Own | undefined): Work<SQL | undefined> {
  if (own === undefined) return undefined;
  const { principalId, ownerId } = own;
  const delegates = yield* select(principals, { where: eq(principals.ownerId, principalId) });
  const theirs = [principalId, ...delegates.map((row) => row.id)].map((id) => eq(connectionSecrets.principalId, id));
  if (ownerId !== undefined) return ofHolder(principalId, ownerId);
  return or(...theirs, eq(connectionSecrets.ownerId, principalId));
}

/** That there is such a resource is for those who may reach it. */
function* requireReachable(unit: UnitContext, acts: ActingRef, name: string): Work<ResourceRow> {
  const resource = yield* selectOne(resources, eq(resources.name, name));
  const [acting] = yield* loadActing([acts], unit.now);
  const principal = acting?.known;
  if (resource === undefined || principal === undefined) throw noResource(name);
  const level = highestAccess({ grants: yield* select(grants), principal, resource, now: unit.now });
  if (level === undefined) throw noResource(name);
  return resource;
}

function noResource(name: string): TidewaiterError {
  return new TidewaiterError("not_found", `there is no resource ${name}`);
}

function* secretViews(rows: readonly SecretRow[]): Work<SecretView[]> {
  const people = rows.flatMap(({ ownerId }) => (ownerId === null ? [] : [ownerId]));
  const known = yield* loadPrincipals([...rows.map((row) => row.principalId), ...people]);
  const named = yield* select(resources);
  const names = new Map(named.map((row) => [row.id, row.name]));
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    principal: loginName(
      known.get(row.principalId)?.row.name ?? "",
      row.ownerId === null ? null : (known.get(row.ownerId)?.row.name ?? null),
    ),
    resource: row.resourceId === null ? null : (names.get(row.resourceId) ?? null),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    usesLeft: row.usesLeft,
    uses: row.uses,
    lastUsedAt: row.lastUsedAt,
    clientAddress: row.clientAddress,
  }));
}
