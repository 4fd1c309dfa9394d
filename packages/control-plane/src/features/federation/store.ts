import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { and, asc, eq, isNull, lt } from "../../storage/drizzle.ts";
import { accessTokens, federations, federationTokens, mandates, principals, resources } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { insertMandate, resourceIdsOf, revokeMandate } from "../mandates/store.ts";
import { loadPrincipals, principalProblem } from "../principals/membership.ts";
import { type PrincipalRef, requirePrincipal } from "../principals/store.ts";
import { loadRights, requireMayGive, requirePermission } from "../roles/rights.ts";
import type { FederationRow } from "./federation.ts";
import type { WorkloadIdentity } from "./verify-token.ts";

export interface FederationInput {
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly when?: string | undefined;
  readonly principal: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly jwks?: string | undefined;
  readonly singleUse: boolean;
  readonly permissions?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly level?: AccessLevel | undefined;
}

export interface FederationView extends Omit<FederationInput, "when" | "jwks" | "permissions" | "resources" | "level"> {
  readonly id: string;
  readonly when: string | null;
  readonly jwks: string | null;
  readonly permissions: readonly string[] | null;
  readonly resources: readonly string[] | null;
  readonly level: AccessLevel | null;
}

interface ExchangeArgs {
  readonly federationId: string;
  readonly identity: WorkloadIdentity;
  readonly mandateId: string;
  readonly jti: string;
  readonly expiresAt: string;
  readonly address: string;
}

export type Exchanged = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export const federationUnits = {
  list: read(function* (): Work<FederationView[]> {
    return yield* listFederations();
  }),

  byIssuer: read(function* (_unit, args: { issuer: string }): Work<FederationRow[]> {
    return yield* select(federations, { where: eq(federations.issuer, args.issuer) });
  }),

  /** A token was found good: it becomes a mandate with an access token, unless it was used before. */
  exchange: write(function* (unit, args: ExchangeArgs): Work<Exchanged> {
    const { identity, mandateId, jti, expiresAt } = args;
    const federation = yield* selectOne(federations, eq(federations.id, args.federationId));
    if (federation === undefined) return refused(unit, args, "the federation was removed");
    const known = (yield* loadPrincipals([federation.principalId])).get(federation.principalId);
    const problem = principalProblem(known);
    if (problem !== undefined) return refused(unit, args, problem);
    if (federation.singleUse && !(yield* firstUse(unit, identity))) return refused(unit, args, "it was used before");
    const { principalId, permissions, resourceIds, level } = federation;
    yield* insertMandate(unit, {
      id: mandateId,
      type: "federation",
      name: identity.subject.slice(0, 200),
      principalId,
      ownerId: null,
      secretHash: null,
      permissions,
      resourceIds,
      level,
      sourceId: federation.id,
      present: false,
      createdBy: federation.name,
      expiresAt,
    });
    yield* remove(accessTokens, lt(accessTokens.expiresAt, unit.now));
    yield* insert(accessTokens, { jti, principalId, issuedAt: unit.now, expiresAt, mandateId });
    const { issuer, subject } = identity;
    const data = { federation: federation.name, mandate: mandateId, issuer, subject, address: args.address, expiresAt };
    unit.audit({ type: "federation.exchanged", principalId, data });
    return { ok: true };
  }),

  sweep: write(function* (unit): Work<void> {
    yield* remove(federationTokens, lt(federationTokens.expiresAt, unit.now));
  }),
};

function refused(unit: UnitContext, { federationId, identity, address }: ExchangeArgs, reason: string): Exchanged {
  const { issuer, subject } = identity;
  unit.audit({ type: "federation.refused", data: { federation: federationId, issuer, subject, address, reason } });
  return { ok: false, reason };
}

