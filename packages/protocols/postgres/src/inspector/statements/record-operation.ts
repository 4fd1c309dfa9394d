import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";

type Recorded = Pick<Judged, "operation" | "kind" | "sql" | "verdict" | "labels" | "facts">;

/** Before anything is forwarded. Literals of a statement that touches labels are keyed tokens; the relay seals the original. */
export function recordOperation(machine: Machine, judged: Recorded, parameters?: readonly (string | null)[]): void {
  const { verdict, labels } = judged;
  machine.record({
    at: machine.now,
    type: "operation",
    operation: judged.operation,
    kind: judged.kind,
    ...recordedText(machine, judged, parameters),
    outcome: verdict.outcome,
    ...(verdict.ruleId !== undefined && { ruleId: verdict.ruleId }),
    ...(verdict.reason !== undefined && { reason: verdict.reason }),
    policyVersion: verdict.policyVersion,
    labels: [...new Set([...labels.reads, ...labels.writes])],
    ...(verdict.observed.length > 0 && {
      observed: verdict.observed.map(({ ruleId, outcome }) => `${ruleId}: ${outcome}`),
    }),
  });
}

interface RecordedText {
  readonly text: string;
  readonly parameters?: readonly (string | null)[];
  readonly sealed?: { readonly text: string; readonly parameters?: readonly (string | null)[] };
}

function recordedText(
  { context }: Machine,
  { sql, facts, labels }: Recorded,
  given: readonly (string | null)[] | undefined,
): RecordedText {
  const touches = labels.opaque || labels.reads.length > 0 || labels.writes.length > 0;
  const secrets = facts.flatMap((one) => [...one.secrets]);
  const original = {
    text: secrets.length === 0 ? sql : context.tokenise(sql, [], secrets),
    ...(given !== undefined && given.length > 0 && { parameters: given }),
  };
  if (!touches) return original;
  const hidden = { sealed: original, ...tokens(context.token, original.parameters) };
  // nothing is known of its parts: it is one literal
  if (facts.length === 0) return { text: context.token(sql), ...hidden };
  const literals = facts.flatMap((one) => [...one.literals]);
  return { text: context.tokenise(sql, literals, secrets), ...hidden };
}

function tokens(token: (value: string) => string, parameters: readonly (string | null)[] | undefined) {
  return parameters === undefined
    ? {}
    : { parameters: parameters.map((value) => (value === null ? null : token(value))) };
}
