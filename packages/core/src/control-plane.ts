import type { BudgetRequest, BudgetReservation, BudgetReturn } from "./budget.ts";
import type { BrowserLoginAnswer, BrowserLoginRequest, BrowserLoginStanding } from "./connection-secret.ts";
import type { ForwardedCancel } from "./forwarded-cancel.ts";
import type { LabelBindingSave, LabelBindingSaved, LabelBindings, LabelPlace } from "./labels/bindings.ts";
import type { Principal } from "./principal.ts";
import type { AccessLevel, Resource } from "./resource.ts";
import type { Review, ReviewRequest } from "./review.ts";

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

export interface ScramAccount {
  /** Base64. One salt and iteration count per principal, so that the client proves before we know which secret it holds. */
  readonly salt: string;
  readonly iterations: number;
  /** Keys in base64, 32 bytes each. */
  readonly verifiers: readonly { readonly id: string; readonly storedKey: string; readonly serverKey: string }[];
}

export type AuthenticationProof =
  | { readonly type: "secret"; readonly principalName: string; readonly secretId: string }
  /** All bytes of an X.509 certificate in base64, whose key the client has proven to hold. */
  | { readonly type: "certificate"; readonly principalName: string; readonly certificate: string }
  /** `SHA256:...` of a public key whose private half an SSH client has proven to hold; the name where the client says one. */
  | { readonly type: "ssh_key"; readonly fingerprint: string; readonly principalName?: string }
  /** An OpenSSH user certificate (the blob, base64), whose key the client has proven to hold; `address`: its IP address. */
  | {
      readonly type: "ssh_certificate";
      readonly principalName: string;
      readonly certificate: string;
      readonly address: string;
    }
  /** A login by browser that was approved; the connection that asked for it, once. */
  | { readonly type: "browser_login"; readonly id: string }
  | { readonly type: "access_token"; readonly token: string };

export type AuthenticationResult =
  | {
      readonly ok: true;
      readonly principal: Principal;
      readonly secretId?: string;
      readonly resourceName?: string;
      /** The proof carries less than the principal may; give it on to `authorizeSession`. */
      readonly mandateId?: string;
      /** What the proof comes from: the session ends with it. Give it on as well. */
      readonly signInId?: string;
    }
  | {
      readonly ok: false;
      /** `foreign`: a certificate that no authority of ours has issued for this use. */
      readonly reason: "expired" | "revoked" | "used_up" | "unknown" | "disabled" | "foreign" | "other_principal";
      readonly expiredAt?: string;
      /** Of a secret for one resource. */
      readonly resourceName?: string;
    };

export interface SessionRequest {
  readonly gatewayId: string;
  readonly principalId: string;
  readonly secretId?: string;
  /** As `authenticate` answered. A secret's own is found by the secret. */
  readonly mandateId?: string;
  readonly signInId?: string;
  readonly resourceName: string;
  readonly protocol: string;
  /** Absent = the lowest level that has a credential, up to the one granted. */
  readonly level?: AccessLevel;
  /** The user at the target, in place of a level: the lowest granted level whose credential is of that name. */
  readonly login?: string;
  readonly client: { readonly address: string; readonly application?: string };
  /** What the client asked for at the target, such as a database name; shown and recorded, never trusted. */
  readonly detail: Readonly<Record<string, string>>;
}

export type SessionAuthorization =
  | { readonly ok: true; readonly session: AuthorizedSession }
  | {
      readonly ok: false;
      readonly reason:
        | "resource_unknown"
        | "no_grant"
        | "level_not_granted"
        | "secret_other_resource"
        | "principal_disabled"
        | "protocol_mismatch"
        | "agent_offline";
      /** Only for a principal that has been authenticated: why. */
      readonly detail: string;
      /** The command that asks for it, where this principal may ask. */
      readonly next?: string;
      readonly agentName?: string;
      readonly agentLastSeen?: string;
    };

/** As `authenticate` answered. */
export interface ReachableRequest {
  readonly principalId: string;
  readonly secretId?: string;
  readonly mandateId?: string;
  readonly protocol: string;
}

export interface ReachableResources {
  readonly resources: readonly ReachableResource[];
  /** There are more than are listed. */
  readonly more: boolean;
}

export interface ReachableResource {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Those that are granted and have a credential, lowest first; never empty. */
  readonly levels: readonly AccessLevel[];
}

