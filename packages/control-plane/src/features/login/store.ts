import { and, eq, isNull, lt } from "../../storage/drizzle.ts";
import { accessTokens, refreshTokens, signIns } from "../../storage/schema.ts";
import { insert, remove, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";
import type { Holder } from "../mandates/holder.ts";
import { endSignIns, forgetSignIns } from "./end-sign-ins.ts";
import { keepRefreshToken, type Refreshed, rotateRefreshToken } from "./refresh-tokens.ts";
import { type NewSignIn, openSignIn, signInHolder } from "./sign-ins.ts";

export const loginUnits = {
  /** Opens a sign-in; what a client then holds is made for its id. */
  signIn: write(function* (unit, args: { signIn: NewSignIn }): Work<{ signInId: string; expiresAt: string }> {
    const { id, expiresAt } = yield* openSignIn(unit, args.signIn);
    return { signInId: id, expiresAt };
  }),

  /** `refreshHash`: of the first refresh token of a sign-in. */
  tokenIssued: write(function* (
    unit,
    args: { jti: string; principalId: string; signInId: string | undefined; expiresAt: string; refreshHash?: string },
  ): Work<void> {
    yield* remove(accessTokens, lt(accessTokens.expiresAt, unit.now));
    const { jti, principalId, signInId, expiresAt, refreshHash } = args;
    if (refreshHash !== undefined && signInId !== undefined) yield* keepRefreshToken(unit, refreshHash, signInId);
    yield* insert(accessTokens, { jti, principalId, signInId: signInId ?? null, issuedAt: unit.now, expiresAt });
  }),

  holder: read(function* (unit, args: { jti: string; principalId: string }): Work<Holder> {
    const token = yield* selectOne(accessTokens, eq(accessTokens.jti, args.jti));
    if (token === undefined || token.principalId !== args.principalId) return { ok: false, reason: "unknown" };
    if (token.revokedAt !== null) return { ok: false, reason: "revoked" };
    const { signInId } = token;
    const signIn = signInId === null ? undefined : yield* selectOne(signIns, eq(signIns.id, signInId));
    return yield* signInHolder(unit, signIn, token);
  }),

  /** Is there such a token at all? Asked before anything is written, since anybody may ask. */
  knowsRefreshToken: read(function* (_unit, args: { tokenHash: string }): Work<boolean> {
    return (yield* selectOne(refreshTokens, eq(refreshTokens.tokenHash, args.tokenHash))) !== undefined;
  }),

  refresh: write(function* (unit, args: { tokenHash: string; nextHash: string }): Work<Refreshed> {
    return yield* rotateRefreshToken(unit, args);
  }),

  /** Ends one sign-in, or one token that was made without any. */
  end: write(function* (unit, args: { signInId?: string | undefined; jti?: string | undefined; reason: string }) {
    if (args.signInId !== undefined) yield* endSignIns(unit, eq(signIns.id, args.signInId), args.reason);
    if (args.jti === undefined) return;
    const live = and(eq(accessTokens.jti, args.jti), isNull(accessTokens.revokedAt));
    yield* update(accessTokens, { revokedAt: unit.now }, live);
  }),

  sweep: write(function* (unit): Work<void> {
    yield* forgetSignIns(unit);
  }),
};
