import { escapeText } from "@tidewaiter/core/recording/escape-text";
import type { LabelsView } from "../../api/shapes.ts";
import type { Output } from "../../output/output.ts";
import { table } from "../../output/table.ts";
import { utc } from "../../output/times.ts";

type Column = LabelsView["places"][number]["columns"][number];

/** Differences shown below the columns; `--json` and the audit log have them all. */
const DRIFT_SHOWN = 10;

export function renderLabels({ places, drift }: LabelsView, output: Pick<Output, "paint" | "size">): string[] {
  const { paint } = output;
  if (places.length === 0) {
    return ["Nothing is bound yet: the first session under a policy with labels reads the catalog of its database."];
  }
  const lines = places.flatMap((place, index) => [
    ...(index === 0 ? [] : [""]),
    paint("dim", placeText(place)),
    ...table(
      place.columns,
      [
        { title: "COLUMN", value: ({ column }) => column },
        { title: "LABELS", value: ({ labels }) => labels.join(", ") },
        { title: "NOTE", value: noteText },
      ],
      output,
      "No column carries a label by the policy in force.",
    ),
    ...(place.truncated ? ["... and more"] : []),
  ]);
  if (drift.length === 0) return lines;
  const shown = drift.slice(0, DRIFT_SHOWN).toReversed();
  return [
    ...lines,
    "",
    paint("dim", "How the schema changed (tw audit list --type schema_drift):"),
    ...shown.map(driftText),
  ];
}

function placeText({ database, systemId, relations, changedAt }: LabelsView["places"][number]): string {
  const server = systemId === "" ? "a server that does not tell its identifier" : `server ${systemId}`;
  return `database ${escapeText(database)} on ${server}: ${relations} relations, last change ${utc(changedAt)}`;
}

function noteText({ state, proposed, formerly }: Column): string {
  const notes = [
    ...(state === "accepted" ? ["accepted as harmless"] : []),
    ...(state === "unclassified"
      ? [proposed.length === 0 ? "nobody has decided" : `perhaps ${proposed.join(", ")}`]
      : []),
    ...(formerly.length === 0 ? [] : [`formerly ${formerly.join(", ")}`]),
  ];
  return notes.join("; ");
}

function driftText({ at, what, relation, column, from, proposed, count }: LabelsView["drift"][number]): string {
  const name = [relation, column].filter((part) => part !== undefined).join(".");
  const parts = [
    utc(at),
    what.replaceAll("_", " "),
    ...(name === "" ? [] : [name]),
    ...(from === undefined ? [] : [`(was ${from})`]),
    ...(proposed === undefined ? [] : [`perhaps ${proposed}`]),
    ...(count === undefined ? [] : [`${count} not told one by one`]),
  ];
  return escapeText(parts.join("  "));
}
