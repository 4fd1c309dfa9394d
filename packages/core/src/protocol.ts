import type { BrowserLoginAnswer, BrowserLoginStanding } from "./connection-secret.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Inspector, Interruption, Side } from "./inspector.ts";
import type { LabelMatcher } from "./labels/label-matcher.ts";
import type { KubeOperation, Operation } from "./operation.ts";
import type { Canary } from "./policy/compiled-policy.ts";
import type { LabelDetectors } from "./policy/detector-names.ts";
import type { ObjectRules } from "./policy/view.ts";
import type { SessionEvent } from "./recording/events.ts";
import type { AuthorizedSession, SessionAuthorization, SessionRequest } from "./session-authorization.ts";
import type { Duplex } from "./stream.ts";
import type { OpenCredentialOptions, TargetCredential } from "./target-credential.ts";
import type { Verdict } from "./verdict.ts";

/** Adding a protocol = adding a folder that exports one value of this shape. `S` is the runtime's byte stream. */
export interface Protocol<Target, S extends Duplex = Duplex> {
  readonly name: string;
  /** Validates the API body of a resource's target and draws the web form. */
  readonly targetSchema: TargetSchema<Target>;
  /** One client connection, start to end. Reads top to bottom; resolves when the connection is over; never rejects. */
  serve(stream: S, host: SessionHost<S>): Promise<void>;
  /**
   * A cancel request that arrived at another gateway: deals with it when its session is here. Absent: the protocol has none.
   * @param keyDigest as in ForwardedCancel
   */
  cancel?(processId: number, keyDigest: string): Promise<boolean>;
  /** Connects with a resource's credential and says what the target role can do that it should not. */
  check(input: {
    readonly target: unknown;
    readonly credential: TargetCredential;
    /** @param address index of one of the target's addresses; default the first */
    readonly dial: (address?: number) => Promise<S>;
  }): Promise<readonly Finding[]>;
}

/** One thing that a check of a resource found. `mend` is what an administrator of the target can run. */
export interface Finding {
  readonly severity: "ok" | "info" | "warning" | "problem";
  readonly code: string;
  readonly message: string;
  readonly mend?: string;
}

export interface TargetSchema<Target> {
  /** Throws a TidewaiterError `bad_request` that names the field. */
  parse(value: unknown): Target;
  /** JSON Schema of the target, for OpenAPI and forms. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
  /** What a gateway can log in to such a target with. */
  readonly credentialTypes: readonly TargetCredential["type"][];
  /** The address an agent may be asked to dial for it: `host:port` or `unix:/path`; several of the first kind are joined by commas. */
  address(target: Target): string;
}

/** What the gateway lends to a protocol while it serves one connection. */
export interface SessionHost<S extends Duplex = Duplex> {
  readonly controlPlane: Pick<ControlPlane, "lookupVerifiers" | "authenticate" | "appendAudit" | "reachableResources">;
  /** `address:port` of the client. */
  readonly clientAddress: string;
  /** Aborted when the gateway shuts down. */
  readonly signal: AbortSignal;
  /** For a client without a secret: a link under which somebody can sign in for it. */
  requestBrowserLogin(request: {
    readonly resourceName: string;
    readonly application?: string;
  }): Promise<BrowserLoginTicket>;
  /** A cancel request that no session of this gateway belongs to: resolves when another one has dealt with it, or nobody does. */
  cancelElsewhere(processId: number, keyDigest: string): Promise<void>;
  /** The only way to a target: authorises, starts the recording, and keeps the lease alive until `end`. */
  openSession(
    request: Omit<SessionRequest, "gatewayId" | "client"> & { readonly application?: string },
  ): Promise<OpenedSession<S>>;
}

export type BrowserLoginTicket =
  | Exclude<BrowserLoginAnswer, { state: "waiting" }>
  | {
      readonly state: "waiting";
      readonly id: string;
      readonly link: string;
      readonly code: string;
      readonly expiresAt: string;
      /** Never rejects: a control plane that is lost shows as `expired`. */
      readonly decided: Promise<Exclude<BrowserLoginStanding, { state: "waiting" }>>;
      /** The client does not wait any more. Never rejects. */
      withdraw(): Promise<void>;
    };

export type OpenedSession<S extends Duplex = Duplex> =
  | { readonly ok: true; readonly session: LiveSession<S> }
  | Extract<SessionAuthorization, { ok: false }>;

