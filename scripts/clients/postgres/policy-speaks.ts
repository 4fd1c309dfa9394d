import type { Way } from "../compare.ts";

/**
 * Where labels change more than labelled values: what the client then gets must say so. Anything that is neither the same as
 * directly nor listed here is a failure.
 */
interface PolicySpeaks {
  readonly scenario: RegExp;
  /** What the client got, as JSON or as the error's text. */
  readonly says: RegExp;
  readonly why: string;
}

const LISTED: readonly PolicySpeaks[] = [
  {
    scenario: /^errors|^pipeline_abort$/,
    says: /the server's text is withheld because it may quote masked values/,
    why: "an error of a statement that nobody can resolve keeps its code and loses its text",
  },
  {
    scenario: /^pipeline_abort$/,
    says: /\[no-unread-code\]/,
    why: "a function that nobody has read is not called, and whether it is there is not told",
  },
  {
    scenario: /^listen and notify$/,
    says: /^""$|"news",""|"payload":""|\\"news\\" received/,
    why: "a payload may carry any value of another session: it is emptied",
  },
  { scenario: /^notice$/, says: /\[no-laundering\]|\[no-unseen-code\]/, why: "DO runs code that nobody has read" },
  {
    scenario: /^(many parameters|large statement)$/,
    says: /SQL is longer than 256 kB|SQL could not be analysed/,
    why: "too long to be judged in time",
  },
  { scenario: /^prepared$/, says: /\*\*\*/, why: "pg_prepared_statements shows texts of statements" },
  {
    scenario: /restored by psql|pg_restore -j/,
    says: /\[no-unseen-code\]|\[no-server-control\]/,
    why: "a function would be made, whose code could move labelled values; a snapshot exported",
  },
  { scenario: /^pg_dumpall of globals$/, says: /PASSWORD '\*\*\*'/, why: "verifiers of passwords are secrets" },
];

/** Why the difference is the policy's, or undefined. */
export function policySpeaks(scenario: string, got: string, way: Way): string | undefined {
  if (way !== "labelled") return undefined;
  return LISTED.find((one) => one.scenario.test(scenario) && one.says.test(got))?.why;
}
