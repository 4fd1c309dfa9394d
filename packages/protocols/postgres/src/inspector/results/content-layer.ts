import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { candidates } from "@tidewaiter/toolkit/content/prefilter";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import type { Framed } from "../../framer.ts";
import type { ColumnMaskInfo } from "../../mask/mask-rows.ts";
import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { maskNotice } from "../texts.ts";

/** People learn once per session and set of columns what was masked. */
export function tellOfMasks(machine: Machine, masked: readonly ColumnMaskInfo[]): void {
  if (masked.length === 0 || machine.context.greeting === undefined) return;
  const key = JSON.stringify(masked);
  if (machine.noticedMasks.has(key)) return;
  machine.noticedMasks.add(key);
  machine.notice(...maskNotice(masked));
}

/** A value was found in a column without a label; the notice comes before the row that it stood in. */
export function noteRedacted(machine: Machine, judged: Judged, info: ColumnMaskInfo): void {
  judged.masked = [...judged.masked, info];
  tellOfMasks(machine, [info]);
}

const TEXTS = ["message", "detail", "hint", "where"] as const;

/**
 * An error or notice that nothing else withholds, without what the detectors find in its texts. Undefined: nothing is found,
 * so it passes byte for byte.
 */
export function redactedFields(
  machine: Machine,
  judged: Judged | undefined,
  message: Framed,
  fields: ErrorFields,
): ErrorFields | undefined {
  if (!machine.context.catalog().hasLabels) return undefined;
  const active = activeDetectors(machine.context.labelDetectors(), judged?.verdict);
  if (active === undefined || candidates(message.buffer, message.start, message.end, active.set) === 0)
    return undefined;
  const texts: Partial<Record<(typeof TEXTS)[number], string>> = {};
  for (const name of TEXTS) {
    const text = fields[name];
    const shown = text === undefined ? undefined : redactText(text, active.set);
    if (shown !== undefined && shown !== text) texts[name] = shown;
  }
  return Object.keys(texts).length === 0 ? undefined : { ...fields, ...texts };
}
