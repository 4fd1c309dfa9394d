import { createHash } from "node:crypto";
import type {
  Admission,
  AdmissionRequest,
  Answer,
  Ask,
  AuthorizedSession,
  ReviewRequirement,
  SessionEvent,
  UnreadRequest,
  Verdict,
} from "@tidewaiter/core";
import { BUILTIN_RULES } from "@tidewaiter/core";
import { operationKind } from "@tidewaiter/core/operation";

/** What it needs of the session it works for. */
export interface AdmittingSession {
  readonly authorized: () => AuthorizedSession;
  readonly evaluate: (operation: AdmissionRequest["operation"]) => Verdict;
  readonly record: (event: SessionEvent) => void;
  /** Resolves when everything recorded is accepted. */
  readonly flush: () => undefined | Promise<void>;
  readonly ask: (askId: number, ask: Ask, answer: (askId: number, answer: Answer) => void) => void;
  readonly withdraw: (askId: number, reason: string) => void;
  /** False while the control plane is lost: nothing new is let in. */
  readonly reachable: () => boolean;
}

type Refusal = Extract<Admission, { ok: false }>;

/**
 * Judges operations of protocols that are not one relayed byte stream (channels of SSH, requests of Kubernetes), each by
 * itself: verdict, record accepted, and a person asked where one must decide. Several may wait at once.
 */
export class Admissions {
  readonly #session: AdmittingSession;
  #operations = 0;
  #asks = 0;

  constructor(session: AdmittingSession) {
    this.#session = session;
  }

  async admit(request: AdmissionRequest): Promise<Admission> {
    const verdict = this.#session.evaluate(request.operation);
    const operation = ++this.#operations;
    this.#recordJudged(operation, request, verdict);
    await this.#session.flush();
    if (!this.#session.reachable()) {
      const reason = "the control plane cannot be reached, so nothing new is let in";
      return this.#refused({ ok: false, operation, ruleId: "control-plane-lost", reason, how: "unavailable" });
    }
    const { outcome, ruleId = "", reason = "", review } = verdict;
    if (outcome === "allow") return { ok: true, operation, verdict };
    if (outcome === "deny" || review === undefined)
      return this.#refused({ ok: false, operation, ruleId, reason, how: "denied" });
    const { approved } = request;
    if (approved !== undefined && approved.ruleId === ruleId) {
      const { reviewers, comment } = approved;
      this.#recordReview(operation, { reviewId: "", shortId: "", state: "approved", by: reviewers, comment });
      await this.#session.flush();
      return { ok: true, operation, verdict, approval: { reviewers, comment } };
    }
    return this.#ask(operation, request, { verdict, ruleId, reason, review });
  }

