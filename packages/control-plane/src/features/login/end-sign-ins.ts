import type { SQL } from "drizzle-orm";
import { and, eq, isNull, lt } from "../../storage/drizzle.ts";
import { connectionSecrets, mandates, signIns, webSessions } from "../../storage/schema.ts";
import { remove, select, update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";

/**
 * Ends sign-ins and all that they gave out: tokens, web sessions, connection secrets, delegations, and so live sessions. `reason` is
 * for the person: it stands in the message that ends a session.
 */
export function* endSignIns(unit: UnitContext, where: SQL | undefined, reason: string): Work<number> {
  const rows = yield* select(signIns, { where: and(where, isNull(signIns.endedAt)) });
  for (const { id, principalId, via, provider } of rows) {
    yield* update(signIns, { endedAt: unit.now, endReason: reason }, eq(signIns.id, id));
    yield* remove(webSessions, eq(webSessions.signInId, id));
    const made = and(eq(connectionSecrets.signInId, id), isNull(connectionSecrets.revokedAt));
    yield* update(connectionSecrets, { revokedAt: unit.now, revokedReason: reason }, made);
    const given = and(eq(mandates.signInId, id), isNull(mandates.revokedAt));
    yield* update(mandates, { revokedAt: unit.now }, given);
    unit.changed("principal", principalId);
    unit.audit({ type: "login.ended", principalId, data: { signIn: id, via, provider, reason } });
  }
  return rows.length;
}

/** Registered keys outlive a sign-in, and end only with what lets the person in at all: as when it is set anew. */
export function* endRegisteredKeys(unit: UnitContext, principalId: string, reason: string): Work<void> {
  const theirs = and(eq(connectionSecrets.principalId, principalId), eq(connectionSecrets.kind, "ssh_key"));
  const live = and(theirs, isNull(connectionSecrets.revokedAt));
  for (const { id } of yield* select(connectionSecrets, { where: live })) {
    yield* update(connectionSecrets, { revokedAt: unit.now, revokedReason: reason }, eq(connectionSecrets.id, id));
    unit.changed("secret", id);
  }
}

/** An ended sign-in stays known for so long: a late logout of the provider still finds what it gave out. */
const REMEMBERED_MS = 30 * 24 * 3600 * 1000;

export function* forgetSignIns(unit: UnitContext): Work<void> {
  const before = new Date(Date.parse(unit.now) - REMEMBERED_MS).toISOString();
  yield* remove(signIns, lt(signIns.expiresAt, before));
}
