import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type {
  Admission,
  AdmissionRequest,
  Answer,
  Ask,
  AuthorizedSession,
  ByteMeter,
  CanaryHit,
  ControlPlane,
  EvaluationContext,
  Interruption,
  KubeOperation,
  LeaseState,
  LiveSession,
  OpenCredentialOptions,
  OpenedCredential,
  Operation,
  RelayOptions,
  SessionCounters,
  SessionEvent,
  Side,
  TargetCredential,
  UnreadRequest,
  Verdict,
} from "@tidewaiter/core";
import { canariesFor, mayHide, needsEstimate, objectRules } from "@tidewaiter/core";
import type { Recorder } from "../recorder/index.ts";
import { relay } from "../relay/relay.ts";
import { Admissions } from "./admissions.ts";
import type { BudgetLedger } from "./budget-ledger.ts";
import { BudgetedBytes } from "./byte-meter.ts";
import type { LabelDecisions } from "./label-decisions.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import type { ReviewDesk } from "./review-desk.ts";
import { UnreadLimit } from "./unread-limit.ts";
import { VerdictMemory } from "./verdict-memory.ts";

export interface GatewaySessionDeps {
  readonly controlPlane: ControlPlane;
  readonly policy: PolicyInForce;
  readonly labelDecisions: LabelDecisions;
  readonly reviews: ReviewDesk;
  readonly budgets: BudgetLedger;
  readonly gatewayId: string;
  readonly client: { readonly address: string; readonly application?: string };
  readonly makeRecorder: (onFailure: (reason: string) => void) => Recorder;
  readonly dial: (authorized: AuthorizedSession, address: number) => Promise<Duplex>;
  readonly completeCredential: (opened: OpenedCredential, agentId: string) => Promise<TargetCredential>;
  readonly reviewLink: (shortId: string) => string;
  readonly onEnd: () => void;
}

/** How long the end of a session waits for its last cancel request to leave. */
const CANCEL_WAIT_MS = 1_000;
const AUDIT_RETRY_MS = 1_000;
/** How long what is over may wait to be written. */
const LATE_FLUSH_MS = 50;

