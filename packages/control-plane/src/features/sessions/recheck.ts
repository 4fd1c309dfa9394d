import { levelAtLeast } from "@tidewaiter/core/resource";
import { inArray } from "../../storage/drizzle.ts";
import {
  agents,
  connectionSecrets,
  credentials,
  grants,
  identityProviders,
  resources,
  sessions,
  signIns,
} from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import { grantApplies, highestLevel } from "../grants/access.ts";
import type { GrantRow } from "../grants/store.ts";
import { graceProblem } from "../identity-providers/confirmed.ts";
import type { ProviderRow } from "../identity-providers/store.ts";
import type { SignInRow } from "../login/sign-ins.ts";
import { type Acting, loadActing } from "../mandates/acting.ts";
import type { KnownPrincipal } from "../principals/membership.ts";
import type { ResourceRow } from "../resources/store.ts";
import type { SecretRow } from "../secrets/store.ts";
import type { SessionRow } from "./store.ts";

/** All that a session's right to go on depends on, as it is now. */
export interface SessionFacts {
  readonly session: SessionRow;
  readonly acting: Acting | undefined;
  readonly resource: ResourceRow | undefined;
  /** The grant that it was opened on. */
  readonly grant: GrantRow | undefined;
  /** Every grant: what the person of a delegated AI agent has decides too. */
  readonly grants: readonly GrantRow[];
  readonly secret: SecretRow | undefined;
  /** What it was opened with, in the end; an API key and a service have none. */
  readonly signIn: SignInRow | undefined;
  /** Of the sign-in. */
  readonly provider: ProviderRow | undefined;
  readonly credentialExists: boolean;
  readonly agentExists: boolean;
}

/** A fixed number of statements for any number of sessions. */
export function* loadSessionFacts(ids: readonly string[], now: string): Work<Map<string, SessionFacts>> {
  if (ids.length === 0) return new Map();
  const rows = yield* select(sessions, { where: inArray(sessions.id, [...ids]) });
  if (rows.length === 0) return new Map();
  const idsOf = (pick: (row: SessionRow) => string | null) => [...new Set(rows.map(pick).filter((id) => id !== null))];
  const acting = yield* loadActing(rows, now);
  const resourceRows = yield* select(resources, {
    where: inArray(
      resources.id,
      idsOf((row) => row.resourceId),
    ),
  });
  const grantRows = yield* select(grants);
  const secretIds = idsOf((row) => row.secretId);
  const secrets =
    secretIds.length === 0 ? [] : yield* select(connectionSecrets, { where: inArray(connectionSecrets.id, secretIds) });
  const signInIds = idsOf((row) => row.signInId);
  const signInRows = signInIds.length === 0 ? [] : yield* select(signIns, { where: inArray(signIns.id, signInIds) });
  const providers = signInRows.length === 0 ? [] : yield* select(identityProviders);
  const signInOf = (session: SessionRow) => signInRows.find((row) => row.id === session.signInId);
  const known = yield* select(credentials, {
    where: inArray(
      credentials.id,
      idsOf((row) => row.credentialId),
    ),
  });
  const agentRows = yield* select(agents, {
    where: inArray(
      agents.id,
      idsOf((row) => row.agentId),
    ),
  });
  return new Map(
    rows.map((session, index) => [
      session.id,
      {
        session,
        acting: acting[index],
        resource: resourceRows.find((row) => row.id === session.resourceId),
        grant: grantRows.find((row) => row.id === session.grantId),
        grants: grantRows,
        secret: secrets.find((row) => row.id === session.secretId),
        signIn: signInOf(session),
        provider: providers.find((row) => row.name === signInOf(session)?.provider),
        credentialExists: known.some((row) => row.id === session.credentialId),
        agentExists: agentRows.some((row) => row.id === session.agentId),
      },
    ]),
  );
}

/**
 * Why a session must end, in words for its client, or undefined. The expiry of a connection secret ends no session (it
 * was valid when it was used), nor does that of a sign-in; their revocation does.
 */
export function sessionProblem(facts: SessionFacts, gatewayId: string, now: string): string | undefined {
  const { session, acting, resource, secret } = facts;
  const principal = acting?.known;
  if (session.endedAt !== null) return session.endReason ?? "the session has ended";
  if (session.gatewayId !== gatewayId) return "the session belongs to another gateway";
  if (session.killReason !== null) return session.killReason;
  if (principal === undefined || acting?.problem !== undefined) return acting?.problem ?? "the principal was deleted";
  if (facts.signIn !== undefined && facts.signIn.endedAt !== null) return facts.signIn.endReason ?? "the sign-in ended";
  if ((session.ownerId ?? null) !== (principal.owner?.row.id ?? null)) return "the person it acts for was changed";
  if (resource === undefined) return "the resource was deleted";
  if (resource.address !== session.address) return "the resource has another address now";
  if (resource.protocol !== session.protocol) return "the resource speaks another protocol now";
  if (secret !== undefined && secret.revokedAt !== null) {
    return secret.revokedReason ?? "the connection secret was revoked";
  }
  const late = graceProblem(facts.provider, resource, now);
  return late ?? grantProblem(facts, principal, resource, now) ?? endpointProblem(facts);
}

function grantProblem(facts: SessionFacts, principal: KnownPrincipal, resource: ResourceRow, now: string) {
  const { session, grant } = facts;
  if (principal.limits?.resourceIds?.includes(resource.id) === false)
    return "what it was opened with does not cover it";
  if (grant === undefined) return "the grant was removed";
  if (grant.expiresAt !== null && grant.expiresAt <= now) {
    return grant.requestId === null ? "the grant has expired" : "the time of your access request is over";
  }
  if (!grantApplies(grant, principal, resource, now) || !levelAtLeast(grant.level, session.level)) {
    return "the grant does not cover it any more";
  }
  const { owner } = principal;
  if (owner === undefined) return undefined;
  const theirs = highestLevel(facts.grants.filter((candidate) => grantApplies(candidate, owner, resource, now)));
  const enough = theirs !== undefined && levelAtLeast(theirs, session.level);
  return enough ? undefined : "the person it acts for has no such grant any more";
}

function endpointProblem(facts: SessionFacts): string | undefined {
  if (!facts.credentialExists) return "the credential was replaced or removed";
  if (!facts.agentExists) return "the agent was removed";
  return facts.resource?.agent === facts.session.agentName ? undefined : "the resource is behind another agent now";
}
