import { createHash } from "node:crypto";
import type { Answer, ReviewRequirement } from "@tidewaiter/core";
import { SQLSTATE } from "../../errors.ts";
import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import type { Judged, Waiting } from "../state.ts";
import { refusedPlainly, reviewRefused, ticketError, transactionText, waitingNotice } from "../texts.ts";
import { reviewedParameters } from "./reviewed-parameters.ts";

export interface HoldInput {
  readonly judged: Judged;
  readonly review: ReviewRequirement;
  /** The rule that asks, and why. */
  readonly ruleId: string;
  readonly reason: string;
  readonly parameters: readonly (string | null)[];
  /** Digest of the parameters whole. */
  readonly digest: string;
  /** Runs the statement; called at most once. */
  readonly approved: () => void;
  /** Puts the substitute in its place; called at most once. */
  readonly refuse: (fields: ErrorFields) => void;
}

/** Asks a person. The statement stays here: nothing of it is sent to the target before the answer. */
export function hold(machine: Machine, input: HoldInput): void {
  const { judged, review, parameters } = input;
  const inTransaction = machine.status !== "I";
  if (inTransaction && review.mode === "hold" && review.inTransaction.action === "refuse") {
    machine.finish(judged, "refused", SQLSTATE.insufficientPrivilege);
    return input.refuse(
      refusedPlainly(
        SQLSTATE.insufficientPrivilege,
        `needs a person, and is not held inside a transaction, which would keep its locks [${input.ruleId}]`,
        `Not executed. ${transactionText(machine.status)}`,
        "Send it outside of a transaction.",
      ),
    );
  }
  const seconds =
    inTransaction && review.inTransaction.action === "hold"
      ? Math.min(review.expiresInSeconds, review.inTransaction.maxSeconds)
      : review.expiresInSeconds;
  const expiresAt = machine.now + seconds * 1000;
  const askId = machine.nextAsk();
  machine.waiting = { for: "review", askId, ...input };
  machine.emit({
    type: "ask",
    askId,
    ask: {
      type: "review",
      request: {
        mode: review.mode,
        ruleId: input.ruleId,
        reason: input.reason,
        by: review.by,
        count: review.count,
        expiresAt: new Date(expiresAt).toISOString(),
        binding: binding(machine, judged, input.digest),
        statement: statementText(judged),
        parameters: reviewedParameters(judged, parameters),
        ...normalisedText(judged),
        summary: summary(judged),
        labels: judged.labels.reads,
        ...(judged.estimatedRows !== undefined && { estimatedRows: judged.estimatedRows }),
        inTransaction,
      },
    },
  });
}

/** EXECUTE shows a name only; a reviewer has to see what it runs. */
function statementText({ sql, named }: Judged): string {
  return [sql, ...named.map((text) => `-- runs: ${text}`)].join("\n");
}

/** What may be shown outside: not a statement that runs others by name, whose own text says nothing. */
function normalisedText({ facts, named, unread }: Judged): { normalised?: string } {
  if (unread !== undefined || named.length > 0 || facts.length === 0) return {};
  return { normalised: facts.map(({ normalised }) => normalised).join(";\n") };
}

/** What an approval is bound to: normalised statement, parameters, principal, resource, database, labels and relations. */
function binding(machine: Machine, judged: Judged, parametersDigest: string): string {
  const { principal, resource } = machine.context;
  const normalised = judged.facts.map((facts) => facts.normalised);
  const relations = judged.facts.flatMap((facts) =>
    facts.relations.map(({ schema, name, access }) => [schema ?? null, name, access]),
  );
  const bound = [
    normalised,
    judged.sql,
    judged.named,
    parametersDigest,
    principal.name,
    resource.name,
    resource.database,
    judged.labels.reads,
    relations,
    // by the server's own analysis: another schema, view or search_path is another statement
    judged.trees.flat().map(({ hash }) => hash),
  ];
  return createHash("sha256").update(JSON.stringify(bound)).digest("hex");
}

