import { newId } from "@tidewaiter/core/ids";
import { eraseDataKeyOf } from "../../seal/store.ts";
import { and, eq } from "../../storage/drizzle.ts";
import { identities, principals, signIns } from "../../storage/schema.ts";
import { insert, remove, selectOne, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { privileged } from "../change-requests/weakens.ts";
import { endSignIns } from "../login/end-sign-ins.ts";
import { loadPrincipals } from "../principals/membership.ts";
import type { PrincipalRow } from "../principals/store.ts";
import { invalid } from "./scim-error.ts";

interface Pushed {
  readonly provider: string;
  readonly userName: string;
  /** What the person signs in as: the subject of the provider's OIDC or SAML sign-ins. */
  readonly externalId: string | null;
}

/** Whoever signed in as this subject before the first push: the push is about that principal. */
export function* signedInAs({ provider, externalId }: Pushed): Work<PrincipalRow | undefined> {
  if (externalId === null) return undefined;
  const identity = yield* selectOne(identities, subjectIs(provider, externalId));
  return identity === undefined ? undefined : yield* selectOne(principals, eq(principals.id, identity.principalId));
}

/** From now on the subject signs in as this principal; the one before it does not any more. */
export function* bindSubject(
  unit: UnitContext,
  principal: PrincipalRow,
  pushed: Pushed,
  before: string | null,
): Work<void> {
  const { provider, externalId, userName } = pushed;
  if (before !== null && before !== externalId) yield* unbind(unit, principal, provider, before);
  if (externalId === null) return;
  const known = yield* selectOne(identities, subjectIs(provider, externalId));
  if (known !== undefined) {
    if (known.principalId === principal.id) return;
    throw invalid("uniqueness", "externalId: another principal signs in with it");
  }
  yield* requireNoRoles(principal);
  yield* insert(identities, {
    id: newId("idn"),
    provider,
    subject: externalId,
    principalId: principal.id,
    username: userName,
    createdAt: unit.now,
  });
  const data = { provider, subject: externalId, principal: principal.name, by: "scim" };
  unit.audit({ type: "identity.linked", principalId: principal.id, data });
}

/** Roles were given to a person, not to whoever the provider says it is now: that takes a person here, as any link does. */
function* requireNoRoles({ id, name }: PrincipalRow): Work<void> {
  const roles = privileged((yield* loadPrincipals([id])).get(id)?.roles ?? []);
  if (roles.length === 0) return;
  const detail = `externalId: ${name} has the roles ${roles.join(", ")}, and who that is only an administrator says`;
  throw invalid("mutability", `${detail}: tw identity link`);
}

function* unbind(unit: UnitContext, principal: PrincipalRow, provider: string, subject: string): Work<void> {
  const row = yield* selectOne(identities, subjectIs(provider, subject));
  if (row === undefined || row.principalId !== principal.id) return;
  yield* endSignIns(unit, eq(signIns.identityId, row.id), "your identity has another subject now");
  yield* eraseDataKeyOf(row.sealedToken);
  yield* remove(identities, eq(identities.id, row.id));
  const data = { provider, subject, principal: principal.name, by: "scim" };
  unit.audit({ type: "identity.unlinked", principalId: principal.id, data });
}

function subjectIs(provider: string, subject: string) {
  return and(eq(identities.provider, provider), eq(identities.subject, subject));
}
