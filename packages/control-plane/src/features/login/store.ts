import { and, eq, isNull, lt } from "drizzle-orm";
import { accessTokens } from "../../storage/schema.ts";
import { insert, remove, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";
import { loadActing } from "../mandates/acting.ts";
import { type Holder, toHolder } from "../mandates/holder.ts";

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

  holder: read(function* (unit, args: { jti: string; principalId: string }): Work<Holder> {
    const token = yield* selectOne(accessTokens, eq(accessTokens.jti, args.jti));
    if (token === undefined || token.principalId !== args.principalId) return { ok: false, reason: "unknown" };
    if (token.revokedAt !== null) return { ok: false, reason: "revoked" };
    const [acting] = yield* loadActing([token], unit.now);
    return acting === undefined ? { ok: false, reason: "unknown" } : yield* toHolder(acting, unit.now);
  }),
};
