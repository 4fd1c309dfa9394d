import type { Judged } from "../state.ts";

/**
 * Parameters as a reviewer sees them: those that are compared with, or written to, a labelled column show their label and
 * length only. Where it is not known what a parameter meets, it counts as labelled. The approval is bound to the values
 * themselves all the same.
 */
export function reviewedParameters(
  judged: Pick<Judged, "labels" | "facts">,
  parameters: readonly (string | null)[],
): string[] {
  return parameters.map((value, index) => {
    if (value === null) return "NULL";
    const label = labelOf(judged, index + 1);
    return label === undefined ? value : `(${label}, ${[...value].length} characters)`;
  });
}

function labelOf({ labels, facts }: Pick<Judged, "labels" | "facts">, number: number): string | undefined {
  const compared = labels.predicates.filter(({ values = [] }) =>
    values.some((value) => "param" in value && value.param === number),
  );
  if (compared.length > 0) return [...new Set(compared.map(({ label }) => label))].join(", ");
  const written = facts.some(({ writes }) => writes.some(({ values }) => values.some(({ param }) => param === number)));
  if (written && labels.writes.length > 0) return labels.writes.join(", ");
  // Inside an expression over a labelled column, or somewhere that nobody could read.
  const elsewhere = labels.predicates.some(({ use }) => use !== "equality");
  return labels.opaque || elsewhere ? "unknown" : undefined;
}
