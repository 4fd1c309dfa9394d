import { and, eq, isNull } from "../../storage/drizzle.ts";
import { accessTokens, connectionSecrets, principals, signIns } from "../../storage/schema.ts";
import { update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { endSignIns } from "../login/end-sign-ins.ts";
import type { PrincipalRow } from "./store.ts";

/**
 * An identity provider says that a person has left: sessions end, and what was given out stays worthless after a return.
 * Whether an administrator disabled the principal is another matter, which the provider neither sets nor clears. It may
 * be the last administrator: a person who has left keeps nothing for that, and comes back by the provider or by
 * break-glass.
 */
export function* suspendPrincipal(unit: UnitContext, row: PrincipalRow, provider: string): Work<void> {
  if (row.suspendedBy !== null) return;
  yield* update(principals, { suspendedBy: provider }, eq(principals.id, row.id));
  const reason = `suspended by the identity provider ${provider}`;
  yield* endSignIns(unit, eq(signIns.principalId, row.id), reason);
  const tokens = and(eq(accessTokens.principalId, row.id), isNull(accessTokens.revokedAt));
  yield* update(accessTokens, { revokedAt: unit.now }, tokens);
  const secrets = and(eq(connectionSecrets.principalId, row.id), isNull(connectionSecrets.revokedAt));
  yield* update(connectionSecrets, { revokedAt: unit.now, revokedReason: reason }, secrets);
  unit.changed("principal", row.id);
  unit.audit({ type: "principal.suspended", principalId: row.id, data: { by: provider, name: row.name } });
}

/** Only the provider that suspended it can. */
export function* resumePrincipal(unit: UnitContext, row: PrincipalRow, provider: string): Work<void> {
  if (row.suspendedBy !== provider) return;
  yield* update(principals, { suspendedBy: null }, eq(principals.id, row.id));
  unit.changed("principal", row.id);
  unit.audit({ type: "principal.resumed", principalId: row.id, data: { by: provider, name: row.name } });
}
