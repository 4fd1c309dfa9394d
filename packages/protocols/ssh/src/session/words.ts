import type { Admission, HeldOperation } from "@tidewaiter/core";

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

export function heldText(held: HeldOperation): readonly string[] {
  const { ruleId, askedOf, link, expiresAt } = held;
  return [
    `waiting for a person; this has NOT run [${ruleId}]`,
    `Asked: ${askedOf.join(", ")}. Ends ${expiresAt.slice(11, 16)} UTC. ${link}  Ctrl-C withdraws.`,
  ];
}

export function approvedText(approval: { readonly reviewers: readonly string[]; readonly comment: string }): string {
  const said = approval.comment === "" ? "" : `: "${approval.comment}"`;
  return `approved by ${approval.reviewers.join(", ")}${said}. Running.`;
}

/** As our lines stand on a client's stderr or terminal. */
export function spoken(lines: readonly string[], newline = "\n"): string {
  return lines.map((line) => `tidewaiter: ${line}${newline}`).join("");
}
