import { escapeLines, escapeText } from "@tidewaiter/core/recording/escape-text";
import type { ReviewDetail } from "../../api/shapes.ts";
import type { Paint } from "../../output/colour.ts";
import { fields } from "../../output/table.ts";
import { relative, utc } from "../../output/times.ts";

/** All that somebody needs to decide. Invisible characters of the statement are shown as escapes. */
export function renderReview(review: ReviewDetail, paint: Paint, now: number): string[] {
  const { decisions, parameters } = review;
  return [
    `${paint("bold", escapeText(review.requester))} asks to run 1 statement on ${paint("bold", escapeText(review.resource))}`,
    "",
    ...escapeLines(review.statement).map((line) => `  ${paint("cyan", line)}`),
    ...parameters.map((value, index) => `  ${paint("dim", `$${index + 1}`)} = ${escapeText(value)}`),
    "",
    ...fields(
      [
        ["review", review.shortId],
        ["state", review.closedReason === null ? review.state : `${review.state}: ${review.closedReason}`],
        ["rule", `${review.rule}: ${review.reason}`],
        ["touches", review.summary],
        ["labels", review.labels.join(", ")],
        ["rows", review.estimatedRows === null ? null : `about ${review.estimatedRows.toLocaleString("en-US")}`],
        ["asked", review.askedOf.join(", ") || "role reviewer"],
        ["needs", review.count === 1 ? "1 person" : `${review.count} people`],
        ["waits", review.mode === "hold" ? "in the client, now" : "as a ticket: it passes once when repeated"],
        ["locks", review.inTransaction ? "it is in a transaction and holds locks" : null],
        ["asked at", utc(review.requestedAt)],
        ["ends", `${utc(review.expiresAt)} (${relative(review.expiresAt, now)})`],
        ...decisions.map(
          ({ reviewer, decision, comment, at }) =>
            [
              decision === "approve" ? "approved" : "rejected",
              `by ${reviewer} at ${utc(at)}${comment ? `: ${comment}` : ""}`,
            ] as const,
        ),
      ],
      paint,
    ),
  ];
}
