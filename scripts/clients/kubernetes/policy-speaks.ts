import type { Way } from "../compare.ts";

/** Where more than hidden values differ: what the client then gets must say so. */
interface PolicySpeaks {
  readonly way: Way;
  readonly scenario: RegExp;
  readonly says: RegExp;
  readonly why: string;
}

const LISTED: readonly PolicySpeaks[] = [
  {
    way: "same",
    scenario: /^releases in Secrets$/,
    says: /UPGRADE FAILED: no revision for release/,
    why: "without a rule that shows them, Helm cannot read the releases that it keeps in Secrets: it installs, and does not find them again",
  },
];

/** Why the difference is the policy's, or undefined. */
export function policySpeaks(scenario: string, got: string, way: Way): string | undefined {
  return LISTED.find((one) => one.way === way && one.scenario.test(scenario) && one.says.test(got))?.why;
}