/** Write units run one at a time, so that two requests with one token cannot both be the first. */
function* firstUse(unit: UnitContext, { issuer, jti = "", expires }: WorkloadIdentity): Work<boolean> {
  const same = and(eq(federationTokens.issuer, issuer), eq(federationTokens.jti, jti));
  if ((yield* selectOne(federationTokens, same)) !== undefined) return false;
  // a clock that is late takes the token a little longer
  const expiresAt = new Date((expires + 300) * 1000).toISOString();
  yield* insert(federationTokens, { issuer, jti, usedAt: unit.now, expiresAt });
  return true;
}

/** What comes out of it is good no longer than its configuration: a change ends what was exchanged before. */
export function* putFederation(
  unit: UnitContext,
  args: { by: PrincipalRef; federation: FederationInput },
): Work<"create" | "update"> {
  const { by, federation } = args;
  const { name, issuer, audience, subject, lifetime, singleUse } = federation;
  const principal = yield* requirePrincipal(federation.principal);
  if (principal.kind === "user") {
    throw new TidewaiterError("bad_request", "a workload stands for a service or an AI agent, never for a person");
  }
  // a workload then reaches what the principal reaches
  yield* requirePermission(by, "grants.write");
  const known = (yield* loadPrincipals([principal.id])).get(principal.id);
  if (known !== undefined) yield* requireMayGive(by, yield* loadRights(known), []);
  const fields = {
    issuer,
    audience,
    subject,
    condition: federation.when ?? null,
    principalId: principal.id,
    lifetimeSeconds: lifetime,
    jwksUri: federation.jwks ?? null,
    singleUse,
    permissions: federation.permissions ?? null,
    resourceIds: yield* resourceIdsOf(federation.resources),
    level: federation.level ?? null,
  };
  const row = yield* selectOne(federations, eq(federations.name, name));
  const why = [`workloads with such tokens act as ${principal.name}`];
  protect(unit, { noun: "federation", name }, why, { after: { ...fields, principal: principal.name } });
  const id = row?.id ?? newId("fed");
  if (row === undefined) yield* insert(federations, { id, name, ...fields, createdAt: unit.now });
  else {
    yield* remove(federations, eq(federations.id, id));
    yield* insert(federations, { id, name, ...fields, createdAt: row.createdAt });
    yield* endExchanged(unit, id, by);
  }
  const type = row === undefined ? "federation.created" : "federation.updated";
  const data = { by: by.name, name, issuer, audience, subject, when: fields.condition, principal: principal.name };
  unit.audit({ type, principalId: by.id, data });
  return row === undefined ? "create" : "update";
}

export function* deleteFederation(unit: UnitContext, args: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* selectOne(federations, eq(federations.name, args.name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no federation ${args.name}`);
  yield* endExchanged(unit, row.id, args.by);
  yield* remove(federations, eq(federations.id, row.id));
  unit.audit({ type: "federation.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
}

function* endExchanged(unit: UnitContext, federationId: string, by: PrincipalRef): Work<void> {
  const live = and(eq(mandates.sourceId, federationId), isNull(mandates.revokedAt));
  for (const mandate of yield* select(mandates, { where: live })) {
    if (mandate.type === "federation" && mandate.expiresAt > unit.now) yield* revokeMandate(unit, mandate, by);
  }
}

export function* listFederations(): Work<FederationView[]> {
  const rows = yield* select(federations, { orderBy: asc(federations.name) });
  const names = new Map((yield* select(principals)).map((row) => [row.id, row.name]));
  const places = new Map((yield* select(resources)).map((row) => [row.id, row.name]));
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    issuer: row.issuer,
    audience: row.audience,
    subject: row.subject,
    when: row.condition,
    principal: names.get(row.principalId) ?? "",
    lifetime: row.lifetimeSeconds,
    jwks: row.jwksUri,
    singleUse: row.singleUse,
    permissions: row.permissions,
    resources: row.resourceIds?.flatMap((id) => places.get(id) ?? []).sort() ?? null,
    level: row.level,
  }));
}
