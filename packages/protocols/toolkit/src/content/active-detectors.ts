import type { LabelDetectors, Verdict } from "@tidewaiter/core";
import type { DetectorSet } from "./detector-set.ts";
import { detectorSet } from "./detector-set.ts";
import { redactText } from "./redact-text.ts";

export type { LabelDetectors } from "@tidewaiter/core";

/** What is looked for in text without a label, for one principal and statement. */
export interface ActiveDetectors {
  readonly set: DetectorSet;
  /** By detector: labels that a finding carries, as far as this principal may not see them. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

type Seen = Pick<Verdict, "masks" | "unlabelledText"> | undefined;

/**
 * The detectors of every label that is not shown to the principal; undefined when nothing is looked for. Without a verdict
 * (what a server says between statements) every label counts as not shown.
 */
export function activeDetectors(defined: readonly LabelDetectors[], verdict: Seen): ActiveDetectors | undefined {
  if (verdict?.unlabelledText === "pass") return undefined;
  const hidden = defined.filter(({ name }) => verdict?.masks[name] !== "show");
  const labels = new Map<string, readonly string[]>();
  for (const { name, detect } of hidden)
    for (const detector of detect) labels.set(detector, [...(labels.get(detector) ?? []), name]);
  if (labels.size === 0) return undefined;
  const patterns = new Map(hidden.flatMap((label) => label.patterns ?? []).map((each) => [each.name, each]));
  const phoneRegions = hidden.flatMap((label) => label.phoneRegions ?? []);
  const set = detectorSet(labels.keys(), { patterns: [...patterns.values()], phoneRegions });
  return set.detectors.length === 0 ? undefined : { set, labels };
}

/** The payload of a notification, without what the detectors find in it; empty where nothing is looked for. */
export function redactedPayload(defined: readonly LabelDetectors[], verdict: Seen, payload: string): string {
  const active = activeDetectors(defined, verdict);
  return active === undefined ? "" : redactText(payload, active.set);
}
