import type { Verdict } from "@tidewaiter/core";
import type { DetectorName } from "@tidewaiter/toolkit/content/detector";
import { isDetectorName } from "@tidewaiter/toolkit/content/detector";
import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";

/** A label of the policy and the names of the detectors whose findings carry it. */
export interface LabelDetectors {
  readonly name: string;
  readonly detect: readonly string[];
}

/** What is looked for in text without a label, for one principal and statement. */
export interface ActiveDetectors {
  readonly set: DetectorSet;
  /** Labels that a finding carries, as far as this principal may not see them. */
  readonly labels: ReadonlyMap<DetectorName, readonly string[]>;
}

/**
 * The detectors of every label that is not shown to the principal; undefined when nothing is looked for. Without a verdict
 * (what a server says between statements) every label counts as not shown.
 */
export function activeDetectors(
  defined: readonly LabelDetectors[],
  verdict: Pick<Verdict, "masks" | "unlabelledText"> | undefined,
): ActiveDetectors | undefined {
  if (verdict?.unlabelledText === "pass") return undefined;
  const labels = new Map<DetectorName, readonly string[]>();
  for (const { name, detect } of defined) {
    if (verdict?.masks[name] === "show") continue;
    for (const detector of detect)
      if (isDetectorName(detector)) labels.set(detector, [...(labels.get(detector) ?? []), name]);
  }
  return labels.size === 0 ? undefined : { set: detectorSet(labels.keys()), labels };
}
