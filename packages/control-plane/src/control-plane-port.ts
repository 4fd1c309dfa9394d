import type {
  AgentReport,
  AuditEventInput,
  AuthenticationProof,
  AuthenticationResult,
  ControlPlane,
  LeaseRenewal,
  LeaseState,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { AgentService } from "./features/agents/service.ts";
import { reserveBudget } from "./features/budgets/service.ts";
import type { CertificateService } from "./features/certificates/service.ts";
import type { ChangeFeed } from "./features/changes/feed.ts";
import { Attempts } from "./features/login/attempts.ts";
import type { LoginService } from "./features/login/service.ts";
import type { RecordingService } from "./features/recordings/service.ts";
import type { ReviewService } from "./features/reviews/service.ts";
import { toReview } from "./features/reviews/store.ts";
import { requestBrowserLogin } from "./features/secrets/browser-logins.ts";
import type { SessionService } from "./features/sessions/service.ts";
import type { SigningKeyRing } from "./signing/key-ring.ts";
import { grantKeySet } from "./signing/session-grant.ts";
import type { ControlPlaneStore } from "./storage/open-store.ts";

export interface PortParts {
  readonly store: ControlPlaneStore;
  readonly login: LoginService;
  readonly certificates: CertificateService;
  readonly sessions: SessionService;
  readonly reviews: ReviewService;
  readonly recordings: RecordingService;
  readonly agents: AgentService;
  readonly grantKeys: SigningKeyRing;
  readonly feed: ChangeFeed;
  readonly now: () => number;
}

/** Sessions per unit of work: a long one would keep other writers waiting. */
const RENEWALS_AT_ONCE = 500;
const AUDIT_DATA_LIMIT = 8192;

/** The gateway's port, in process. Everything that crosses it is plain data. */
export function createPort(parts: PortParts): ControlPlane {
  const { units } = parts.store;
  const now = () => new Date(parts.now()).toISOString();
  const attempts = new Attempts(parts.now);
  return {
    lookupVerifiers: (principal) => units.secrets.verifiers({ principal }),
    authenticate: (proof) => authenticate(parts, proof),
    requestBrowserLogin: (request) => requestBrowserLogin(parts.store, attempts, request),
    browserLogin: (id) => units.browserLogins.standing({ id }),
    withdrawBrowserLogin: (id) => units.browserLogins.withdraw({ id }),
    reachableResources: (request) => units.sessions.reachable(request),
    authorizeSession: (request) => parts.sessions.authorize(request),
    authorizeCheck: (request) => parts.sessions.authorizeCheck(request),
    renewLeases: (gatewayId, sessions) => renewLeases(parts, gatewayId, sessions),
    openCredential: (sessionId, options) => parts.sessions.openCredential(sessionId, options),
    getPolicy: (version) => units.policies.get(version === undefined ? {} : { version }),
    requestReview: (request) => parts.reviews.request(request),
    getReview: async (id) => toReview(await units.reviews.get({ id }), now()),
    consumeReview: (id, binding) => units.reviews.consume({ id, binding }),
    withdrawReview: (id, reason) => units.reviews.withdraw({ id, reason }),
    reserveBudget: (request) => reserveBudget(parts.store, request),
    returnBudget: (returns) => units.budgets.giveBack({ returns }),
    putSegment: (sessionId, sequence, bytes) => parts.recordings.putSegment(sessionId, sequence, bytes),
    appendAudit: (event) => appendAudit(parts.store, event),
    labelBindings: (place, revision) => units.labels.bindings({ place, revision }),
    saveLabelBindings: (save) => units.labels.save(save),
    endSession: (sessionId, end) => parts.sessions.end(sessionId, end),
    forwardCancel: (request) => units.sessions.forwardCancel(request),
    cancelHandled: (id) => units.sessions.cancelHandled({ id }),
    verifyAgent: (agentId, signedBytes, signature) => parts.agents.verify(agentId, signedBytes, signature),
    reportAgent: (report: AgentReport) => units.agents.report(report),
    findAgent: (name) => units.agents.find({ name }),
    grantKeys: () => grantKeySet(parts.grantKeys, parts.now),
    issueSshHostCertificate: (request) => parts.certificates.issueSshHost(request),
    changes: (since, waitMs, signal) => parts.feed.since(since, waitMs, signal),
  };
}

async function authenticate(parts: PortParts, proof: AuthenticationProof): Promise<AuthenticationResult> {
  const { secrets, browserLogins } = parts.store.units;
  if (proof.type === "secret") {
    return secrets.use({ kind: "password", principal: proof.principalName, id: proof.secretId });
  }
  if (proof.type === "certificate") return parts.certificates.authenticate(proof.principalName, proof.certificate);
  if (proof.type === "ssh_key") {
    return secrets.useSshKey({ fingerprint: proof.fingerprint, principal: proof.principalName });
  }
  if (proof.type === "ssh_certificate") {
    return parts.certificates.authenticateSsh(proof.principalName, proof.certificate, proof.address);
  }
  if (proof.type === "browser_login") return browserLogins.use({ id: proof.id });
  const result = await parts.login.caller(proof.token);
  if (result.ok) {
    const { principal, mandate, signInId } = result.caller;
    const mandateId = mandate === undefined ? {} : { mandateId: mandate.id };
    return { ok: true, principal, ...mandateId, ...(signInId === undefined ? {} : { signInId }) };
  }
  const data = { proof: proof.type, reason: result.reason };
  await parts.store.units.audit.append({ type: "authentication.refused", data });
  return { ok: false, reason: result.reason };
}

async function renewLeases(
  parts: PortParts,
  gatewayId: string,
  sessions: readonly LeaseRenewal[],
): Promise<readonly LeaseState[]> {
  const states: LeaseState[] = [];
  for (let from = 0; from < sessions.length; from += RENEWALS_AT_ONCE) {
    states.push(...(await parts.sessions.renew(gatewayId, sessions.slice(from, from + RENEWALS_AT_ONCE))));
  }
  return states;
}

async function appendAudit(store: ControlPlaneStore, event: AuditEventInput): Promise<void> {
  if (!/^[a-z_]{1,40}\.[a-z_]{1,40}$/.test(event.type)) {
    throw new TidewaiterError("bad_request", "type: noun.verb in small letters");
  }
  if (JSON.stringify(event.data).length > AUDIT_DATA_LIMIT) {
    throw new TidewaiterError("too_large", "an audit event holds at most 8 KiB");
  }
  await store.units.audit.append(event);
}
