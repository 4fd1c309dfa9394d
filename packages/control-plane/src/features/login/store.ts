import type { Principal } from "@tidewaiter/core";
import { and, eq, isNull, lt } from "drizzle-orm";
import { accessTokens } from "../../storage/schema.ts";
import { insert, remove, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";
import { loadPrincipals, principalProblem } from "../principals/membership.ts";
import { toPrincipal } from "../principals/store.ts";

/** Who an access token stands for, with rights read anew at each use. */
export type TokenHolder =
  | { readonly ok: true; readonly principal: Principal; readonly roles: readonly string[] }
  | { readonly ok: false; readonly reason: "revoked" | "unknown" | "disabled" };

export const loginUnits = {
  issued: write(function* (unit, args: { jti: string; principalId: string; expiresAt: string; address: string }) {
    yield* remove(accessTokens, lt(accessTokens.expiresAt, unit.now));
    const { jti, principalId, expiresAt } = args;
    yield* insert(accessTokens, { jti, principalId, issuedAt: unit.now, expiresAt });
    unit.audit({ type: "login.succeeded", principalId, data: { address: args.address, expiresAt } });
  }),

  revoke: write(function* (unit, args: { jti: string }): Work<void> {
    const known = yield* selectOne(accessTokens, and(eq(accessTokens.jti, args.jti), isNull(accessTokens.revokedAt)));
    if (known === undefined) return;
    yield* update(accessTokens, { revokedAt: unit.now }, eq(accessTokens.jti, args.jti));
    unit.audit({ type: "login.ended", principalId: known.principalId, data: {} });
  }),

  holder: read(function* (_unit, args: { jti: string; principalId: string }): Work<TokenHolder> {
    const token = yield* selectOne(accessTokens, eq(accessTokens.jti, args.jti));
    if (token === undefined || token.principalId !== args.principalId) return { ok: false, reason: "unknown" };
    if (token.revokedAt !== null) return { ok: false, reason: "revoked" };
    const known = (yield* loadPrincipals([token.principalId])).get(token.principalId);
    if (known === undefined || principalProblem(known) !== undefined) return { ok: false, reason: "disabled" };
    return { ok: true, principal: toPrincipal(known), roles: known.row.roles };
  }),
};
