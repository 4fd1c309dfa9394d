import { policySpeaks } from "./policy-speaks.ts";
import { HIDDEN, MASKED } from "./site.ts";

/** What a client's program printed for one scenario. */
export type Said =
  | { readonly scenario: string; readonly result: unknown }
  | { readonly scenario: string; readonly error: string }
  | { readonly scenario: string; readonly skipped: string };

export interface Verdict {
  readonly scenario: string;
  readonly way: "same" | "labelled";
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why, where it did not pass, and what the policy says where that differs from the server's answer. */
  readonly why: string;
}

export interface Runs {
  readonly direct: readonly Said[];
  readonly through: readonly Said[];
  readonly labelled: readonly Said[];
}

/**
 * One verdict per scenario and way: without a policy the client must see exactly what it sees directly; with labels that,
 * but for the labelled values. A scenario that does not work directly has failed: it tells nothing.
 */
export function compareRuns({ direct, through, labelled }: Runs): Verdict[] {
  return [
    ...direct.flatMap((one) => [
      judge("same", one, find(through, one.scenario), (text) => text),
      judge("labelled", one, find(labelled, one.scenario), masked),
    ]),
    ...beyond("same", direct, through),
    ...beyond("labelled", direct, labelled),
  ];
}

/** What was said only through the gateway: how the program ended there. */
function beyond(way: Verdict["way"], direct: readonly Said[], other: readonly Said[]): Verdict[] {
  return other
    .filter(({ scenario }) => find(direct, scenario) === undefined)
    .map((one) => ({ scenario: one.scenario, way, outcome: "failed", why: "error" in one ? one.error : "only here" }));
}

function find(said: readonly Said[], scenario: string): Said | undefined {
  return said.find((one) => one.scenario === scenario);
}

function judge(way: Verdict["way"], direct: Said, other: Said | undefined, expect: (text: string) => string): Verdict {
  const { scenario } = direct;
  const verdict = (outcome: Verdict["outcome"], why = ""): Verdict => ({ scenario, way, outcome, why });
  if ("skipped" in direct) return verdict("skipped", direct.skipped);
  if ("error" in direct) return verdict("failed", `does not work directly: ${direct.error}`);
  if (other === undefined) return verdict("failed", "said nothing");
  const explained = (got: string): Verdict | undefined => {
    const why = way === "labelled" ? policySpeaks(scenario, got) : undefined;
    return why === undefined ? undefined : verdict("passed", why);
  };
  if ("error" in other) return explained(other.error) ?? verdict("failed", other.error);
  if ("skipped" in other) return verdict("failed", `skipped: ${other.skipped}`);
  const plain = JSON.stringify(direct.result);
  const expected = expect(plain);
  if (way === "labelled" && scenario === "labelled" && expected === plain)
    return verdict("failed", "the scenario reads no labelled value");
  const actual = JSON.stringify(other.result);
  if (actual === expected) return verdict("passed");
  return explained(actual) ?? verdict("failed", difference(expected, actual));
}

export function masked(text: string): string {
  return HIDDEN.reduce((all, hidden) => all.replaceAll(hidden, MASKED), text);
}

/** The places around the first byte that differs. */
export function difference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 80), at + 160);
  return `expected ...${around(expected)}\n        but got  ...${around(actual)}`;
}
