import { escapeText } from "@tidewaiter/core/recording/escape-text";
import type { AppliedChange, ApplyResult } from "../../api/shapes.ts";
import type { Paint, Style } from "../../output/colour.ts";
import { lineDiff } from "../../output/line-diff.ts";

type FieldChange = AppliedChange["diff"][number];

const SIGNS: Readonly<Record<AppliedChange["action"], { sign: string; style: Style }>> = {
  create: { sign: "+", style: "green" },
  update: { sign: "~", style: "yellow" },
  delete: { sign: "-", style: "red" },
  none: { sign: " ", style: "dim" },
};

/** `+` made, `~` changed with its fields, `-` removed; what stays the same is only counted. */
export function renderChanges(result: ApplyResult, paint: Paint): string[] {
  const changed = result.changes.filter(({ action }) => action !== "none");
  const same = result.changes.length - changed.length;
  return [
    ...changed.flatMap((change) => renderChange(change, paint)),
    ...result.waitsFor.map((why) => paint("yellow", `! needs a second person: ${escapeText(why)}`)),
    summary(result, changed.length, same),
  ];
}

function renderChange({ action, noun, name, diff }: AppliedChange, paint: Paint): string[] {
  const { sign, style } = SIGNS[action];
  const head = paint(style, `${sign} ${noun} ${escapeText(name)}`);
  return action === "delete" ? [head] : [head, ...diff.flatMap((field) => renderField(field, paint))];
}

/** A whole file that is new, or too long for the API to send both sides of, is told by its length. */
const LONG = 300;

function lineCount(json: string): number {
  return json.split("\\n").length;
}

function renderField({ field, before, after }: FieldChange, paint: Paint): string[] {
  const name = escapeText(field);
  const [old, fresh] = [textOf(before), textOf(after)];
  if (before === null && after !== null && after.length > LONG) {
    return [paint("green", `    + ${name}: ${lineCount(after)} lines`)];
  }
  if (fresh?.includes("\n") || old?.includes("\n")) {
    return lineDiff(old ?? "", fresh ?? "")
      .filter(({ text, sign }) => text !== "" || sign !== "-")
      .map(({ sign, text }) => {
        const line = `    ${sign} ${escapeText(text)}`;
        return sign === " " ? line : paint(sign === "+" ? "green" : "red", line);
      });
  }
  const lines: string[] = [];
  if (before !== null) lines.push(paint("red", `    - ${name}: ${escapeText(before)}`));
  if (after !== null) lines.push(paint("green", `    + ${name}: ${escapeText(after)}`));
  return lines;
}

/** The API gives JSON; a text of several lines is shown as such. */
function textOf(json: string | null): string | undefined {
  if (json === null) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function summary({ applied, policyVersion }: ApplyResult, changed: number, same: number): string {
  const policy = `policy version ${policyVersion}`;
  if (changed === 0) return `Nothing to change: all ${same} are as the documents say (${policy}).`;
  const rest = same === 0 ? "" : `, ${same} unchanged`;
  const count = `${changed} ${changed === 1 ? "change" : "changes"}${rest}`;
  return applied ? `Applied: ${count} (${policy}).` : `Would apply: ${count}. Nothing was changed (--dry-run).`;
}
