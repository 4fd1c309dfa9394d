import type { HeldOperation } from "@tidewaiter/core";

/** What a person reads whose operation waits for another one: the essence in the first line. */
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
