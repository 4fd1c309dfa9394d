import type { Span } from "@tidewaiter/toolkit/content/span";

/** A finding inside of JSON text, so cut that JSON stays JSON. */
export type JsonSpan = Span & {
  /** It is no string but (a part of) a number. */
  readonly number?: true;
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/**
 * Findings in the JSON text that begins at `from`, fit for replacement (RFC 8259): one that begins inside of an escape, as
 * `n` of `"\nann@example.com"`, begins behind it, and one outside of strings is marked as a number.
 */
export function jsonSafe(buffer: Buffer, from: number, spans: readonly Span[]): readonly JsonSpan[] {
  const safe: JsonSpan[] = [];
  let inString = false;
  let at = from;
  for (const span of spans) {
    let start = span.start;
    while (at < span.start) {
      const byte = buffer[at];
      if (byte === QUOTE) inString = !inString;
      if (byte !== BACKSLASH) {
        at++;
        continue;
      }
      at += buffer[at + 1] === LETTER_U ? 6 : 2;
      if (at > start) start = at;
    }
    if (start < span.end) safe.push(inString ? { ...span, start } : { ...span, start, number: true });
  }
  return safe;
}
