import { escapeText } from "@tidewaiter/core/recording/escape-text";
import type { ChangeView } from "../../api/shapes.ts";
import type { Paint } from "../../output/colour.ts";
import { lineDiff } from "../../output/line-diff.ts";
import { fields } from "../../output/table.ts";
import { relative, utc } from "../../output/times.ts";

/** What a change would weaken and why, with the lines that differ. */
export function renderChange(change: ChangeView, paint: Paint, now: number): string[] {
  const { requester, shortId, state, requestedAt, expiresAt, decidedBy, decidedAt, comment } = change;
  const decided = decidedBy === null || decidedAt === null ? null : `by ${decidedBy} at ${utc(decidedAt)}`;
  return [
    `${paint("bold", escapeText(requester))} asks for a change that weakens protection`,
    ...change.changes.flatMap(({ noun, name, why, before, after }) => [
      "",
      paint("bold", `${noun} ${escapeText(name)}`),
      ...why.map((reason) => paint("yellow", `  ! ${escapeText(reason)}`)),
      ...lineDiff(pretty(before), pretty(after)).map(({ sign, text }) => {
        const line = `    ${sign} ${escapeText(text)}`;
        return sign === " " ? line : paint(sign === "+" ? "green" : "red", line);
      }),
    ]),
    "",
    ...fields(
      [
        ["change", shortId],
        ["state", state],
        ["asked at", utc(requestedAt)],
        ["decide by", state === "pending" ? `${utc(expiresAt)} (${relative(expiresAt, now)})` : null],
        ["decided", decided],
        ["comment", comment],
      ],
      paint,
    ),
  ];
}

/** Texts of several lines, such as a policy, are shown as lines. */
function pretty(json: string | null): string {
  if (json === null) return "";
  return JSON.stringify(JSON.parse(json), null, 2).replaceAll("\\n", "\n");
}

export function summaryOf({ changes }: ChangeView): string {
  return changes.map(({ noun, name, why }) => `${noun} ${name}: ${why.join("; ")}`).join(". ");
}
