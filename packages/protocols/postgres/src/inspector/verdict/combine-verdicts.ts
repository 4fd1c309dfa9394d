import type { LabelUse, MaskSpec, Verdict } from "@tidewaiter/core";
import { budgetKey, CONSTANT_MASK, mergeUses, stricterMask } from "@tidewaiter/core";

const SEVERITY = { allow: 0, review: 1, deny: 2 } as const;
const RECORDING_ORDER = ["best_effort", "bounded", "strict", "durable"] as const;

/** One verdict for a string of statements: the most severe of all, with the strictest mask for each label. */
export function combineVerdicts(a: Verdict | undefined, b: Verdict): Verdict {
  if (a === undefined) return b;
  const worse = SEVERITY[b.outcome] > SEVERITY[a.outcome] ? b : a;
  const masks: Record<string, MaskSpec | "show"> = {};
  for (const label of new Set([...Object.keys(a.masks), ...Object.keys(b.masks)]))
    masks[label] = stricter(a.masks[label], b.masks[label]);
  const mode = RECORDING_ORDER.indexOf(a.recording.mode) > RECORDING_ORDER.indexOf(b.recording.mode) ? a : b;
  return {
    ...worse,
    masks,
    budgets: [
      ...a.budgets,
      ...b.budgets.filter((budget) => !a.budgets.some((other) => budgetKey(other) === budgetKey(budget))),
    ],
    ...((a.counted ?? b.counted) !== undefined && { counted: [...(a.counted ?? []), ...(b.counted ?? [])] }),
    unlabelledText: a.unlabelledText === "detect" || b.unlabelledText === "detect" ? "detect" : "pass",
    recording: { mode: mode.recording.mode, results: a.recording.results || b.recording.results },
    observed: [...a.observed, ...b.observed],
  };
}

function stricter(a: MaskSpec | "show" | undefined, b: MaskSpec | "show" | undefined): MaskSpec | "show" {
  if (a === "show" && b === "show") return "show";
  if (a === undefined || b === undefined) return CONSTANT_MASK;
  if (a === "show") return b;
  return b === "show" ? a : stricterMask(a, b);
}

/** What several layers say of one statement: each use once, with the most literals that any of them counted. */
export function mergeLayers(uses: readonly LabelUse[]): LabelUse {
  const predicates = new Map<string, LabelUse["predicates"][number]>();
  for (const one of uses.flatMap((use) => use.predicates)) {
    const key = `${one.label} ${one.use}`;
    const present = predicates.get(key);
    if (present === undefined || present.literals < one.literals) predicates.set(key, one);
  }
  return { ...mergeUses(uses), predicates: [...predicates.values()] };
}
