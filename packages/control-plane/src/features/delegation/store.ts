import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq } from "../../storage/drizzle.ts";
import { grants, mandates, principals, resources } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import { type UnitContext, write } from "../../storage/unit.ts";
import { highestAccess } from "../grants/access.ts";
import { insertMandate, type MandateView, mandateViews, presentFor, resourceIdsOf } from "../mandates/store.ts";
import { loadPrincipals } from "../principals/membership.ts";
import { type PrincipalRef, requirePrincipal } from "../principals/store.ts";

export interface NewDelegation {
  readonly id: string;
  readonly secretHash: string;
  /** Name of the AI agent. */
  readonly agent: string;
  readonly purpose: string;
  readonly permissions?: readonly string[] | undefined;
  /** Names of resources; absent: whatever both may reach. */
  readonly resources?: readonly string[] | undefined;
  readonly level?: AccessLevel | undefined;
  readonly expiresAt: string;
  /** The sign-in that it ends with. */
  readonly signInId: string | undefined;
}

export const delegationUnits = {
  create: write(function* (unit, args: { by: PrincipalRef; delegation: NewDelegation }): Work<MandateView> {
    const { by, delegation } = args;
    const { id, secretHash, purpose, permissions, level, expiresAt, signInId } = delegation;
    const agent = yield* requireAgentFor(delegation.agent, by);
    yield* requireReachable(unit, by.id, delegation.resources);
    const present = yield* presentFor(unit, signInId, delegation.resources);
    const resourceIds = yield* resourceIdsOf(delegation.resources);
    yield* insertMandate(unit, {
      id,
      type: "delegation",
      name: purpose,
      principalId: agent.id,
      ownerId: by.id,
      secretHash,
      permissions: permissions ?? null,
      resourceIds,
      level: level ?? null,
      sourceId: null,
      signInId,
      present,
      createdBy: by.name,
      expiresAt,
    });
    const data = {
      by: by.name,
      id,
      agent: agent.name,
      purpose,
      permissions: permissions?.join(" ") ?? null,
      resources: delegation.resources?.join(" ") ?? null,
      level: level ?? null,
      present,
      expiresAt,
    };
    unit.audit({ type: "delegation.created", principalId: by.id, data });
    return yield* viewOf(unit, id);
  }),
};

/** That there is such a resource is for those who may reach it. */
function* requireReachable(unit: UnitContext, personId: string, names: readonly string[] | undefined): Work<void> {
  if (names === undefined) return;
  const principal = (yield* loadPrincipals([personId])).get(personId);
  const all = yield* select(grants);
  for (const name of names) {
    const resource = yield* selectOne(resources, eq(resources.name, name));
    const reached =
      principal && resource && highestAccess({ grants: all, principal, resource, now: unit.now }) !== undefined;
    if (reached !== true) throw new TidewaiterError("not_found", `there is no resource ${name} that you may reach`);
  }
}

/** An AI agent that belongs to somebody acts for nobody else; one that belongs to nobody, for whoever delegates. */
function* requireAgentFor(name: string, by: PrincipalRef) {
  const agent = yield* requirePrincipal(name);
  const person = yield* selectOne(principals, eq(principals.id, by.id));
  if (person?.kind !== "user") throw new TidewaiterError("permission_missing", "only a person delegates");
  if (agent.kind !== "ai_agent") {
    throw new TidewaiterError("bad_request", `${name} is no AI agent`, {
      next: `An administrator adds one: tw principals add NAME --kind ai-agent`,
    });
  }
  if (agent.ownerId !== null && agent.ownerId !== by.id) {
    throw new TidewaiterError("permission_missing", `${name} acts for somebody else`);
  }
  if (agent.disabled) throw new TidewaiterError("conflict", `${name} is disabled`);
  return agent;
}

function* viewOf(unit: UnitContext, id: string): Work<MandateView> {
  const [view] = yield* mandateViews(yield* select(mandates, { where: eq(mandates.id, id) }), unit.now);
  if (view === undefined) throw new TidewaiterError("internal", "a delegation vanished while it was made");
  return view;
}
