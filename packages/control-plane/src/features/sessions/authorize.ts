import type { AccessLevel, SessionAuthorization, SessionCounters, SessionRequest } from "@tidewaiter/core";
import { ACCESS_LEVELS } from "@tidewaiter/core/resource";
import { insertDataKey } from "../../seal/store.ts";
import { and, eq } from "../../storage/drizzle.ts";
import {
  connectionSecrets,
  credentials,
  grants,
  identityProviders,
  resources,
  sessions,
  signIns,
} from "../../storage/schema.ts";
import { insert, select, selectOne, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { requestCommand } from "../access-requests/request-command.ts";
import { findAgent } from "../agents/store.ts";
import { type Access, decideAccess } from "../grants/access.ts";
import { graceProblem } from "../identity-providers/confirmed.ts";
import { loadActing } from "../mandates/acting.ts";
import { currentPolicyVersion } from "../policies/store.ts";
import type { KnownPrincipal } from "../principals/membership.ts";
import { toPrincipal } from "../principals/store.ts";
import { type ResourceRow, toResource } from "../resources/store.ts";
import { presenceProblem } from "../secrets/presence.ts";
import { rulesProblem } from "../secrets/rules.ts";
import type { SecretRow } from "../secrets/store.ts";
import type { AuthorizeArgs, OpenedSession, SessionRow } from "./store.ts";

/** A lease lasts this long beyond its last renewal (decision 2). */
export const LEASE_MS = 5000;

export type Refusal = Extract<SessionAuthorization, { ok: false }>;

export const NO_COUNTERS: SessionCounters = {
  statements: 0,
  refused: 0,
  held: 0,
  rows: 0,
  bytesToClient: 0,
  bytesToTarget: 0,
};

/** Checks every right and opens the session, in one unit; a refusal is a value, and audited. */
export function* openSession(unit: UnitContext, args: AuthorizeArgs): Work<OpenedSession | Refusal> {
  const { request } = args;
  const decided = yield* decide(unit, args);
  if ("ok" in decided) {
    const { resourceName: resource, client } = request;
    const data = { resource, reason: decided.reason, address: client.address, ...(yield* namesOf(unit, request)) };
    unit.audit({ type: "session.refused", principalId: request.principalId, data });
    return decided;
  }
  const row = sessionRow(unit, args, decided);
  yield* insertDataKey(args.recordingKey);
  yield* insert(sessions, row);
  const data = {
    resource: row.resourceName,
    level: row.level,
    agent: row.agentName,
    gateway: row.gatewayId,
    address: row.clientAddress,
    policyVersion: row.policyVersion,
  };
  const { id: sessionId, principalId, resourceId } = row;
  unit.audit({ type: "session.started", principalId, sessionId, resourceId, data });
  return { row, principal: toPrincipal(decided.principal), resource: toResource(decided.resource) };
}

/** What an AI agent asks for a person names both, a refusal too. */
function* namesOf(unit: UnitContext, request: SessionRequest): Work<Record<string, string>> {
  const { principalId } = request;
  const mandateId = (yield* mandateOf(request)) ?? null;
  const [acting] = yield* loadActing([{ principalId, mandateId }], unit.now);
  const person = acting?.known?.owner?.row.name;
  return person === undefined ? {} : { agent: acting?.known?.row.name ?? "", onBehalfOf: person };
}

interface Decided {
  readonly principal: KnownPrincipal;
  readonly mandateId: string | null;
  readonly resource: ResourceRow;
  readonly access: Access;
  readonly credentialId: string;
  readonly agent: { readonly id: string; readonly name: string };
  readonly policyVersion: number;
}

function* decide(unit: UnitContext, { request }: AuthorizeArgs): Work<Decided | Refusal> {
  const proof = yield* secretOf(request);
  const mandateId = (yield* mandateOf(request)) ?? null;
  const [acting] = yield* loadActing([{ principalId: request.principalId, mandateId }], unit.now);
  const principal = acting?.known;
  if (principal === undefined || acting?.problem !== undefined) {
    return refuse("principal_disabled", acting?.problem ?? "");
  }
  const resource = yield* selectOne(resources, eq(resources.name, request.resourceName));
  const unreachable = `there is no resource ${request.resourceName} that you may reach`;
  if (resource === undefined) return refuse("resource_unknown", unreachable);
  const known = yield* select(credentials, { where: eq(credentials.resourceId, resource.id) });
  const level = request.level ?? levelOfLogin(known, request.login);
  const credentialLevels = known.map((credential) => credential.level);
  const question = {
    grants: yield* select(grants),
    principal,
    resource,
    level,
    credentialLevels,
    now: unit.now,
  };
  const decided = decideAccess(question);
  // before anything else about the resource: that it exists is for those who have a grant, or may ask for one
  if (!decided.ok && decided.reason === "no_grant")
    return refuse("no_grant", unreachable, yield* requestCommand(question));
  const secret = request.secretId === undefined ? undefined : secretRefusal(proof, resource, unit.now);
  if (secret !== undefined) return secret;
  const late = yield* signInProblem(unit, request.signInId, resource);
  if (late !== undefined) return refuse("principal_disabled", late);
  const absent = presenceProblem(resource, proof, acting?.mandate);
  if (absent !== undefined) return refuse("secret_other_resource", absent);
  if (!decided.ok) {
    const asked = level === undefined ? "no level with a credential is" : `level ${level} is not`;
    return refuse(decided.reason, `${asked} granted to you on ${resource.name}`, yield* requestCommand(question));
  }
  if (resource.protocol !== request.protocol) {
    return refuse("protocol_mismatch", `${resource.name} speaks ${resource.protocol}, not ${request.protocol}`);
  }
  const credential = known.find((each) => each.level === decided.access.level);
  if (credential === undefined) return refuse("level_not_granted", `${resource.name} has no credential for the level`);
  if (request.login !== undefined && credential.username !== request.login)
    return refuse("level_not_granted", `no level that is granted to you on ${resource.name} logs in as that user`);
  const agent = yield* findAgent(resource.agent, request.gatewayId);
  if (agent === undefined || !agent.online) return offline(resource, agent?.lastSeen);
  return {
    principal,
    mandateId,
    resource,
    access: decided.access,
    credentialId: credential.id,
    agent,
    policyVersion: yield* currentPolicyVersion(),
  };
}

/** The lowest level whose credential is of that user. */
function levelOfLogin(
  known: readonly { readonly level: AccessLevel; readonly username: string }[],
  login: string | undefined,
): AccessLevel | undefined {
  if (login === undefined) return undefined;
  return ACCESS_LEVELS.find((level) => known.some((each) => each.level === level && each.username === login));
}

/** It may have ended since it was proven, and its provider may not have answered for too long. */
function* signInProblem(unit: UnitContext, signInId: string | undefined, resource: ResourceRow) {
  if (signInId === undefined) return undefined;
  const signIn = yield* selectOne(signIns, eq(signIns.id, signInId));
  if (signIn === undefined || signIn.endedAt !== null) return signIn?.endReason ?? "the sign-in ended";
  const provider = yield* selectOne(identityProviders, eq(identityProviders.name, signIn.provider));
  return graceProblem(provider, resource, unit.now);
}

type Proven = Pick<SessionRequest, "principalId" | "secretId" | "mandateId">;

/** A secret says itself what it was made with. */
export function* mandateOf(request: Proven): Work<string | null | undefined> {
  if (request.secretId === undefined) return request.mandateId;
  return (yield* secretOf(request))?.mandateId;
}

export function* secretOf({ secretId, principalId }: Proven): Work<SecretRow | undefined> {
  if (secretId === undefined) return undefined;
  const mine = and(eq(connectionSecrets.id, secretId), eq(connectionSecrets.principalId, principalId));
  return yield* selectOne(connectionSecrets, mine);
}

/** The secret is looked at again: it may have been revoked, or made for another resource, since it was proven. */
function secretRefusal(secret: SecretRow | undefined, resource: ResourceRow, now: string): Refusal | undefined {
  if (secret === undefined || secret.revokedAt !== null || secret.expiresAt <= now) {
    return refuse("secret_other_resource", "the connection secret is not valid any more");
  }
  if (secret.resourceId !== null && secret.resourceId !== resource.id) {
    return refuse("secret_other_resource", "the connection secret is for another resource");
  }
  const problem = rulesProblem(secret, resource, now);
  return problem === undefined ? undefined : refuse("secret_other_resource", problem);
}

function refuse(reason: Refusal["reason"], detail: string, next?: string): Refusal {
  return { ok: false, reason, detail, ...(next !== undefined && { next }) };
}

function offline(resource: ResourceRow, lastSeen: string | undefined): Refusal {
  const detail = `${resource.name} is out of reach: its agent ${resource.agent} is not online`;
  const refusal: Refusal = { ok: false, reason: "agent_offline", detail, agentName: resource.agent };
  return lastSeen === undefined ? refusal : { ...refusal, agentLastSeen: lastSeen };
}

function sessionRow(unit: UnitContext, args: AuthorizeArgs, decided: Decided): SessionRow {
  const { request } = args;
  const { principal, resource, access, agent } = decided;
  return {
    id: args.sessionId,
    gatewayId: request.gatewayId,
    principalId: principal.row.id,
    principalName: principal.row.name,
    principalKind: principal.row.kind,
    ownerId: principal.owner?.row.id ?? null,
    ownerName: principal.owner?.row.name ?? null,
    resourceId: resource.id,
    resourceName: resource.name,
    protocol: resource.protocol,
    level: access.level,
    grantId: access.grant.id,
    credentialId: decided.credentialId,
    secretId: request.secretId ?? null,
    signInId: request.signInId ?? null,
    agentId: agent.id,
    agentName: agent.name,
    address: resource.address,
    clientAddress: request.client.address,
    application: request.client.application ?? null,
    detail: request.detail,
    policyVersion: decided.policyVersion,
    recordingKeyId: args.recordingKey.id,
    startedAt: unit.now,
    heartbeatAt: unit.now,
    leaseExpiresAt: new Date(Date.parse(unit.now) + LEASE_MS).toISOString(),
    endedAt: null,
    endReason: null,
    killReason: null,
    counters: NO_COUNTERS,
    segments: null,
    lastSegmentHash: null,
    mandateId: decided.mandateId,
  };
}
