import { escapeText } from "@tidewaiter/core/recording/escape-text";
import type { AccessRequestView } from "../../api/shapes.ts";
import type { Paint } from "../../output/colour.ts";
import { fields } from "../../output/table.ts";
import { relative, utc } from "../../output/times.ts";

/** Who asks for what, why, and how it stands. */
export function renderRequest(request: AccessRequestView, paint: Paint, now: number): string[] {
  const { requester, level, resource, durationSeconds } = request;
  return [
    `${paint("bold", escapeText(requester))} asks for ${level} on ${paint("bold", escapeText(resource))} for ${duration(durationSeconds)}`,
    ...fields(
      [
        ["request", request.shortId],
        ["state", stateText(request, now)],
        ["why", request.reason],
        ["rule", request.rule],
        ["extends", request.extends],
        ["asked at", utc(request.requestedAt)],
        ["decide by", request.state === "pending" ? utc(request.expiresAt) : null],
        ...request.decisions.map(
          ({ reviewer, decision, comment, at }) =>
            [
              decision === "approve" ? "approved" : "denied",
              `by ${reviewer} at ${utc(at)}${comment ? `: ${comment}` : ""}`,
            ] as const,
        ),
      ],
      paint,
    ),
  ];
}

export function stateText({ state, active, grantExpiresAt, closedReason }: AccessRequestView, now: number): string {
  if (active && grantExpiresAt !== null)
    return `approved: access until ${utc(grantExpiresAt)} (${relative(grantExpiresAt, now)})`;
  if (state === "approved") return "approved; its time is over";
  return closedReason === null ? state : `${state}: ${closedReason}`;
}

/** `90 s`, `30 min`, `2 h`, `3 d`: the largest unit that fits evenly. */
export function duration(seconds: number): string {
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ] as const;
  const unit = units.find(([, size]) => seconds % size === 0);
  return unit === undefined ? `${seconds} s` : `${seconds / unit[1]} ${unit[0]}`;
}