/** Made by `authorizeSession` and by nothing else. */
export interface AuthorizedSession {
  readonly id: string;
  readonly principal: Principal;
  readonly resource: Resource;
  readonly level: AccessLevel;
  readonly grantId: string;
  readonly startedAt: string;
  readonly leaseExpiresAt: string;
  readonly policyVersion: number;
  readonly agentId: string;
  /** JWS for the agent: one address, this session, short expiry. Renewed with the lease. */
  readonly sessionGrant: string;
  /** 32 random bytes in base64, wrapped by the master key in `wrapped`: seals this session's recording. */
  readonly recordingKey: { readonly keyId: string; readonly key: string; readonly wrapped: string };
  /** Base64; keyed tokens (`token` masks, literals in recordings) are HMACs under it, stable across sessions. */
  readonly tokenKey: string;
}

export interface CheckRequest {
  readonly gatewayId: string;
  readonly resourceName: string;
  readonly level: AccessLevel;
}

export type CheckAuthorization =
  | {
      readonly ok: true;
      readonly resource: Resource;
      readonly credential: OpenedCredential;
      readonly agentId: string;
      readonly sessionGrant: string;
    }
  | { readonly ok: false; readonly detail: string };

export interface SessionCounters {
  readonly statements: number;
  readonly refused: number;
  readonly held: number;
  readonly rows: number;
  readonly bytesToClient: number;
  readonly bytesToTarget: number;
}

export interface LeaseRenewal {
  readonly sessionId: string;
  readonly counters: SessionCounters;
}

export type LeaseState =
  | {
      readonly sessionId: string;
      readonly ok: true;
      readonly leaseExpiresAt: string;
      readonly sessionGrant: string;
      readonly principal: Principal;
      /** Somebody follows it live: segments are to be handed over within about a second. */
      readonly watched: boolean;
    }
  | { readonly sessionId: string; readonly ok: false; readonly reason: string };

export interface SessionEnd {
  readonly reason: string;
  /** Absent when the gateway was lost: those of the last renewal stay. */
  readonly counters?: SessionCounters;
  /** Count of segments written and the hash of the last one (hex): what makes a missing tail visible. */
  readonly segments: number;
  readonly lastSegmentHash: string;
}

export type TargetCredential =
  | { readonly type: "password"; readonly username: string; readonly password: string }
  | {
      readonly type: "certificate";
      readonly username: string;
      readonly certificatePem: string;
      readonly privateKeyPem: string;
    }
  /** A private key in PEM, in OpenSSH's form or PKCS #8, without a passphrase. */
  | { readonly type: "ssh_key"; readonly username: string; readonly privateKeyPem: string }
  /** A bearer token (RFC 6750, section 2.1), such as that of a Kubernetes service account. */
  | { readonly type: "token"; readonly username: string; readonly token: string }
  /** Made for one login: an OpenSSH user certificate (the blob, base64) of a new Ed25519 key, and that in PKCS #8. */
  | {
      readonly type: "ssh_certificate";
      readonly username: string;
      readonly certificate: string;
      readonly privateKeyPem: string;
    }
  | { readonly type: "trust"; readonly username: string };

/** What a secret that is kept elsewhere may be. */
export type CredentialForm = Exclude<TargetCredential["type"], "trust" | "ssh_certificate">;

export interface OpenCredentialOptions {
  readonly refused?: boolean;
}

/** What only the agent beside the target can read; the gateway asks it, under the session's grant, which names it too. */
export interface AgentSecret {
  readonly type: "agent_secret";
  readonly username: string;
  /** `env:NAME` or `file:/path`, as in the agent's `--allow-secret`. */
  readonly name: string;
  /** JWS for the agent: this secret, this session, short expiry. */
  readonly secretGrant: string;
  readonly form: CredentialForm;
}

export type OpenedCredential = TargetCredential | AgentSecret;

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

export type AgentVerification =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly reason: string };

export interface AgentReport {
  readonly agentId: string;
  readonly gatewayId: string;
  readonly state: "online" | "offline" | "health";
  readonly version: string;
  readonly data: Readonly<Record<string, string | number>>;
}

export interface AgentState {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly lastSeen?: string;
  readonly version?: string;
}

export interface Change {
  readonly sequence: number;
  readonly kind:
    | "policy"
    | "review"
    | "principal"
    | "group"
    | "resource"
    | "credential"
    | "grant"
    | "secret"
    | "agent"
    | "session"
    /** More of a watched recording is stored: for those who watch, of no matter to a gateway. */
    | "recording"
    | "cancel"
    | "notification"
    | "labels"
    | "identity_provider"
    | "mandate"
    | "role"
    | "access_rule"
    | "access_request"
    | "change_request"
    | "emergency"
    | "settings"
    | "browser_login";
  readonly id: string;
}

export interface ChangeBatch {
  readonly changes: readonly Change[];
  readonly last: number;
}
