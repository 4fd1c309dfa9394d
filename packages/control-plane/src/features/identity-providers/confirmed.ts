import { and, eq, inArray, isNotNull } from "../../storage/drizzle.ts";
import { identities, identityProviders, signIns } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import type { ProviderRow } from "./store.ts";

/** How long what is there outlives a provider that cannot be asked, where its resource says nothing else. */
export const DEFAULT_GRACE_S = 8 * 3600;

interface Waiting {
  readonly name: string;
  readonly identityGraceSeconds: number | null;
}

/** Why rights at the resource end: its time of grace for the provider is over. Undefined while it answers or it lasts. */
export function graceProblem(
  provider: Pick<ProviderRow, "name" | "unreachableSince"> | undefined,
  resource: Waiting,
  now: string,
): string | undefined {
  const since = provider?.unreachableSince;
  if (provider === undefined || since === undefined || since === null) return undefined;
  const graceMs = (resource.identityGraceSeconds ?? DEFAULT_GRACE_S) * 1000;
  if (Date.parse(now) < Date.parse(since) + graceMs) return undefined;
  return `the identity provider ${provider.name} could not be asked since ${since.slice(0, 16)}Z, longer than ${resource.name} waits for it`;
}

/** The provider of a sign-in that cannot be asked now. While it cannot, nothing new is given: no secret, no grant. */
export function* unconfirmedSignIn(signInId: string | null | undefined): Work<ProviderRow | undefined> {
  if (signInId === null || signInId === undefined) return undefined;
  const signIn = yield* selectOne(signIns, eq(signIns.id, signInId));
  return signIn === undefined ? undefined : yield* unreachable([signIn.provider]);
}

/** The same for a principal, by any of its identities. */
export function* unconfirmedPrincipal(principalId: string): Work<ProviderRow | undefined> {
  const own = yield* select(identities, { where: eq(identities.principalId, principalId) });
  return own.length === 0 ? undefined : yield* unreachable(own.map((identity) => identity.provider));
}

function* unreachable(names: readonly string[]): Work<ProviderRow | undefined> {
  const silent = isNotNull(identityProviders.unreachableSince);
  return yield* selectOne(identityProviders, and(inArray(identityProviders.name, [...names]), silent));
}

export function unconfirmedWords({ name, unreachableSince }: ProviderRow): string {
  const since = unreachableSince?.slice(0, 16) ?? "";
  return `the identity provider ${name} cannot be asked since ${since}Z, so nothing new is given meanwhile`;
}
