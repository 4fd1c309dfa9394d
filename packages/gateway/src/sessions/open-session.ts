import type { Duplex } from "node:stream";
import type { AuthorizedSession, ControlPlane, OpenedSession, SessionHost } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { NO_PREVIOUS_HASH } from "@tidewaiter/core/recording/segment";
import { completeCredential } from "../agent-secret.ts";
import { dial } from "../dial.ts";
import { createRecorder, type SyncGroup } from "../recorder/index.ts";
import type { TunnelHub } from "../tunnel-hub/index.ts";
import type { BudgetLedger } from "./budget-ledger.ts";
import { GatewaySession } from "./gateway-session.ts";
import type { LabelDecisions } from "./label-decisions.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import type { ReviewDesk } from "./review-desk.ts";
import type { SessionRegistry } from "./session-registry.ts";

/** What all sessions of a gateway share. */
export interface SessionDeps {
  readonly gatewayId: string;
  readonly controlPlane: ControlPlane;
  readonly journalDirectory: string;
  readonly hub: TunnelHub;
  readonly policy: PolicyInForce;
  readonly labelDecisions: LabelDecisions;
  readonly reviews: ReviewDesk;
  readonly registry: SessionRegistry;
  readonly reviewLink: (shortId: string) => string;
  readonly budgets: BudgetLedger;
  readonly syncGroup: SyncGroup;
}

/** The only way to a session: authorised by the control plane, and begun once its recording is. */
export async function openSession(
  clientAddress: string,
  request: Parameters<SessionHost["openSession"]>[0],
  deps: SessionDeps,
): Promise<OpenedSession<Duplex>> {
  const { controlPlane, gatewayId, policy, registry } = deps;
  await policy.ready();
  const { application, ...asked } = request;
  const client = { address: clientAddress, ...(application !== undefined && { application }) };
  const authorization = await controlPlane.authorizeSession({ ...asked, gatewayId, client });
  if (!authorization.ok) return authorization;
  const { session: authorized } = authorization;
  const session = await startRecorded(authorized, {
    controlPlane,
    policy,
    labelDecisions: deps.labelDecisions,
    reviews: deps.reviews,
    budgets: deps.budgets,
    gatewayId,
    client,
    makeRecorder: (onFailure) =>
      createRecorder({
        session: authorized,
        directory: deps.journalDirectory,
        controlPlane,
        mode: policy.current.defaults.recording.mode,
        onFailure,
        syncGroup: deps.syncGroup,
      }),
    dial: ({ agentId, sessionGrant, resource }, address) =>
      dial({ agentId, sessionGrant, address, site: resource.agent }, deps.hub),
    completeCredential: (opened, agentId) => completeCredential(opened, agentId, deps.hub),
    reviewLink: deps.reviewLink,
    onEnd: () => registry.remove(authorized.id),
  });
  registry.add(session);
  try {
    await session.begin(started(authorized, request, clientAddress, gatewayId));
  } catch (error) {
    await session.end("the recording could not be started");
    throw error;
  }
  return { ok: true, session };
}

/** A session whose recording cannot be opened is over at once: nobody else will say so. */
async function startRecorded(
  authorized: AuthorizedSession,
  deps: ConstructorParameters<typeof GatewaySession>[1],
): Promise<GatewaySession> {
  try {
    return new GatewaySession(authorized, deps);
  } catch (error) {
    const reason = error instanceof TidewaiterError ? error.detail : "the recording could not be started";
    await deps.controlPlane
      .endSession(authorized.id, { reason, segments: 0, lastSegmentHash: NO_PREVIOUS_HASH })
      .catch(() => {});
    throw error;
  }
}

function started(
  authorized: AuthorizedSession,
  request: Parameters<SessionHost["openSession"]>[0],
  client: string,
  gateway: string,
) {
  const { principal } = authorized;
  return {
    type: "session_started",
    at: Date.parse(authorized.startedAt),
    sessionId: authorized.id,
    principal: {
      name: principal.name,
      kind: principal.kind,
      ...(principal.onBehalfOf && { onBehalfOf: principal.onBehalfOf.name }),
    },
    resource: authorized.resource.name,
    level: authorized.level,
    protocol: request.protocol,
    client,
    ...(request.application !== undefined && { application: request.application }),
    agent: authorized.resource.agent,
    gateway,
    policyVersion: authorized.policyVersion,
    lineage: "origin",
    detail: request.detail,
  } as const;
}
