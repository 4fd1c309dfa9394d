import type { Admission } from "@tidewaiter/core";

export { approvedText, heldText, spoken } from "@tidewaiter/toolkit/terminal/review-words";

/** How a refused command ends, as a shell says of one that may not be run. */
export const EXIT_REFUSED = 126;
/** As ssh itself says of a connection that failed. */
export const EXIT_FAILED = 255;

type Refusal = Extract<Admission, { ok: false }>;

/** One line per fact, the essence in the first; `what` such as "not run". */
export function refusalText(resource: string, what: string, refusal: Refusal): string {
  const { ruleId, reason, how, shortId, link, by, comment } = refusal;
  const rule = ruleId === "" ? "" : ` [${ruleId}]`;
  const said = comment === undefined || comment === "" ? "" : `: "${comment}"`;
  switch (how) {
    case "denied":
      return `${what} on ${resource}: ${reason}${rule}. The session stays open.`;
    case "ticket":
      return `${what} on ${resource}: needs a person${rule}. Review ${shortId ?? ""} ${link ?? ""}: run the same again after approval.`;
    case "rejected":
      return `${what} on ${resource}: ${by ?? "a reviewer"} said no${said}${rule}.`;
    case "expired":
      return `${what} on ${resource}: nobody decided in time${rule}.`;
    case "withdrawn":
      return `${what} on ${resource}: you took it back${rule}.`;
    case "unavailable":
      return `${what} on ${resource}: ${reason}${rule}. Try again in a moment.`;
  }
}
