import type { AuthenticationResult, ScramAccount } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { and, desc, eq, gt, isNull, lt, or, type SQL } from "drizzle-orm";
import { connectionSecrets, principals, resources } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { type KnownPrincipal, loadPrincipals, principalProblem } from "../principals/membership.ts";
import { type PrincipalRef, requirePrincipal, toPrincipal } from "../principals/store.ts";
import { requireResource } from "../resources/store.ts";

export type SecretRow = typeof connectionSecrets.$inferSelect;

/** A proof is compared with each of them, so their number is the cost of a login. */
export const LIVE_SECRETS_LIMIT = 16;
/** A dead secret stays this long so that its holder can be told why it does not work any more. */
const REMEMBERED_MS = 24 * 3600 * 1000;

interface NewSecret {
  readonly by: PrincipalRef;
  readonly id: string;
  readonly principal: string;
  readonly resource: string | undefined;
  readonly storedKey: string;
  readonly serverKey: string;
  readonly expiresAt: string;
  readonly uses: number | undefined;
}

export interface SecretView {
  readonly id: string;
  readonly principal: string;
  readonly resource: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly usesLeft: number | null;
  readonly uses: number;
  readonly lastUsedAt: string | null;
}

export const secretUnits = {
  /** Salt and iterations under which the verifier of a new secret is made. */
  saltOf: read(function* (_unit, args: { principal: string }) {
    const { scramSalt, scramIterations } = yield* requirePrincipal(args.principal);
    return { salt: scramSalt, iterations: scramIterations };
  }),

  create: write(function* (unit, args: NewSecret): Work<SecretView> {
    return yield* createSecret(unit, args);
  }),

  list: read(function* (unit, args: { principalId: string | undefined }): Work<SecretView[]> {
    const own =
      args.principalId === undefined ? undefined : ownedBy(args.principalId, yield* delegatesOf(args.principalId));
    const rows = yield* select(connectionSecrets, {
      where: and(live(unit.now), own),
      orderBy: desc(connectionSecrets.createdAt),
    });
    return yield* secretViews(rows);
  }),

  /** `principalId` limits it to secrets of that principal and of the AI agents that act for it. */
  revoke: write(function* (unit, args: { by: PrincipalRef; id: string; principalId: string | undefined }): Work<void> {
    const own =
      args.principalId === undefined ? undefined : ownedBy(args.principalId, yield* delegatesOf(args.principalId));
    const row = yield* selectOne(connectionSecrets, and(eq(connectionSecrets.id, args.id), own));
    if (row === undefined) throw new TidewaiterError("not_found", `there is no connection secret ${args.id}`);
    yield* update(connectionSecrets, { revokedAt: row.revokedAt ?? unit.now }, eq(connectionSecrets.id, row.id));
    unit.changed("secret", row.id);
    const data = { by: args.by.name, id: row.id };
    unit.audit({ type: "connection_secret.revoked", principalId: args.by.id, data });
  }),

  verifiers: read(function* (unit, args: { principal: string }): Work<ScramAccount | undefined> {
    const row = yield* selectOne(principals, eq(principals.name, args.principal));
    if (row === undefined) return undefined;
    const known = yield* loadPrincipals([row.id]);
    if (principalProblem(known.get(row.id)) !== undefined) return undefined;
    const since = new Date(Date.parse(unit.now) - REMEMBERED_MS).toISOString();
    const secrets = yield* select(connectionSecrets, {
      where: and(eq(connectionSecrets.principalId, row.id), gt(connectionSecrets.expiresAt, since)),
      orderBy: desc(connectionSecrets.createdAt),
    });
    const ordered = [...secrets.filter((s) => isLive(s, unit.now)), ...secrets.filter((s) => !isLive(s, unit.now))];
    const verifiers = ordered
      .slice(0, LIVE_SECRETS_LIMIT)
      .map(({ id, storedKey, serverKey }) => ({ id, storedKey, serverKey }));
    return { salt: row.scramSalt, iterations: row.scramIterations, verifiers };
  }),

  /** Counts a use. A refusal is a value, and audited. */
  use: write(function* (unit, args: { principal: string; id: string }): Work<AuthenticationResult> {
    const result = yield* useSecret(unit, args);
    if (!result.ok) {
      const data = { principal: args.principal, secret: args.id, reason: result.reason };
      unit.audit({ type: "authentication.refused", data });
    }
    return result;
  }),
};

