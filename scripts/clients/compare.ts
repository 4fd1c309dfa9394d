/** What a client's program printed for one scenario. */
export type Said =
  | { readonly scenario: string; readonly result: unknown }
  | { readonly scenario: string; readonly error: string }
  | { readonly scenario: string; readonly skipped: string };

export type Way = "same" | "labelled";

export interface Verdict {
  readonly scenario: string;
  readonly way: Way;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why, where it did not pass, and what the policy says where that differs from the server's answer. */
  readonly why: string;
}

/** What the gateway changes on purpose. */
export interface Expected {
  /** What a client sees of what it sees directly, by way. */
  readonly same: (text: string) => string;
  readonly labelled: (text: string) => string;
  /** Scenarios that say nothing unless they read something that is hidden, by way. */
  readonly hiding: Readonly<Record<Way, readonly string[]>>;
  /** Why a difference is the policy's; undefined = it is not. */
  readonly policySpeaks: (scenario: string, got: string, way: Way) => string | undefined;
}

export interface Runs {
  readonly direct: readonly Said[];
  readonly through: readonly Said[];
  readonly labelled: readonly Said[];
}

/**
 * One verdict per scenario and way: the client must see exactly what it sees directly, but for what is expected. A scenario
 * that does not work directly has failed: it tells nothing.
 */
export function compareRuns({ direct, through, labelled }: Runs, expected: Expected): Verdict[] {
  return [
    ...direct.flatMap((one) => [
      judge("same", one, find(through, one.scenario), expected),
      judge("labelled", one, find(labelled, one.scenario), expected),
    ]),
    ...beyond("same", direct, through),
    ...beyond("labelled", direct, labelled),
  ];
}

/** What was said only through the gateway: how the program ended there. */
function beyond(way: Way, direct: readonly Said[], other: readonly Said[]): Verdict[] {
  return other
    .filter(({ scenario }) => find(direct, scenario) === undefined)
    .map((one) => ({ scenario: one.scenario, way, outcome: "failed", why: "error" in one ? one.error : "only here" }));
}

function find(said: readonly Said[], scenario: string): Said | undefined {
  return said.find((one) => one.scenario === scenario);
}

function judge(way: Way, direct: Said, other: Said | undefined, expected: Expected): Verdict {
  const { scenario } = direct;
  const verdict = (outcome: Verdict["outcome"], why = ""): Verdict => ({ scenario, way, outcome, why });
  if ("skipped" in direct) return verdict("skipped", direct.skipped);
  if ("error" in direct) return verdict("failed", `does not work directly: ${direct.error}`);
  if (other === undefined) return verdict("failed", "said nothing");
  const explained = (got: string): Verdict | undefined => {
    const why = expected.policySpeaks(scenario, got, way);
    return why === undefined ? undefined : verdict("passed", why);
  };
  if ("error" in other) return explained(other.error) ?? verdict("failed", other.error);
  if ("skipped" in other) return verdict("failed", `skipped: ${other.skipped}`);
  const plain = JSON.stringify(direct.result);
  const wanted = expected[way](plain);
  if (expected.hiding[way].includes(scenario) && wanted === plain)
    return verdict("failed", "the scenario reads nothing that is hidden");
  const actual = JSON.stringify(other.result);
  if (actual === wanted) return verdict("passed");
  return explained(actual) ?? verdict("failed", difference(wanted, actual));
}

/** The places around the first byte that differs. */
export function difference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 80), at + 160);
  return `expected ...${around(expected)}\n        but got  ...${around(actual)}`;
}
