import type { Answer, Ask, ControlPlane, Review } from "@tidewaiter/core";

type ReviewAsk = Extract<Ask, { type: "review" }>;

interface Open {
  readonly sessionId: string;
  readonly askId: number;
  readonly binding: string;
  readonly answer: (askId: number, answer: Answer) => void;
  reviewId: string | undefined;
  readonly timer: NodeJS.Timeout;
  over: boolean;
}

/** Longer than an expiry that the control plane reports itself; then the gateway no longer waits for it. */
const GRACE_MS = 2_000;

/** Carries questions of held statements to the control plane, and its decisions back. */
export class ReviewDesk {
  readonly #controlPlane: Pick<ControlPlane, "requestReview" | "getReview" | "consumeReview" | "withdrawReview">;
  readonly #link: (shortId: string) => string;
  readonly #byReview = new Map<string, Open>();
  readonly #byAsk = new Map<string, Open>();

  constructor(
    controlPlane: Pick<ControlPlane, "requestReview" | "getReview" | "consumeReview" | "withdrawReview">,
    link: (shortId: string) => string,
  ) {
    this.#controlPlane = controlPlane;
    this.#link = link;
  }

  async ask(sessionId: string, askId: number, { request }: ReviewAsk, answer: Open["answer"]): Promise<void> {
    const wait = Math.max(0, Date.parse(request.expiresAt) - Date.now()) + GRACE_MS;
    const open: Open = {
      sessionId,
      askId,
      binding: request.binding,
      answer,
      reviewId: undefined,
      over: false,
      timer: setTimeout(() => this.#settle(open, { type: "review_refused", how: "expired" }), wait),
    };
    open.timer.unref();
    this.#byAsk.set(`${sessionId} ${askId}`, open);
    try {
      const review = await this.#controlPlane.requestReview({ ...request, sessionId });
      if (open.over) return void (await this.#withdrawn(review.id, "the client left"));
      open.reviewId = review.id;
      if (request.mode === "ticket" && review.state === "approved") return await this.#approve(open, review, false);
      this.#byReview.set(review.id, open);
      answer(askId, {
        type: "review_opened",
        reviewId: review.id,
        shortId: review.shortId,
        link: this.#link(review.shortId),
        expiresAt: review.expiresAt,
      });
      if (request.mode === "ticket") this.#forget(open);
      else await this.changed(review.id);
    } catch {
      this.#settle(open, { type: "review_refused", how: "unavailable" });
    }
  }

  /** The control plane says that something happened to a review. */
  async changed(reviewId: string): Promise<void> {
    const open = this.#byReview.get(reviewId);
    if (open === undefined) return;
    let review: Review;
    try {
      review = await this.#controlPlane.getReview(reviewId);
    } catch {
      return this.#settle(open, { type: "review_refused", how: "unavailable" });
    }
    switch (review.state) {
      case "pending":
        return;
      case "approved":
        return this.#approve(open, review, true);
      case "rejected": {
        const last = review.decisions.find((decision) => decision.decision === "reject");
        return this.#settle(open, {
          type: "review_refused",
          reviewId,
          shortId: review.shortId,
          how: "rejected",
          ...(last && { by: last.reviewer, comment: last.comment }),
        });
      }
      default:
        return this.#settle(open, {
          type: "review_refused",
          reviewId,
          shortId: review.shortId,
          how: review.state === "withdrawn" ? "withdrawn" : "expired",
        });
    }
  }

  withdraw(sessionId: string, askId: number, reason: string): void {
    const open = this.#byAsk.get(`${sessionId} ${askId}`);
    if (open === undefined) return;
    this.#forget(open);
    if (open.reviewId !== undefined) void this.#withdrawn(open.reviewId, reason);
  }

  /** An approval is used up at the control plane before the statement runs: exactly once. */
  async #approve(open: Open, review: Review, consume: boolean): Promise<void> {
    if (open.over) return;
    const used = !consume || (await this.#controlPlane.consumeReview(review.id, open.binding).catch(() => false));
    if (!used)
      return this.#settle(open, {
        type: "review_refused",
        reviewId: review.id,
        shortId: review.shortId,
        how: "unavailable",
      });
    const approvals = review.decisions.filter((decision) => decision.decision === "approve");
    this.#settle(open, {
      type: "review_approved",
      reviewId: review.id,
      shortId: review.shortId,
      reviewers: approvals.map((decision) => decision.reviewer),
      comment: approvals.at(-1)?.comment ?? "",
    });
  }

  #settle(open: Open, answer: Answer): void {
    if (open.over) return;
    this.#forget(open);
    open.answer(open.askId, answer);
  }

  #forget(open: Open): void {
    open.over = true;
    clearTimeout(open.timer);
    this.#byAsk.delete(`${open.sessionId} ${open.askId}`);
    if (open.reviewId !== undefined) this.#byReview.delete(open.reviewId);
  }

  async #withdrawn(reviewId: string, reason: string): Promise<void> {
    // it expires by itself if this cannot be said
    await this.#controlPlane.withdrawReview(reviewId, reason).catch(() => {});
  }
}
