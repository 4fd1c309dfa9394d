import type { AgentReport, AgentState, AgentVerification } from "./agent-state.ts";
import type { AuthenticationProof, AuthenticationResult, ScramAccount } from "./authentication.ts";
import type { BudgetRequest, BudgetReservation, BudgetReturn } from "./budget.ts";
import type { ChangeBatch } from "./change.ts";
import type { BrowserLoginAnswer, BrowserLoginRequest, BrowserLoginStanding } from "./connection-secret.ts";
import type { ForwardedCancel } from "./forwarded-cancel.ts";
import type { LabelBindingSave, LabelBindingSaved, LabelBindings, LabelPlace } from "./labels/bindings.ts";
import type { Review, ReviewRequest } from "./review.ts";
import type {
  CheckAuthorization,
  CheckRequest,
  ReachableRequest,
  ReachableResources,
  SessionAuthorization,
  SessionRequest,
} from "./session-authorization.ts";
import type { LeaseRenewal, LeaseState, SessionEnd } from "./session-lease.ts";
import type { OpenCredentialOptions, OpenedCredential } from "./target-credential.ts";

/**
 * The one port between gateway and control plane. Every method is asynchronous and every argument and result is plain
 * data, so that the same contract suite runs in process and over HTTP. Expected outcomes are values; a lost control plane
 * or store is a TidewaiterError (`control_plane_lost`, `storage_unavailable`).
 */
export interface ControlPlane {
  /** Verifiers of a principal's live connection secrets (at most 64), or undefined for an unknown or disabled principal. */
  lookupVerifiers(principalName: string): Promise<ScramAccount | undefined>;
  /** Turns a proof into a principal. Counts a use of the secret; a refusal is a value and is audited. */
  authenticate(proof: AuthenticationProof): Promise<AuthenticationResult>;
  /** For a client without a secret, which has proven nothing: capped in number and time, and says nothing about what there is. */
  requestBrowserLogin(request: BrowserLoginRequest): Promise<BrowserLoginAnswer>;
  browserLogin(id: string): Promise<BrowserLoginStanding>;
  /** The client left, or waited too long: nobody can sign in for it any more. */
  withdrawBrowserLogin(id: string): Promise<void>;
  /**
   * What somebody who has proven who they are may choose from, by name and capped. A list, and no right: that
   * `authorizeSession` gives.
   */
  reachableResources(request: ReachableRequest): Promise<ReachableResources>;
  /** The only maker of session rights: checks principal, grant, level, secret scope and agent, and opens the session. */
  authorizeSession(request: SessionRequest): Promise<SessionAuthorization>;
  /** For a check of a resource by an administrator, without a session: what it takes to connect once. */
  authorizeCheck(request: CheckRequest): Promise<CheckAuthorization>;
  /** Re-checks live sessions and extends their leases by 5 s past the next renewal; also called on every change. */
  renewLeases(gatewayId: string, sessions: readonly LeaseRenewal[]): Promise<readonly LeaseState[]>;
  /**
   * The target's credential, decrypted or fetched only for this call; never log or keep the result. `refused`: the target
   * did not take the one before, so a secret that is kept elsewhere is fetched anew. Throws `secret_unavailable`.
   */
  openCredential(sessionId: string, options?: OpenCredentialOptions): Promise<OpenedCredential>;
  /** The policy in force. Throws `not_found` only for a version that never existed. */
  getPolicy(version?: number): Promise<PolicyBundle>;
  /**
   * Asks a person. In `ticket` mode an unused approval with the same binding is consumed and comes back as `approved`;
   * an open request with the same binding is returned instead of a second one.
   */
  requestReview(request: ReviewRequest): Promise<Review>;
  getReview(reviewId: string): Promise<Review>;
  /** Takes an approval for use, exactly once: false when it was used, expired, withdrawn or never given. */
  consumeReview(reviewId: string, binding: string): Promise<boolean>;
  withdrawReview(reviewId: string, reason: string): Promise<void>;
  /** A lease on a budget that all sessions and gateways share; all that was asked for or a refusal, which is audited. */
  reserveBudget(request: BudgetRequest): Promise<BudgetReservation>;
  /** Unused parts of leases; a lease that is not known any more, or a part returned twice, changes nothing. */
  returnBudget(returns: readonly BudgetReturn[]): Promise<void>;
  /** Stores one sealed segment, put-if-absent by (session, sequence). Acknowledged means durable. */
  putSegment(sessionId: string, sequence: number, bytes: Uint8Array): Promise<void>;
  appendAudit(event: AuditEventInput): Promise<void>;
  /** What is known of the columns of one database on one server. `revision`: the one that the caller has already. */
  labelBindings(place: LabelPlace, revision?: number): Promise<LabelBindings>;
  /** Differences, whole or not at all; refused when another gateway was faster. Each drift becomes an audit event. */
  saveLabelBindings(save: LabelBindingSave): Promise<LabelBindingSaved>;
  endSession(sessionId: string, end: SessionEnd): Promise<void>;
  /**
   * A cancel request that no session of this gateway belongs to: tells the others by a change of kind `cancel`. Returns its
   * id, which `cancelHandled` names; undefined when no other gateway with sessions has the number in its process id.
   */
  forwardCancel(request: ForwardedCancel): Promise<string | undefined>;
  /** The gateway that has the session has dealt with it. */
  cancelHandled(id: string): Promise<void>;
  /** Is the agent's signature over the challenge good, and may it connect? Records what it says of itself. */
  verifyAgent(agentId: string, signedBytes: Uint8Array, signature: Uint8Array): Promise<AgentVerification>;
  reportAgent(report: AgentReport): Promise<void>;
  findAgent(name: string): Promise<AgentState | undefined>;
  /**
   * Public keys (JWKS) that verify session grants. After a rotation also a statement of the set (JWS), signed by the
   * oldest of them, for agents that know only that one.
   */
  grantKeys(): Promise<{ readonly keys: readonly Record<string, unknown>[]; readonly statement?: string }>;
  /** A certificate of a gateway's SSH host key for these names (the blob in base64), and the authority that signed it, as in a .pub file. */
  issueSshHostCertificate(request: SshHostCertificateRequest): Promise<SshHostCertificate>;
  /** Everything after `since`, waiting up to `waitMs` for the first. The sequence only rises. */
  changes(since: number, waitMs: number, signal?: AbortSignal): Promise<ChangeBatch>;
}

export interface SshHostCertificateRequest {
  /** As in a .pub file. */
  readonly publicKey: string;
  readonly names: readonly string[];
}

export interface SshHostCertificate {
  readonly certificate: string;
  readonly expiresAt: string;
  readonly authority: string;
}

export interface PolicyBundle {
  /** Rises with every applied change; 0 = no policy yet. */
  readonly version: number;
  readonly documents: readonly { readonly name: string; readonly source: string }[];
}

export interface AuditEventInput {
  /** `noun.verb`, such as `session.refused` or `review.approved`. */
  readonly type: string;
  readonly principalId?: string;
  readonly sessionId?: string;
  readonly resourceId?: string;
  /** Plain facts; never secrets, parameters or row data. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}