  /** Nothing waits for it: it is refused whether that is recorded or not. */
  recordUnread(unread: UnreadRequest, policyVersion: number): void {
    const operation = ++this.#operations;
    const ruleId = BUILTIN_RULES.unknownStatement;
    this.#recordJudged(operation, unread, {
      outcome: "deny",
      ruleId,
      reason: unread.reason,
      policyVersion,
      observed: [],
    });
    this.#refused({ ok: false, operation, ruleId, reason: unread.reason, how: "denied" });
  }

  #recordJudged(
    operation: number,
    { operation: asked, text, shown }: Pick<AdmissionRequest, "operation" | "text" | "shown">,
    verdict: Pick<Verdict, "outcome" | "ruleId" | "reason" | "policyVersion" | "observed">,
  ): void {
    this.#session.record({
      at: Date.now(),
      type: "operation",
      operation,
      kind: operationKind(asked),
      text: shown ?? text,
      ...(shown !== undefined && shown !== text && { sealed: { text } }),
      outcome: verdict.outcome,
      ...(verdict.ruleId !== undefined && { ruleId: verdict.ruleId }),
      ...(verdict.reason !== undefined && { reason: verdict.reason }),
      policyVersion: verdict.policyVersion,
      labels: [],
      ...(verdict.observed.length > 0 && { observed: verdict.observed.map((each) => each.ruleId) }),
    });
  }

  #ask(
    operation: number,
    request: AdmissionRequest,
    held: { verdict: Verdict; ruleId: string; reason: string; review: ReviewRequirement },
  ): Promise<Admission> {
    const { verdict, ruleId, reason, review } = held;
    const askId = ++this.#asks;
    const { promise, resolve } = Promise.withResolvers<Admission>();
    const refuse = (rest: Omit<Refusal, "ok" | "operation" | "ruleId" | "reason">): void =>
      settle(this.#refused({ ok: false, operation, ruleId, reason, ...rest }));
    const takenBack = (): void => {
      this.#session.withdraw(askId, "the client left or took it back");
      this.#recordReview(operation, { reviewId: "", shortId: "", state: "withdrawn" });
      refuse({ how: "withdrawn" });
    };
    const settle = (admission: Admission): void => {
      request.signal.removeEventListener("abort", takenBack);
      resolve(admission);
    };
    request.signal.addEventListener("abort", takenBack, { once: true });
    const expiresAt = new Date(Date.now() + review.expiresInSeconds * 1000).toISOString();
    const mode = request.ticketOnly === true ? "ticket" : review.mode;
    const { principal, resource } = this.#session.authorized();
    const bound = [request.operation, request.text, principal.name, resource.name, request.bound];
    const ask: Ask = {
      type: "review",
      request: {
        mode,
        ruleId,
        reason,
        by: review.by,
        count: review.count,
        expiresAt,
        binding: createHash("sha256").update(JSON.stringify(bound)).digest("hex"),
        statement: request.text,
        parameters: [],
        summary: request.summary,
        labels: [],
        inTransaction: false,
      },
    };
    this.#session.ask(askId, ask, (_, answer) => {
      switch (answer.type) {
        case "review_opened": {
          this.#recordReview(operation, { ...answer, state: "opened" });
          const { shortId, link } = answer;
          if (mode === "ticket") return refuse({ how: "ticket", shortId, link });
          return request.onHeld({ ruleId, reason, askedOf: review.by, shortId, link, expiresAt: answer.expiresAt });
        }
        case "review_approved": {
          const { reviewers, comment } = answer;
          this.#recordReview(operation, { ...answer, state: "approved", by: reviewers });
          // the approval is part of why it runs: accepted before it does
          const accepted = this.#session.flush() ?? Promise.resolve();
          return void accepted.then(
            () => settle({ ok: true, operation, verdict, approval: { reviewers, comment } }),
            () => refuse({ how: "unavailable" }),
          );
        }
        case "review_refused": {
          const { how, by, comment, shortId } = answer;
          this.#recordReview(operation, { reviewId: "", shortId: "", ...answer, state: how, by: by ? [by] : [] });
          return refuse({
            how,
            ...(by !== undefined && { by }),
            ...(comment !== undefined && { comment }),
            ...(shortId !== undefined && { shortId }),
          });
        }
        default:
          return;
      }
    });
    if (request.signal.aborted) takenBack();
    return promise;
  }

  #refused(refusal: Refusal): Refusal {
    const { operation, how } = refusal;
    this.#session.record({
      at: Date.now(),
      type: "operation_finished",
      operation,
      result: how === "withdrawn" ? "canceled" : "refused",
      tag: how,
      rows: 0,
      bytes: 0,
      durationMs: 0,
    });
    return refusal;
  }

  #recordReview(
    operation: number,
    {
      reviewId,
      shortId,
      state,
      by,
      comment,
    }: Pick<Extract<SessionEvent, { type: "review" }>, "reviewId" | "shortId" | "state" | "by" | "comment">,
  ): void {
    this.#session.record({
      at: Date.now(),
      type: "review",
      operation,
      reviewId,
      shortId,
      state,
      ...(by !== undefined && by.length > 0 && { by }),
      ...(comment !== undefined && comment !== "" && { comment }),
    });
  }
}