/** One line without values, for lists and notifications. */
function summary(judged: Judged): string {
  const relations = [...new Set(judged.facts.flatMap((facts) => facts.relations.map(({ name }) => name)))];
  const on = relations.length > 0 ? ` on ${relations.join(", ")}` : "";
  const reads = judged.labels.reads.length > 0 ? `, reads ${judged.labels.reads.join(", ")}` : "";
  const rows = judged.estimatedRows === undefined ? "" : `, about ${judged.estimatedRows} rows`;
  return `${judged.kind}${on}${reads}${rows}`;
}

/** Takes an answer about the review that is awaited; anything else is late and means nothing. */
export function answered(machine: Machine, askId: number, answer: Answer): void {
  const waiting = machine.waiting;
  if (waiting?.for !== "review" || waiting.askId !== askId) return;
  const { judged, review, ruleId } = waiting;
  switch (answer.type) {
    case "review_opened": {
      waiting.reviewId = answer.reviewId;
      waiting.shortId = answer.shortId;
      recordReview(machine, judged, answer.reviewId, answer.shortId, "opened");
      const expiresAt = Date.parse(answer.expiresAt);
      if (review.mode === "ticket")
        return refuse(
          machine,
          waiting.refuse,
          judged,
          ticketError(ruleId, review, answer.shortId, answer.link, expiresAt),
        );
      machine.notice(
        ...waitingNotice({
          judged,
          review,
          ruleId,
          expiresAt,
          inTransaction: machine.status !== "I",
          link: answer.link,
        }),
      );
      return;
    }
    case "review_approved": {
      recordReview(machine, judged, answer.reviewId, answer.shortId, "approved", answer.reviewers, answer.comment);
      machine.waiting = undefined;
      if (review.mode !== "ticket")
        machine.notice(
          `approved by ${answer.reviewers.join(", ")}${answer.comment ? `: "${answer.comment}"` : ""}. Running.`,
        );
      return waiting.approved();
    }
    case "review_refused": {
      recordReview(
        machine,
        judged,
        answer.reviewId ?? waiting.reviewId ?? "",
        answer.shortId ?? waiting.shortId ?? "",
        answer.how,
        answer.by === undefined ? [] : [answer.by],
        answer.comment,
      );
      return refuse(
        machine,
        waiting.refuse,
        judged,
        reviewRefused(ruleId, answer.how, answer.by, answer.comment, machine.status),
      );
    }
    default:
      return;
  }
}

function refuse(machine: Machine, how: (fields: ErrorFields) => void, judged: Judged, fields: ErrorFields): void {
  machine.waiting = undefined;
  machine.finish(judged, "refused", fields.code ?? "");
  how(fields);
}

/** Ctrl-C: the request is taken back, and the statement is answered as one that was canceled. */
export function withdraw(machine: Machine, reason: string): void {
  const waiting = takeBack(machine, reason);
  waiting?.refuse(reviewRefused(waiting.ruleId, "withdrawn", undefined, undefined, machine.status));
}

/**
 * The session is ending, or the server skips the statement after an error before it: the request is taken back, and nothing
 * more is sent to the target, not even a substitute.
 */
export function abandon(machine: Machine, reason: string): void {
  takeBack(machine, reason);
}

function takeBack(machine: Machine, reason: string): Extract<Waiting, { for: "review" }> | undefined {
  const waiting = machine.waiting;
  if (waiting?.for !== "review") return undefined;
  machine.emit({ type: "withdraw", askId: waiting.askId, reason });
  recordReview(machine, waiting.judged, waiting.reviewId ?? "", waiting.shortId ?? "", "withdrawn");
  machine.waiting = undefined;
  machine.finish(waiting.judged, "canceled", SQLSTATE.queryCanceled);
  return waiting;
}

function recordReview(
  machine: Machine,
  judged: Judged,
  reviewId: string,
  shortId: string,
  state: "opened" | "approved" | "rejected" | "expired" | "withdrawn" | "unavailable",
  by: readonly string[] = [],
  comment?: string,
): void {
  machine.record({
    at: machine.now,
    type: "review",
    operation: judged.operation,
    reviewId,
    shortId,
    state,
    ...(by.length > 0 && { by }),
    ...(comment !== undefined && comment !== "" && { comment }),
  });
}
