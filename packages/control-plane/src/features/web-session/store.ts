import { eq, lt } from "../../storage/drizzle.ts";
import { signIns, webSessions } from "../../storage/schema.ts";
import { insert, remove, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";
import { type NewSignIn, openSignIn, signInHolder } from "../login/sign-ins.ts";
import type { Holder } from "../mandates/holder.ts";

/** A browser that was not used for so long has to sign in again. */
export const IDLE_MS = 2 * 3600 * 1000;
/** How exactly the last use is known: each note of it is a write. */
const NOTED_EACH_MS = 5 * 60 * 1000;

export interface WebHolder {
  readonly holder: Holder;
  readonly expiresAt: string;
  /** Its use should be noted. */
  readonly stale: boolean;
}

export const webSessionUnits = {
  /** Opens a sign-in and the browser's session for it, at once. */
  open: write(function* (unit, args: { signIn: NewSignIn; idHash: string }): Work<{ signInId: string }> {
    const signIn = yield* openSignIn(unit, args.signIn);
    const { idHash } = args;
    yield* insert(webSessions, { idHash, signInId: signIn.id, createdAt: unit.now, lastUsedAt: unit.now });
    return { signInId: signIn.id };
  }),

  /** Another id for the same sign-in, as after a step-up; the old one is of no use any more. False when it is gone. */
  renew: write(function* (unit, args: { idHash: string; newIdHash: string }): Work<boolean> {
    const set = { idHash: args.newIdHash, createdAt: unit.now, lastUsedAt: unit.now };
    return (yield* update(webSessions, set, eq(webSessions.idHash, args.idHash))) > 0;
  }),

  find: read(function* (unit, args: { idHash: string }): Work<WebHolder | undefined> {
    const row = yield* selectOne(webSessions, eq(webSessions.idHash, args.idHash));
    if (row === undefined) return undefined;
    const unusedMs = Date.parse(unit.now) - Date.parse(row.lastUsedAt);
    if (unusedMs >= IDLE_MS) return undefined;
    const signIn = yield* selectOne(signIns, eq(signIns.id, row.signInId));
    if (signIn === undefined) return undefined;
    const holder = yield* signInHolder(unit, signIn, { principalId: signIn.principalId, mandateId: null });
    return { holder, expiresAt: signIn.expiresAt, stale: unusedMs >= NOTED_EACH_MS };
  }),

  used: write(function* (unit, args: { idHash: string }): Work<void> {
    yield* update(webSessions, { lastUsedAt: unit.now }, eq(webSessions.idHash, args.idHash));
  }),

  sweep: write(function* (unit): Work<void> {
    const idleSince = new Date(Date.parse(unit.now) - IDLE_MS).toISOString();
    yield* remove(webSessions, lt(webSessions.lastUsedAt, idleSince));
  }),
};
