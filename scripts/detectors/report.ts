import type { Score } from "./measure.ts";
import { precisionOf, recallOf } from "./measure.ts";
import { SOURCES } from "./sources.ts";

export interface Result {
  readonly scores: readonly Score[];
  /** Detectors that no source has samples of. */
  readonly skipped: readonly string[];
  /** Sources that could not be had. */
  readonly missing: readonly string[];
}

/** A markdown table: what README.md keeps of the last run. */
export function render({ scores, skipped, missing }: Result): string {
  const rows = scores.map((score) =>
    [
      score.detector,
      score.setting,
      percent(recallOf(score)),
      `${score.found} / ${score.positives}`,
      score.negatives === 0 ? "-" : percent(precisionOf(score)),
      score.negatives === 0 ? "-" : `${score.falseFound} in ${score.negatives}`,
    ].join(" | "),
  );
  return [
    "| detector | asked in | recall | found | precision | false findings in negatives |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
    ...rows.map((row) => `| ${row} |`),
    "",
    ...(skipped.length === 0 ? [] : [`Skipped, no public samples: ${skipped.join(", ")}.`, ""]),
    ...(missing.length === 0 ? [] : [`Sources that could not be had: ${missing.join("; ")}.`, ""]),
    "| source | version | licence | from | gives |",
    "| --- | --- | --- | --- | --- |",
    ...SOURCES.map(
      ({ name, version, licence, registry, gives }) => `| ${[name, version, licence, registry, gives].join(" | ")} |`,
    ),
    "",
  ].join("\n");
}

function percent(ratio: number): string {
  return Number.isNaN(ratio) ? "-" : `${(Math.floor(ratio * 1000) / 10).toFixed(1)} %`;
}
