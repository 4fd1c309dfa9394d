import type { Way } from "../compare.ts";

/** Where more than hidden values differ: what the client then gets must say so. */
interface PolicySpeaks {
  readonly scenario: RegExp;
  readonly says: RegExp;
  readonly way: Way;
  readonly why: string;
}

const LISTED: readonly PolicySpeaks[] = [];

/** Why the difference is the policy's, or undefined. */
export function policySpeaks(scenario: string, got: string, way: Way): string | undefined {
  return LISTED.find((one) => one.way === way && one.scenario.test(scenario) && one.says.test(got))?.why;
}
