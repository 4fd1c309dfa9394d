import type { Way } from "../compare.ts";

/** Where more than hidden values differ: what the client then gets must say so. */
interface PolicySpeaks {
  /** Undefined = in both. */
  readonly way?: Way;
  readonly scenario: RegExp;
  readonly says: RegExp;
  readonly why: string;
}

const LISTED: readonly PolicySpeaks[] = [
  {
    way: "labelled",
    scenario: /^two managers of a field$/,
    says: /conflicts with \\+"one\\+": <masked by tidewaiter>/,
    why: "where values of such objects are hidden, what an error could quote of them is a mask: the fields of a conflict too",
  },
  {
    way: "labelled",
    scenario: /^a deletion$/,
    says: /what is kept is not deleted/,
    why: "a deletion that a rule refuses is not done, and its sentence is shown",
  },
  {
    scenario: /^a token of a service account$/,
    says: /"<masked by tidewaiter>"/,
    why: "the token that `kubectl create token` makes is a mask: it would work past the gateway",
  },
  {
    way: "same",
    scenario: /^releases in Secrets$/,
    says: /UPGRADE FAILED: no revision for release/,
    why: "without a rule that shows them, Helm cannot read the releases that it keeps in Secrets: it installs, and does not find them again",
  },
];

/** Why the difference is the policy's, or undefined. */
export function policySpeaks(scenario: string, got: string, way: Way): string | undefined {
  return LISTED.find((one) => (one.way ?? way) === way && one.scenario.test(scenario) && one.says.test(got))?.why;
}