/** One authorised session while it lives in this gateway. */
export interface LiveSession<S extends Duplex = Duplex> {
  readonly authorized: AuthorizedSession;
  /** By the policy in force now. */
  evaluate(operation: Operation): Verdict;
  /** A rule that may apply here names `sql.estimated_rows`: only then is an estimate worth asking for. */
  needsEstimate(): boolean;
  /** What rules that may apply here ask of single objects of Kubernetes: only then are they looked at, and labels fetched. */
  objectRules(): ObjectRules;
  /** Whether what a list or watch answers may hold objects that this principal may not get: only then is it looked through. */
  mayHide(operation: KubeOperation): boolean;
  /** Labels of the policy in force now, and its version; the protocol resolves them against its target's catalog. */
  labels(): {
    readonly version: number;
    /** Rises when an administrator or another gateway changed what is bound for this resource. */
    readonly decisions: number;
    readonly names: readonly string[];
    readonly matcher: LabelMatcher;
    /** The detectors whose findings carry each label. */
    readonly detectors: readonly LabelDetectors[];
  };
  /** Planted values that mean something when this principal meets them. */
  canaries(): readonly Canary[];
  /** What the control plane keeps of the columns of this resource's databases. */
  readonly bindings: {
    readonly read: ControlPlane["labelBindings"];
    readonly save: ControlPlane["saveLabelBindings"];
  };
  /**
   * A byte pair to the target, through the agent. Several dials per session are fine while its grant lives.
   * @param address index of one of the target's addresses; default the first
   */
  dial(address?: number): Promise<S>;
  /** Decrypted for this call only: use it and let it go. */
  openCredential(options?: OpenCredentialOptions): Promise<TargetCredential>;
  record(event: SessionEvent): void;
  /** For protocols that are not one relayed byte stream: judges one operation, records it, and waits for a person where one must decide. */
  admit(request: AdmissionRequest): Promise<Admission>;
  /**
   * For those protocols: something was asked that cannot be read, and was refused without being judged. It is recorded like
   * any other refusal; beyond 60 a minute it is counted, and a notice says how many more there were.
   */
  recordUnread(request: UnreadRequest): void;
  /** For those protocols: budgets of bytes of an operation that was let in. `end` gives back what was not used. */
  meter(verdict: Verdict): ByteMeter;
  /** For those protocols: revocation, kill, shutdown, a lost control plane or recording. One listener; told at once of what came before. */
  onInterrupt(interrupt: (by: Interruption) => void): void;
  /** Bytes that passed, for the counters of the session. */
  count(to: Side, bytes: number): void;
  reviewLink(shortId: string): string;
  /** Runs the ready phase until either side ends. */
  relay<M>(options: RelayOptions<M, S>): Promise<void>;
  /** Closes the recording and the lease. Safe to call twice; the first reason stays. */
  end(reason: string): Promise<void>;
}

/** Counts what the client receives. */
export interface ByteMeter {
  /** Whether so many bytes more may pass; a promise where somebody has to be asked. Once false, it stays so. */
  take(bytes: number): true | Promise<boolean>;
  readonly exceeded: { readonly ruleId: string; readonly onExceed: "deny" | "review" | "end" } | undefined;
  end(): void;
}

/** One operation that a client asks for. */
export interface AdmissionRequest {
  readonly operation: Operation;
  /** As the recording and the reviewer see it. */
  readonly text: string;
  /** `text` without what the policy's detectors find in it, where that differs: then `text` is sealed in the recording. */
  readonly shown?: string;
  /** What else an approval is good for alone, such as a keyed digest of values that `text` does not show. */
  readonly bound?: string;
  /** One line without values, for lists and notifications. */
  readonly summary: string;
  /** The client cannot wait: a person is asked with a ticket, whatever the rule says. */
  readonly ticketOnly?: true;
  /** A person has approved what this is part of: by the same rule nobody is asked again. */
  readonly approved?: OperationApproval & { readonly ruleId: string };
  /** Aborted when the client leaves or takes it back. */
  readonly signal: AbortSignal;
  /** The operation waits for a person now. */
  readonly onHeld: (held: HeldOperation) => void;
}

/** What was refused before it could be judged. */
export interface UnreadRequest {
  /** As far as it is known. */
  readonly operation: Operation;
  /** As in AdmissionRequest. */
  readonly text: string;
  readonly shown?: string;
  /** As the client was told. */
  readonly reason: string;
}

export interface OperationApproval {
  readonly reviewers: readonly string[];
  readonly comment: string;
}

export interface HeldOperation {
  readonly ruleId: string;
  readonly reason: string;
  readonly askedOf: readonly string[];
  readonly shortId: string;
  readonly link: string;
  readonly expiresAt: string;
}

/** `operation` is its number in the recording; whoever was let in says how it ended with an `operation_finished` event. */
export type Admission =
  | {
      readonly ok: true;
      readonly operation: number;
      readonly verdict: Verdict;
      readonly approval?: OperationApproval;
    }
  | {
      readonly ok: false;
      readonly operation: number;
      readonly ruleId: string;
      readonly reason: string;
      /** `ticket`: a person was asked; the same operation passes once after approval. */
      readonly how: "denied" | "ticket" | "rejected" | "expired" | "withdrawn" | "unavailable";
      readonly shortId?: string;
      readonly link?: string;
      readonly by?: string;
      readonly comment?: string;
    };

export type FatalCode = "protocol_violation" | "recording_failed" | "internal";

export interface RelayOptions<M, S extends Duplex = Duplex> {
  readonly client: S;
  readonly target: S;
  /** Bytes read from the target before the relay began. */
  readonly targetLeftover: Uint8Array;
  readonly inspector: Inspector<M>;
  /** Cuts a direction into messages. Throws on bytes that break the protocol. */
  readonly framers: Readonly<Record<"client" | "target", MessageFramer<M>>>;
  /** Awaited step before `receive`, in order: classification. */
  readonly prepare: (message: M) => M | Promise<M>;
  readonly cancelTarget: () => Promise<void>;
  /** Loads what the inspector knows of the target again. */
  readonly reloadCatalog: () => Promise<boolean>;
  /** A native FATAL message for bytes that broke the protocol, a recording that cannot be written, and our own errors. */
  readonly fatal: (code: FatalCode, detail?: string) => Uint8Array;
  /** How to reach this session from outside: cancel requests. Called once, before the first byte. */
  readonly onStart: (interrupt: (by: Interruption) => Promise<void>) => void;
}

export interface MessageFramer<M> {
  push(chunk: Uint8Array): void;
  next(): M | undefined;
}
