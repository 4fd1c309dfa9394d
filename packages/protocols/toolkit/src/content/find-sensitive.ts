import type { DetectorSet } from "./detector-set.ts";
import { candidates } from "./prefilter.ts";
import type { Span } from "./span.ts";
import { mergedSpans } from "./span.ts";

const NOTHING: readonly Span[] = [];

/**
 * Everything the set finds in `buffer[start, end)`, ordered and without overlaps. Linear in the bytes; a detector looks only
 * where the prefilter saw a reason, and where nothing is found nothing is allocated.
 */
export function findSensitive(buffer: Uint8Array, start: number, end: number, set: DetectorSet): readonly Span[] {
  const reasons = candidates(buffer, start, end, set);
  if (reasons === 0) return NOTHING;
  const spans: Span[] = [];
  for (const { bit, find, named } of set.detectors) if ((reasons & bit) !== 0) find(buffer, start, end, spans, named);
  return mergedSpans(spans);
}
