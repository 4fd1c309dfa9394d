import type { DetectorSet } from "./detector-set.ts";
import { markerOf } from "./detector-set.ts";
import { findSensitive } from "./find-sensitive.ts";

/** A text for people with every finding replaced by its kind; the very same string when there is none. */
export function redactText(text: string, set: DetectorSet): string {
  const bytes = Buffer.from(text);
  const spans = findSensitive(bytes, 0, bytes.length, set);
  if (spans.length === 0) return text;
  let shown = "";
  let from = 0;
  for (const span of spans) {
    shown += bytes.toString("utf8", from, span.start) + markerOf(set, span.detector);
    from = span.end;
  }
  return shown + bytes.toString("utf8", from);
}
