/** One finding: the bytes `[start, end)` of the buffer that was looked at. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Name of the detector. */
  readonly detector: string;
}

/** Orders spans and joins those that overlap, in place of both; a joined span keeps the kind of its earliest part. */
export function mergedSpans(spans: Span[]): readonly Span[] {
  if (spans.length < 2) return spans;
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
  }
  return merged;
}
