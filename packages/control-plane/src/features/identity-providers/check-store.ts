import type { DataKeyRow } from "../../seal/data-key.ts";
import { eraseDataKeyOf, insertDataKey } from "../../seal/store.ts";
import { and, asc, eq, gt, inArray, isNull, lt, lte } from "../../storage/drizzle.ts";
import { connectionSecrets, identities, mandates, seenTokens, sessions, signIns } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { endSignIns } from "../login/end-sign-ins.ts";
import { revokeMandate } from "../mandates/store.ts";
import { type IdentityRow, providerRef } from "./identities.ts";

/** How many are looked at in one round, and for how long nobody else takes them. */
const AT_ONCE = 50;
const TAKEN_MS = 60_000;

interface LogoutArgs {
  readonly provider: string;
  /** Of the token that says it: it counts once. */
  readonly tokenHash: string;
  readonly tokenExpiresAt: string;
  readonly session: string | undefined;
  readonly subject: string | undefined;
}

export const identityCheckUnits = {
  keep: write(function* (
    _unit,
    args: { identityId: string; sealed: string; dataKey: DataKeyRow; checkAt: string | null },
  ): Work<void> {
    const row = yield* selectOne(identities, eq(identities.id, args.identityId));
    if (row === undefined) return;
    yield* eraseDataKeyOf(row.sealedToken);
    yield* insertDataKey(args.dataKey);
    yield* update(identities, { sealedToken: args.sealed, checkAt: args.checkAt }, eq(identities.id, row.id));
  }),

  planned: write(function* (_unit, args: { identityId: string; checkAt: string | null }): Work<void> {
    yield* update(identities, { checkAt: args.checkAt }, eq(identities.id, args.identityId));
  }),

  /** Those that are due and still have something to lose. Taken for a minute, so that two processes ask once. */
  take: write(function* (unit): Work<IdentityRow[]> {
    const due = yield* select(identities, {
      where: lte(identities.checkAt, unit.now),
      orderBy: asc(identities.checkAt),
      limit: AT_ONCE,
    });
    const taken = new Date(Date.parse(unit.now) + TAKEN_MS).toISOString();
    const live: IdentityRow[] = [];
    for (const row of due) {
      const used = yield* inUse(unit, row);
      // Nobody is signed in by it: the next sign-in plans anew.
      yield* update(identities, { checkAt: used ? taken : null }, eq(identities.id, row.id));
      if (used) live.push(row);
    }
    return live;
  }),

  /** The provider says no: whatever came of signing in by this identity ends. */
  refused: write(function* (unit, args: { identityId: string; reason: string }): Work<void> {
    const row = yield* selectOne(identities, eq(identities.id, args.identityId));
    if (row === undefined) return;
    yield* eraseDataKeyOf(row.sealedToken);
    yield* update(identities, { sealedToken: null, checkAt: null }, eq(identities.id, row.id));
    yield* endSignIns(unit, eq(signIns.identityId, row.id), args.reason);
    yield* endDelegations(unit, [row.principalId], row.provider);
    const data = { provider: row.provider, subject: row.subject, reason: args.reason };
    unit.audit({ type: "identity.refused", principalId: row.principalId, data });
  }),

  /** People with a live sign-in by the provider, and those of them about whom it cannot be asked. */
  counted: read(function* (unit, args: { provider: string }): Work<{ signedIn: number; notAskable: number }> {
    const live = and(eq(signIns.provider, args.provider), isNull(signIns.endedAt), gt(signIns.expiresAt, unit.now));
    const ids = new Set((yield* select(signIns, { where: live })).flatMap((row) => row.identityId ?? []));
    const rows = ids.size === 0 ? [] : yield* select(identities, { where: inArray(identities.id, [...ids]) });
    return { signedIn: rows.length, notAskable: rows.filter((row) => row.sealedToken === null).length };
  }),

  /** A logout that the provider pushed. Undefined for a token that was here before; else how many sign-ins it ended. */
  logout: write(function* (unit, args: LogoutArgs): Work<number | undefined> {
    yield* remove(seenTokens, lt(seenTokens.expiresAt, unit.now));
    if ((yield* selectOne(seenTokens, eq(seenTokens.idHash, args.tokenHash))) !== undefined) return undefined;
    yield* insert(seenTokens, { idHash: args.tokenHash, expiresAt: args.tokenExpiresAt });
    const which = yield* meant(args);
    const reason = `you signed out at ${args.provider}`;
    const rows = which === undefined ? [] : yield* select(signIns, { where: and(which, isNull(signIns.endedAt)) });
    const ended = which === undefined ? 0 : yield* endSignIns(unit, which, reason);
    yield* endDelegations(unit, [...new Set(rows.map((row) => row.principalId))], args.provider);
    unit.audit({ type: "identity_provider.logout", data: { provider: args.provider, signIns: ended } });
    return ended;
  }),
};

/** AI agents act for somebody whom the provider vouched for: what they were given ends with that. */
function* endDelegations(unit: UnitContext, ownerIds: readonly string[], provider: string): Work<void> {
  if (ownerIds.length === 0) return;
  const given = and(inArray(mandates.ownerId, [...ownerIds]), isNull(mandates.revokedAt));
  for (const row of yield* select(mandates, { where: given })) yield* revokeMandate(unit, row, providerRef(provider));
}

/** OIDC Back-Channel Logout 1.0, section 2.6: by session where one is named, else everything of the subject. */
function* meant({ provider, session, subject }: LogoutArgs) {
  const theirs = eq(signIns.provider, provider);
  if (session !== undefined) return and(theirs, eq(signIns.providerSession, session));
  if (subject === undefined) return undefined;
  const identity = yield* selectOne(
    identities,
    and(eq(identities.provider, provider), eq(identities.subject, subject)),
  );
  return identity === undefined ? undefined : and(theirs, eq(signIns.identityId, identity.id));
}

/** A sign-in that goes on, or a secret or a session that came of one. */
function* inUse(unit: UnitContext, row: IdentityRow): Work<boolean> {
  const own = yield* select(signIns, { where: and(eq(signIns.identityId, row.id), isNull(signIns.endedAt)) });
  if (own.some((signIn) => signIn.expiresAt > unit.now)) return true;
  if (own.length === 0) return false;
  const ids = own.map((signIn) => signIn.id);
  const live = and(
    inArray(connectionSecrets.signInId, ids),
    isNull(connectionSecrets.revokedAt),
    gt(connectionSecrets.expiresAt, unit.now),
  );
  if ((yield* selectOne(connectionSecrets, live)) !== undefined) return true;
  return (yield* selectOne(sessions, and(inArray(sessions.signInId, ids), isNull(sessions.endedAt)))) !== undefined;
}
