import type { DataKeyRow } from "../seal/data-key.ts";
import { insertDataKey } from "../seal/store.ts";
import { and, eq, gt, isNull, or } from "../storage/drizzle.ts";
import { signingKeys } from "../storage/schema.ts";
import { insert, select, update, type Work } from "../storage/statement.ts";
import { read, write } from "../storage/unit.ts";
import type { SigningPurpose } from "./purpose.ts";

export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** The id in the change that tells of a rotation of grant keys. */
const GRANT_KEYS = "grant_keys";

interface AddKey {
  readonly key: SigningKeyRow;
  readonly dataKey: DataKeyRow;
  /** `first`: only if there is none yet. `next`: the older ones verify until then. */
  readonly as: { readonly type: "first" } | { readonly type: "next"; readonly olderVerifyUntil: string };
}

export const signingUnits = {
  /** Keys that still verify something. */
  list: read(function* (unit, args: { purpose: SigningPurpose }): Work<SigningKeyRow[]> {
    const current = or(isNull(signingKeys.verifiesUntil), gt(signingKeys.verifiesUntil, unit.now));
    return yield* select(signingKeys, { where: and(eq(signingKeys.purpose, args.purpose), current) });
  }),

  /** False when there was a key already and only a first one was asked for. */
  add: write(function* (unit, args: AddKey): Work<boolean> {
    const purpose = eq(signingKeys.purpose, args.key.purpose);
    if (args.as.type === "first" && (yield* select(signingKeys, { where: purpose, limit: 1 })).length > 0) return false;
    if (args.as.type === "next") {
      const older = and(purpose, isNull(signingKeys.verifiesUntil));
      yield* update(signingKeys, { verifiesUntil: args.as.olderVerifyUntil }, older);
    }
    yield* insertDataKey(args.dataKey);
    yield* insert(signingKeys, args.key);
    // Gateways tell their agents of the new key.
    if (args.key.purpose === "session_grant") unit.changed("agent", GRANT_KEYS);
    unit.audit({ type: "signing_key.added", data: { kid: args.key.kid, purpose: args.key.purpose } });
    return true;
  }),
};
