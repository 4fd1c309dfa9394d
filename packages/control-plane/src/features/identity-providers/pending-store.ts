import { and, eq, gt, lt } from "../../storage/drizzle.ts";
import { pendingSignIns } from "../../storage/schema.ts";
import { count, insert, remove, selectOne, type Work } from "../../storage/statement.ts";
import { write } from "../../storage/unit.ts";

export type PendingSignIn = typeof pendingSignIns.$inferSelect;

/** How long somebody may take at the provider. */
const LIFE_MS = 10 * 60_000;
/** Anybody can begin one, so there is an end to their number. */
const LIMIT = 20_000;

export const pendingSignInUnits = {
  /** False when too many are under way. */
  begin: write(function* (unit, args: { idHash: string; provider: string; next: string }): Work<boolean> {
    yield* remove(pendingSignIns, lt(pendingSignIns.expiresAt, unit.now));
    if ((yield* count(pendingSignIns)) >= LIMIT) return false;
    const expiresAt = new Date(Date.parse(unit.now) + LIFE_MS).toISOString();
    yield* insert(pendingSignIns, { ...args, expiresAt });
    return true;
  }),

  /** Takes it out, so that an answer of the provider is used once. */
  take: write(function* (unit, args: { idHash: string; provider: string }): Work<PendingSignIn | undefined> {
    const mine = and(
      eq(pendingSignIns.idHash, args.idHash),
      eq(pendingSignIns.provider, args.provider),
      gt(pendingSignIns.expiresAt, unit.now),
    );
    const row = yield* selectOne(pendingSignIns, mine);
    if (row !== undefined) yield* remove(pendingSignIns, eq(pendingSignIns.idHash, row.idHash));
    return row;
  }),
};
