import { createHash, randomBytes } from "node:crypto";
import { and, eq, isNull } from "../../storage/drizzle.ts";
import { refreshTokens, signIns } from "../../storage/schema.ts";
import { insert, selectOne, update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { endSignIns } from "./end-sign-ins.ts";
import { signInHolder } from "./sign-ins.ts";

const FORM = /^twr_[A-Za-z0-9_-]{43}$/;

/** 256 random bits behind the prefix; the store has its SHA-256. */
export function newRefreshToken(): string {
  return `twr_${randomBytes(32).toString("base64url")}`;
}

export function isRefreshToken(text: string): boolean {
  return FORM.test(text);
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

export type Refreshed =
  | { readonly ok: true; readonly principalId: string; readonly signInId: string; readonly signInExpiresAt: string }
  | { readonly ok: false; readonly reason: "unknown" | "reused" | "revoked" | "expired" | "disabled" };

const REUSED = "a refresh token was used twice, so somebody else may have it; sign in again";

export function* keepRefreshToken(unit: UnitContext, tokenHash: string, signInId: string): Work<void> {
  yield* insert(refreshTokens, { tokenHash, signInId, createdAt: unit.now, usedAt: null });
}

/**
 * One token for the next, each once (RFC 9700, section 4.14.2). Whoever comes with a used one may have stolen it, or the
 * one before them had: the whole sign-in ends, and with it every live session.
 */
export function* rotateRefreshToken(
  unit: UnitContext,
  args: { readonly tokenHash: string; readonly nextHash: string },
): Work<Refreshed> {
  const row = yield* selectOne(refreshTokens, eq(refreshTokens.tokenHash, args.tokenHash));
  if (row === undefined) return { ok: false, reason: "unknown" };
  const signIn = yield* selectOne(signIns, eq(signIns.id, row.signInId));
  if (signIn === undefined) return { ok: false, reason: "unknown" };
  if (row.usedAt !== null) {
    const ended = yield* endSignIns(unit, eq(signIns.id, row.signInId), REUSED);
    const data = { signIn: row.signInId, firstUse: row.usedAt, ended: ended > 0 };
    unit.audit({ type: "login.refresh_token_reused", principalId: signIn.principalId, data });
    return { ok: false, reason: "reused" };
  }
  const holder = yield* signInHolder(unit, signIn, { principalId: signIn.principalId, mandateId: null });
  if (!holder.ok) return { ok: false, reason: holder.reason };
  const unused = and(eq(refreshTokens.tokenHash, args.tokenHash), isNull(refreshTokens.usedAt));
  yield* update(refreshTokens, { usedAt: unit.now }, unused);
  yield* keepRefreshToken(unit, args.nextHash, signIn.id);
  return { ok: true, principalId: signIn.principalId, signInId: signIn.id, signInExpiresAt: signIn.expiresAt };
}
