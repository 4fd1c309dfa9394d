import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { asc, eq } from "../../storage/drizzle.ts";
import { groupMembers, identities, identityProviders, scimTokens, signIns } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { providerWeakens } from "../change-requests/weakens.ts";
import { endSignIns } from "../login/end-sign-ins.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requirePermission } from "../roles/rights.ts";
import type { OidcSettings, ProviderSettings, SamlSettings } from "./settings.ts";

export type ProviderRow = typeof identityProviders.$inferSelect;
/** Of one kind. */
export type OidcProvider = ProviderRow & { readonly settings: OidcSettings };
export type SamlProvider = ProviderRow & { readonly settings: SamlSettings };

export function isOidc(row: ProviderRow): row is OidcProvider {
  return row.settings.type === "oidc";
}

export function isSaml(row: ProviderRow): row is SamlProvider {
  return row.settings.type === "saml";
}

export const identityProviderUnits = {
  list: read(function* (): Work<ProviderRow[]> {
    return yield* select(identityProviders, { orderBy: asc(identityProviders.name) });
  }),

  get: read(function* (_unit, args: { name: string }): Work<ProviderRow | undefined> {
    return yield* selectOne(identityProviders, eq(identityProviders.name, args.name));
  }),

  /** It answered, whatever it said. */
  reached: write(function* (unit, args: { name: string }): Work<void> {
    const row = yield* selectOne(identityProviders, eq(identityProviders.name, args.name));
    if (row === undefined) return;
    const set = { askedAt: unit.now, unreachableSince: null, problem: null };
    yield* update(identityProviders, set, eq(identityProviders.id, row.id));
    if (row.unreachableSince === null) return;
    unit.changed("identity_provider", row.id);
    const data = { provider: row.name, since: row.unreachableSince };
    unit.audit({ type: "identity_provider.reachable", data });
  }),

  /** It could not be asked. The first time starts the time of grace, and is told aloud. */
  unreachable: write(function* (unit, args: { name: string; problem: string }): Work<void> {
    const row = yield* selectOne(identityProviders, eq(identityProviders.name, args.name));
    if (row === undefined) return;
    const set = { unreachableSince: row.unreachableSince ?? unit.now, problem: args.problem.slice(0, 300) };
    yield* update(identityProviders, set, eq(identityProviders.id, row.id));
    if (row.unreachableSince !== null) return;
    unit.changed("identity_provider", row.id);
    unit.audit({ type: "identity_provider.unreachable", data: { provider: row.name, problem: set.problem } });
  }),
};

/** Makes the provider or brings it to the given form. Other settings of the same issuer and client keep who signed in. */
export function* putProvider(
  unit: UnitContext,
  args: { by: PrincipalRef; name: string; settings: ProviderSettings },
): Work<void> {
  const { by, name, settings } = args;
  const row = yield* selectOne(identityProviders, eq(identityProviders.name, name));
  // Whoever says who signs in as whom could become anybody.
  yield* requirePermission(by, "roles.appoint");
  const change = { before: row && { ...row.settings }, after: { ...settings } };
  protect(unit, { noun: "identity_provider", name }, providerWeakens(change.before, change.after), change);
  if (row === undefined) {
    const fresh = { askedAt: null, unreachableSince: null, problem: null };
    const id = newId("idp");
    yield* insert(identityProviders, { id, name, settings, createdAt: unit.now, updatedAt: unit.now, ...fresh });
  } else {
    requireSameIssuer(row, settings);
    yield* update(identityProviders, { settings, updatedAt: unit.now }, eq(identityProviders.id, row.id));
    unit.changed("identity_provider", row.id);
  }
  const data = { by: by.name, name, settings: JSON.stringify(settings) };
  const type = row === undefined ? "identity_provider.created" : "identity_provider.updated";
  unit.audit({ type, principalId: by.id, data });
}

/** The subjects of one issuer mean nothing at another: whoever is `1` there would become our `1`. */
function requireSameIssuer(row: ProviderRow, settings: ProviderSettings): void {
  if (row.settings.type === settings.type && row.settings.issuer === settings.issuer) return;
  throw new TidewaiterError("conflict", "another issuer is another provider", {
    next: "Add it under another name, and remove this one.",
  });
}

export function* deleteProvider(unit: UnitContext, args: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* selectOne(identityProviders, eq(identityProviders.name, args.name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no identity provider ${args.name}`);
  yield* endSignIns(unit, eq(signIns.provider, row.name), `the identity provider ${row.name} was removed`);
  const theirs = eq(groupMembers.source, row.name);
  const lost = new Set((yield* select(groupMembers, { where: theirs })).map(({ groupId }) => groupId));
  yield* remove(groupMembers, theirs);
  for (const groupId of lost) unit.changed("group", groupId);
  yield* remove(identities, eq(identities.provider, row.name));
  yield* remove(scimTokens, eq(scimTokens.provider, row.name));
  yield* remove(identityProviders, eq(identityProviders.id, row.id));
  unit.changed("identity_provider", row.id);
  const data = { by: args.by.name, name: row.name };
  unit.audit({ type: "identity_provider.deleted", principalId: args.by.id, data });
}
