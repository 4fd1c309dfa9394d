/** Where more than hidden values differ: what the client then gets must say so. */
interface PolicySpeaks {
  readonly scenario: RegExp;
  readonly says: RegExp;
  readonly why: string;
}

const LISTED: readonly PolicySpeaks[] = [
  {
    scenario: /^releases in Secrets$/,
    says: /UPGRADE FAILED: no revision for release/,
    why: "Helm cannot read the releases that it keeps in masked Secrets: it installs, and does not find them again",
  },
];

/** Why the difference is the policy's, or undefined. */
export function policySpeaks(scenario: string, got: string): string | undefined {
  return LISTED.find((one) => one.scenario.test(scenario) && one.says.test(got))?.why;
}