/** One authorised session while it lives here: its recording, lease, verdicts and counters. */
export class GatewaySession implements LiveSession<Duplex> {
  #authorized: AuthorizedSession;
  #context: EvaluationContext;
  readonly #verdicts = new VerdictMemory();
  readonly #deps: GatewaySessionDeps;
  readonly #recorder: Recorder;
  readonly #counters = { statements: 0, refused: 0, held: 0, rows: 0, bytesToClient: 0, bytesToTarget: 0 };
  #durableNext = false;
  #lateFlush: NodeJS.Timeout | undefined;
  #interrupt: ((by: Interruption) => void) | undefined;
  #interruptedEarly: Interruption | undefined;
  #ended: Promise<void> | undefined;
  #canceling: Promise<void> = Promise.resolve();
  #audited: Promise<void> = Promise.resolve();
  #reachable = true;
  readonly #admissions = new Admissions({
    authorized: () => this.#authorized,
    evaluate: (operation) => this.evaluate(operation),
    record: (event) => this.record(event),
    flush: () => this.#flush(),
    ask: (askId, ask, answer) => this.#ask(askId, ask, answer),
    withdraw: (askId, why) => this.#deps.reviews.withdraw(this.#authorized.id, askId, why),
    reachable: () => this.#reachable,
  });

  readonly #unread = new UnreadLimit((more) => {
    const text = `${more} more requests that could not be read were refused in this minute, and not recorded one by one`;
    this.record({ at: Date.now(), type: "notice", code: "unread_requests", text });
  });

  constructor(authorized: AuthorizedSession, deps: GatewaySessionDeps) {
    this.#authorized = authorized;
    this.#deps = deps;
    this.#context = contextOf(authorized, deps.client);
    this.#recorder = deps.makeRecorder((reason) => this.interrupt({ type: "recording_failed", reason }));
  }

  get authorized(): AuthorizedSession {
    return this.#authorized;
  }

  get counters(): SessionCounters {
    return { ...this.#counters };
  }

  evaluate(operation: Operation): Verdict {
    const verdict = this.#verdicts.of(this.#deps.policy.current, operation, this.#context);
    if (verdict.recording.mode === "durable") this.#durableNext = true;
    return verdict;
  }

  needsEstimate(): boolean {
    return needsEstimate(this.#deps.policy.current, this.#context);
  }

  objectRules() {
    return objectRules(this.#deps.policy.current, this.#context);
  }

  mayHide(operation: KubeOperation): boolean {
    return mayHide(this.#deps.policy.current, operation, this.#context);
  }

  labels() {
    const { version, labelNames, labelMatcher, labels } = this.#deps.policy.current;
    const decisions = this.#deps.labelDecisions.of(this.#authorized.resource.id);
    return { version, decisions, names: labelNames, matcher: labelMatcher, detectors: labels };
  }

  get bindings(): LiveSession<Duplex>["bindings"] {
    const { controlPlane } = this.#deps;
    return {
      read: (place, revision) => controlPlane.labelBindings(place, revision),
      save: (save) => controlPlane.saveLabelBindings(save),
    };
  }

  canaries() {
    return canariesFor(this.#deps.policy.current, this.#context);
  }

  dial(address = 0): Promise<Duplex> {
    return this.#deps.dial(this.#authorized, address);
  }

  async openCredential(options?: OpenCredentialOptions) {
    const opened = await this.#deps.controlPlane.openCredential(this.#authorized.id, options);
    return this.#deps.completeCredential(opened, this.#authorized.agentId);
  }

  reviewLink(shortId: string): string {
    return this.#deps.reviewLink(shortId);
  }

  record(event: SessionEvent): void {
    if (event.type === "operation") this.#counters.statements++;
    else if (event.type === "operation_finished") this.#counters.rows += event.rows;
    if (event.type === "operation_finished" && event.result === "refused") this.#counters.refused++;
    if (event.type === "review" && event.state === "opened") this.#counters.held++;
    if (event.type === "canary") this.#auditCanary(event);
    this.#recorder.append(event);
    this.#lateFlush ??= setTimeout(() => this.#flushLate(), LATE_FLUSH_MS);
  }

  admit(request: AdmissionRequest): Promise<Admission> {
    return this.#admissions.admit(request);
  }

  recordUnread(request: UnreadRequest): void {
    if (this.#ended !== undefined) return;
    if (this.#unread.take()) return this.#admissions.recordUnread(request, this.#deps.policy.current.version);
    this.#counters.statements++;
    this.#counters.refused++;
  }

  meter(verdict: Verdict): ByteMeter {
    return new BudgetedBytes(verdict.budgets, {
      ask: (ask) => new Promise((resolve) => this.#ask(0, ask, (_, answer) => resolve(answer))),
      giveBack: (budget, bytes) => this.#deps.budgets.giveBack(this.#authorized.id, budget, { bytes }),
    });
  }

  /** Beside the recording, which its readers may open late, the audit log tells at once. */
  #auditCanary({ canary, label, column, fingerprint, onHit }: CanaryHit): void {
    const { id: sessionId, principal, resource } = this.#authorized;
    const event = {
      type: "canary.hit",
      principalId: principal.id,
      sessionId,
      resourceId: resource.id,
      data: { canary, label, column, fingerprint, onHit, principal: principal.name, resource: resource.name },
    };
    const { controlPlane } = this.#deps;
    this.#audited = this.#audited.then(() =>
      controlPlane.appendAudit(event).catch(async () => {
        await delay(AUDIT_RETRY_MS);
        // the recording, which the end of the session waits for, has it in any case
        await controlPlane.appendAudit(event).catch(() => {});
      }),
    );
  }

  /** Writes the first event: a session that cannot be recorded does not begin. */
  async begin(event: SessionEvent): Promise<void> {
    this.record(event);
    await this.#recorder.flush();
  }

  async relay<M>(options: RelayOptions<M, Duplex>): Promise<void> {
    const cancelTarget = () => {
      const canceled = options.cancelTarget();
      this.#canceling = canceled.catch(() => {});
      return canceled;
    };
    const reason = await relay(
      { ...options, cancelTarget },
      {
        append: (event) => this.record(event),
        flush: () => this.#flush(),
        ask: (askId, ask, answer) => this.#ask(askId, ask, answer),
        withdraw: (askId, why) => this.#deps.reviews.withdraw(this.#authorized.id, askId, why),
        returnBudget: (budget, unused) => this.#deps.budgets.giveBack(this.#authorized.id, budget, unused),
        count: (side, bytes) => this.count(side, bytes),
        onInterrupt: (interrupt) => this.onInterrupt(interrupt),
      },
    );
    await this.end(reason);
  }

  /** From outside: revocation, shutdown, a lost control plane. Before the ready phase it is kept for its start. */
  interrupt(by: Interruption): void {
    if (by.type === "control_plane") this.#reachable = by.reachable;
    if (this.#interrupt !== undefined) this.#interrupt(by);
    else if (by.type !== "cancel_request" && by.type !== "control_plane") this.#interruptedEarly ??= by;
  }

  renewed(lease: Extract<LeaseState, { ok: true }>): void {
    const { leaseExpiresAt, sessionGrant, principal, watched } = lease;
    this.#recorder.watched(watched);
    const changed = JSON.stringify(principal) !== JSON.stringify(this.#authorized.principal);
    this.#authorized = { ...this.#authorized, leaseExpiresAt, sessionGrant, principal };
    if (changed) this.#context = contextOf(this.#authorized, this.#deps.client);
  }

  end(reason: string): Promise<void> {
    this.#ended ??= this.#end(reason);
    return this.#ended;
  }

  async #end(asked: string): Promise<void> {
    const { failed } = this.#recorder;
    const reason = failed === undefined ? asked : `the recording failed: ${failed}`;
    this.#interrupt = undefined;
    this.#unread.end();
    clearTimeout(this.#lateFlush);
    const { bytesToTarget: _, ...summary } = this.#counters;
    const recording = await this.#recorder.end({ reason, ...summary });
    this.#deps.budgets.forget(this.#authorized.id);
    this.#deps.onEnd();
    await this.#audited;
    try {
      await this.#deps.controlPlane.endSession(this.#authorized.id, {
        reason,
        counters: this.counters,
        segments: recording.segments,
        lastSegmentHash: recording.lastSegmentHash,
      });
    } catch {
      // the control plane ends it by its missed heartbeats; the recording says why
    }
    // whoever waits for the end may then close the tunnel that the request takes
    await Promise.race([this.#canceling, delay(CANCEL_WAIT_MS, undefined, { ref: false })]);
  }

  /** Events that nothing waited for. A failure is reported by the recorder itself. */
  #flushLate(): void {
    this.#lateFlush = undefined;
    if (this.#ended !== undefined || this.#recorder.failed !== undefined) return;
    try {
      void this.#recorder.flush()?.catch(() => {});
    } catch {
      // the recorder has told it by onFailure
    }
  }

  #flush(): undefined | Promise<void> {
    const durable = this.#durableNext;
    this.#durableNext = false;
    return this.#recorder.flush({ durable });
  }

  #ask(askId: number, ask: Ask, answer: (askId: number, answer: Answer) => void): void {
    if (ask.type === "budget") {
      const { id: sessionId, principal, resource } = this.#authorized;
      const asker = {
        sessionId,
        principalId: principal.id,
        ownerId: principal.onBehalfOf?.id,
        resourceId: resource.id,
      };
      this.#deps.budgets.draw(asker, ask, (value) => {
        answer(askId, value);
        // too late for anybody to use it or to give it back
        if (this.#ended !== undefined) this.#deps.budgets.forget(sessionId);
      });
    } else if (ask.type === "review") void this.#deps.reviews.ask(this.#authorized.id, askId, ask, answer);
  }

  count(side: Side, bytes: number): void {
    if (side === "client") this.#counters.bytesToClient += bytes;
    else this.#counters.bytesToTarget += bytes;
  }

  onInterrupt(interrupt: (by: Interruption) => void): void {
    this.#interrupt = interrupt;
    if (this.#interruptedEarly !== undefined) interrupt(this.#interruptedEarly);
  }
}

function contextOf(authorized: AuthorizedSession, client: GatewaySessionDeps["client"]): EvaluationContext {
  return {
    principal: authorized.principal,
    resource: authorized.resource,
    level: authorized.level,
    session: { client: client.address, ...(client.application !== undefined && { application: client.application }) },
  };
}
