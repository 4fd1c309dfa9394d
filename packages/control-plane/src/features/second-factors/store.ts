import { TidewaiterError } from "@tidewaiter/core/errors";
import type { DataKeyRow } from "../../seal/data-key.ts";
import { insertDataKey } from "../../seal/store.ts";
import { and, asc, eq, lt } from "../../storage/drizzle.ts";
import { factorChallenges, passkeys, recoveryCodes, signIns, stepUpLinks, totpFactors } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { endRegisteredKeys, endSignIns } from "../login/end-sign-ins.ts";
import { loadPrincipals } from "../principals/membership.ts";
import { type PrincipalRef, requirePrincipal } from "../principals/store.ts";
import { requireMayManage } from "../roles/rights.ts";
import { provesPresence } from "../secrets/presence.ts";
import type { FactorStatus } from "./factor.ts";

export type PasskeyRow = typeof passkeys.$inferSelect;
export type ChallengeRow = typeof factorChallenges.$inferSelect;

const PASSKEYS_LIMIT = 20;

export const factorUnits = {
  status: read(function* (_unit, args: { principalId: string }): Work<FactorStatus> {
    return yield* factorStatus(args.principalId);
  }),

  /** By the principal's name, for an administrator. */
  statusByName: read(function* (_unit, args: { name: string }): Work<FactorStatus> {
    return yield* factorStatus((yield* requirePrincipal(args.name)).id);
  }),

  totp: read(function* (_unit, args: { principalId: string }) {
    return yield* selectOne(totpFactors, eq(totpFactors.principalId, args.principalId));
  }),

  /** A secret that waits for its first code. It takes the place of another that waited; one in force stays. */
  offerTotp: write(function* (unit, args: { principalId: string; sealed: string; dataKey: DataKeyRow }): Work<void> {
    const { principalId, sealed, dataKey } = args;
    const before = yield* selectOne(totpFactors, eq(totpFactors.principalId, principalId));
    if (before !== undefined && before.confirmedAt !== null) {
      throw new TidewaiterError("conflict", "there is an authenticator app already; remove it first");
    }
    yield* insertDataKey(dataKey);
    yield* remove(totpFactors, eq(totpFactors.principalId, principalId));
    yield* insert(totpFactors, { principalId, sealed, createdAt: unit.now, confirmedAt: null, lastStep: 0 });
  }),

  /** Its first code was right. False when another request was faster. */
  confirmTotp: write(function* (unit, args: { principalId: string; step: number; sealed: string }): Work<boolean> {
    const { principalId, step } = args;
    const row = yield* selectOne(totpFactors, eq(totpFactors.principalId, principalId));
    // The secret that was shown is the one that was confirmed.
    if (row === undefined || row.confirmedAt !== null || row.sealed !== args.sealed) return false;
    yield* update(totpFactors, { confirmedAt: unit.now, lastStep: step }, eq(totpFactors.principalId, principalId));
    unit.audit({ type: "second_factor.added", principalId, data: { kind: "totp" } });
    return true;
  }),

  /** Takes the code of a time step, once: the same or an earlier one does not count again (RFC 6238 section 5.2). */
  useTotp: write(function* (_unit, args: { principalId: string; step: number }): Work<boolean> {
    const { principalId, step } = args;
    const where = and(eq(totpFactors.principalId, principalId), lt(totpFactors.lastStep, step));
    return (yield* update(totpFactors, { lastStep: step }, where)) > 0;
  }),

  passkey: read(function* (_unit, args: { principalId: string; id: string }): Work<PasskeyRow | undefined> {
    return yield* selectOne(
      passkeys,
      and(eq(passkeys.credentialId, args.id), eq(passkeys.principalId, args.principalId)),
    );
  }),

  addPasskey: write(function* (unit, args: { passkey: Omit<PasskeyRow, "createdAt" | "lastUsedAt"> }): Work<void> {
    const { passkey } = args;
    const theirs = yield* count(passkeys, eq(passkeys.principalId, passkey.principalId));
    if (theirs >= PASSKEYS_LIMIT) throw new TidewaiterError("conflict", `there are ${theirs} passkeys already`);
    yield* insert(passkeys, { ...passkey, createdAt: unit.now, lastUsedAt: null });
    const data = { kind: "passkey", name: passkey.name };
    unit.audit({ type: "second_factor.added", principalId: passkey.principalId, data });
  }),

  passkeyUsed: write(function* (unit, args: { id: string; signCount: number }): Work<void> {
    const { id, signCount } = args;
    yield* update(passkeys, { signCount, lastUsedAt: unit.now }, eq(passkeys.credentialId, id));
  }),

  removeTotp: write(function* (unit, args: { principalId: string }): Work<void> {
    const { principalId } = args;
    if ((yield* remove(totpFactors, eq(totpFactors.principalId, principalId))) === 0) return;
    yield* dropUnneededCodes(principalId);
    unit.audit({ type: "second_factor.removed", principalId, data: { kind: "totp" } });
  }),

  removePasskey: write(function* (unit, args: { principalId: string; id: string }): Work<void> {
    const { principalId, id } = args;
    const where = and(eq(passkeys.credentialId, id), eq(passkeys.principalId, principalId));
    const row = yield* selectOne(passkeys, where);
    if (row === undefined) throw new TidewaiterError("not_found", "there is no such passkey");
    yield* remove(passkeys, where);
    yield* dropUnneededCodes(principalId);
    unit.audit({ type: "second_factor.removed", principalId, data: { kind: "passkey", name: row.name } });
  }),

  /** All former codes end. */
  setRecoveryCodes: write(function* (unit, args: { principalId: string; hashes: readonly string[] }): Work<void> {
    const { principalId } = args;
    yield* remove(recoveryCodes, eq(recoveryCodes.principalId, principalId));
    for (const codeHash of args.hashes) yield* insert(recoveryCodes, { codeHash, principalId, createdAt: unit.now });
    unit.audit({ type: "second_factor.recovery_codes", principalId, data: { codes: args.hashes.length } });
  }),

  useRecoveryCode: write(function* (unit, args: { principalId: string; hash: string }): Work<boolean> {
    const { principalId, hash } = args;
    const where = and(eq(recoveryCodes.codeHash, hash), eq(recoveryCodes.principalId, principalId));
    if ((yield* remove(recoveryCodes, where)) === 0) return false;
    const left = yield* count(recoveryCodes, eq(recoveryCodes.principalId, principalId));
    unit.audit({ type: "second_factor.recovery_used", principalId, data: { left } });
    return true;
  }),

  /** An administrator takes all factors of a person who lost them; whoever is signed in as that person is out. */
  reset: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    const row = yield* requirePrincipal(args.name);
    const known = (yield* loadPrincipals([row.id])).get(row.id);
    if (known !== undefined) yield* requireMayManage(args.by, known);
    yield* remove(totpFactors, eq(totpFactors.principalId, row.id));
    yield* remove(passkeys, eq(passkeys.principalId, row.id));
    yield* remove(recoveryCodes, eq(recoveryCodes.principalId, row.id));
    yield* remove(factorChallenges, eq(factorChallenges.principalId, row.id));
    yield* endSignIns(unit, eq(signIns.principalId, row.id), "the second factors were reset");
    yield* endRegisteredKeys(unit, row.id, "the second factors were reset");
    unit.changed("principal", row.id);
    unit.audit({ type: "second_factor.reset", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
  }),

  ask: write(function* (unit, args: { challenge: ChallengeRow }): Work<void> {
    yield* remove(factorChallenges, lt(factorChallenges.expiresAt, unit.now));
    yield* remove(factorChallenges, eq(factorChallenges.id, args.challenge.id));
    yield* insert(factorChallenges, args.challenge);
  }),

  question: read(function* (unit, args: { id: string }): Work<ChallengeRow | undefined> {
    const row = yield* selectOne(factorChallenges, eq(factorChallenges.id, args.id));
    return row === undefined || row.expiresAt <= unit.now ? undefined : row;
  }),

  /** Takes the question for one answer: its challenge is worth nothing afterwards. Undefined when it is used up. */
  answering: write(function* (unit, args: { id: string; nextChallenge: string }): Work<ChallengeRow | undefined> {
    const row = yield* selectOne(factorChallenges, eq(factorChallenges.id, args.id));
    if (row === undefined || row.expiresAt <= unit.now || row.attemptsLeft <= 0) return undefined;
    const after = { challenge: args.nextChallenge, attemptsLeft: row.attemptsLeft - 1 };
    yield* update(factorChallenges, after, eq(factorChallenges.id, row.id));
    return row;
  }),

  /** It was answered. False when another request was faster, so that one answer opens one session. */
  answered: write(function* (_unit, args: { id: string }): Work<boolean> {
    return (yield* remove(factorChallenges, eq(factorChallenges.id, args.id))) > 0;
  }),

  /** Has this principal signed in from there before? */
  signedInFrom: read(function* (_unit, args: { principalId: string; address: string }): Work<boolean> {
    const where = and(eq(signIns.principalId, args.principalId), eq(signIns.address, args.address));
    return (yield* selectOne(signIns, where)) !== undefined;
  }),

  /** The sign-in is as fresh as if it were made now. */
  steppedUp: write(function* (unit, args: { signInId: string; methods: readonly string[] }): Work<void> {
    yield* stepUp(unit, args);
  }),

  linkStepUp: write(function* (unit, args: { link: typeof stepUpLinks.$inferSelect }): Work<void> {
    yield* remove(stepUpLinks, lt(stepUpLinks.expiresAt, unit.now));
    yield* insert(stepUpLinks, args.link);
  }),

  stepUpLink: read(function* (unit, args: { idHash: string }) {
    const row = yield* selectOne(stepUpLinks, eq(stepUpLinks.idHash, args.idHash));
    return row === undefined || row.expiresAt <= unit.now ? undefined : row;
  }),

  /** Once: the link was opened by the same person, who has just proven it. */
  completeLink: write(function* (unit, args: { idHash: string; principalId: string; methods: readonly string[] }) {
    const row = yield* selectOne(stepUpLinks, eq(stepUpLinks.idHash, args.idHash));
    const usable = row !== undefined && row.expiresAt > unit.now && row.completedAt === null;
    if (!usable || row.principalId !== args.principalId) return false;
    yield* update(stepUpLinks, { completedAt: unit.now }, eq(stepUpLinks.idHash, row.idHash));
    yield* stepUp(unit, { signInId: row.signInId, methods: args.methods });
    return true;
  }),
};