function* createSecret(unit: UnitContext, args: NewSecret): Work<SecretView> {
  const principal = yield* requirePrincipal(args.principal);
  const resourceId = args.resource === undefined ? null : (yield* requireResource(args.resource)).id;
  const mine = eq(connectionSecrets.principalId, principal.id);
  const forgotten = new Date(Date.parse(unit.now) - REMEMBERED_MS).toISOString();
  yield* remove(connectionSecrets, and(mine, lt(connectionSecrets.expiresAt, forgotten)));
  if ((yield* count(connectionSecrets, and(mine, live(unit.now)))) >= LIVE_SECRETS_LIMIT) {
    throw new TidewaiterError("conflict", `${args.principal} has ${LIVE_SECRETS_LIMIT} live connection secrets`, {
      next: "Revoke one that is not used any more.",
    });
  }
  const { id, storedKey, serverKey, expiresAt, uses } = args;
  const keys = { id, principalId: principal.id, resourceId, storedKey, serverKey };
  yield* insert(connectionSecrets, { ...keys, createdAt: unit.now, expiresAt, usesLeft: uses ?? null, uses: 0 });
  unit.changed("secret", id);
  const data = { by: args.by.name, id, principal: principal.name, resource: args.resource ?? null, expiresAt };
  unit.audit({ type: "connection_secret.created", principalId: args.by.id, data });
  const [view] = yield* secretViews(yield* select(connectionSecrets, { where: eq(connectionSecrets.id, id) }));
  if (view === undefined) throw new TidewaiterError("internal", "a secret vanished while it was made");
  return view;
}

function* useSecret(unit: UnitContext, args: { principal: string; id: string }): Work<AuthenticationResult> {
  const row = yield* selectOne(connectionSecrets, eq(connectionSecrets.id, args.id));
  if (row === undefined) return { ok: false, reason: "unknown" };
  const known = (yield* loadPrincipals([row.principalId])).get(row.principalId);
  if (known === undefined || known.row.name !== args.principal) return { ok: false, reason: "unknown" };
  const problem = secretProblem(row, known, unit.now);
  if (problem !== undefined) return { ok: false, ...problem };
  const usesLeft = row.usesLeft === null ? null : row.usesLeft - 1;
  const set = { usesLeft, uses: row.uses + 1, lastUsedAt: unit.now };
  yield* update(connectionSecrets, set, eq(connectionSecrets.id, row.id));
  const result = { ok: true, principal: toPrincipal(known), secretId: row.id } as const;
  if (row.resourceId === null) return result;
  const resource = yield* selectOne(resources, eq(resources.id, row.resourceId));
  return resource === undefined ? { ok: false, reason: "revoked" } : { ...result, resourceName: resource.name };
}

function secretProblem(row: SecretRow, known: KnownPrincipal, now: string) {
  if (principalProblem(known) !== undefined) return { reason: "disabled" } as const;
  if (row.revokedAt !== null) return { reason: "revoked" } as const;
  if (row.expiresAt <= now) return { reason: "expired", expiredAt: row.expiresAt } as const;
  return row.usesLeft === 0 ? ({ reason: "used_up" } as const) : undefined;
}

function isLive(row: SecretRow, now: string): boolean {
  return row.revokedAt === null && row.expiresAt > now && row.usesLeft !== 0;
}

function live(now: string): SQL | undefined {
  const unused = or(isNull(connectionSecrets.usesLeft), gt(connectionSecrets.usesLeft, 0));
  return and(isNull(connectionSecrets.revokedAt), gt(connectionSecrets.expiresAt, now), unused);
}

function* delegatesOf(ownerId: string): Work<string[]> {
  const rows = yield* select(principals, { where: eq(principals.ownerId, ownerId) });
  return rows.map((row) => row.id);
}

function ownedBy(principalId: string, delegates: readonly string[]): SQL | undefined {
  return or(...[principalId, ...delegates].map((id) => eq(connectionSecrets.principalId, id)));
}

function* secretViews(rows: readonly SecretRow[]): Work<SecretView[]> {
  const known = yield* loadPrincipals(rows.map((row) => row.principalId));
  const named = yield* select(resources);
  const names = new Map(named.map((row) => [row.id, row.name]));
  return rows.map(({ id, principalId, resourceId, createdAt, expiresAt, usesLeft, uses, lastUsedAt }) => ({
    id,
    principal: known.get(principalId)?.row.name ?? "",
    resource: resourceId === null ? null : (names.get(resourceId) ?? null),
    createdAt,
    expiresAt,
    usesLeft,
    uses,
    lastUsedAt,
  }));
}