function* stepUp(unit: UnitContext, args: { signInId: string; methods: readonly string[] }): Work<void> {
  const row = yield* selectOne(signIns, eq(signIns.id, args.signInId));
  if (row === undefined || row.endedAt !== null) throw new TidewaiterError("unauthenticated", "the sign-in has ended");
  // They say how the latest proof was given; a password that stood before it still makes two factors of it.
  const methods = [...new Set([...row.methods.filter((method) => method === "pwd"), ...args.methods])];
  const presence = provesPresence(args.methods) ? { presenceAt: unit.now } : {};
  yield* update(signIns, { methods, authenticatedAt: unit.now, ...presence }, eq(signIns.id, row.id));
  const data = { signIn: row.id, methods: args.methods.join(" ") };
  unit.audit({ type: "login.stepped_up", principalId: row.principalId, data });
}

/** Codes stand in for a factor; without one they would be another password. */
function* dropUnneededCodes(principalId: string): Work<void> {
  const { totp, passkeys: keys } = yield* factorStatus(principalId);
  if (totp === undefined && keys.length === 0) yield* remove(recoveryCodes, eq(recoveryCodes.principalId, principalId));
}

function* factorStatus(principalId: string): Work<FactorStatus> {
  const totp = yield* selectOne(totpFactors, eq(totpFactors.principalId, principalId));
  const keys = yield* select(passkeys, {
    where: eq(passkeys.principalId, principalId),
    orderBy: asc(passkeys.createdAt),
  });
  const since = totp?.confirmedAt ?? undefined;
  return {
    totp: since === undefined ? undefined : { since },
    passkeys: keys.map(({ credentialId: id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt, lastUsedAt })),
    recoveryCodes: yield* count(recoveryCodes, eq(recoveryCodes.principalId, principalId)),
  };
}
