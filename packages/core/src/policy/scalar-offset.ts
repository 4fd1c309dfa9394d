import type { Scalar } from "yaml";

/**
 * Where a character of a scalar's value stands in the source: `at` counts in the value, the answer in the source, both in
 * UTF-16 code units. undefined for forms in which the two cannot be related simply (folded blocks, quoted text over
 * several lines).
 */
export function valueOffset(node: Scalar, source: string, at: number): number | undefined {
  if (node.range === undefined || node.range === null || typeof node.value !== "string") return undefined;
  const [start, end] = node.range;
  const raw = source.slice(start, end);
  if (node.type === "BLOCK_LITERAL") return inBlock({ value: node.value, raw, start, at });
  if (raw.includes("\n")) return undefined;
  if (node.type === "QUOTE_SINGLE")
    return inQuotes({ raw, start, at, escapeLength: (text) => (text.startsWith("''") ? 2 : 1) });
  if (node.type === "QUOTE_DOUBLE") return inQuotes({ raw, start, at, escapeLength: doubleQuotedLength });
  return node.type === "PLAIN" ? start + at : undefined;
}

interface Place {
  readonly raw: string;
  readonly start: number;
  readonly at: number;
}

/** Walks the source unit by unit: an escape is several source characters for one of the value. */
function inQuotes(place: Place & { readonly escapeLength: (text: string) => number }): number {
  let index = 1;
  for (let seen = 0; seen < place.at && index < place.raw.length; seen++) {
    index += place.escapeLength(place.raw.slice(index, index + 10));
  }
  return place.start + index;
}

const HEX_ESCAPES: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };

/** YAML 1.2.2, 5.7: `\xHH`, `\uHHHH`, `\UHHHHHHHH`, else one character after the backslash. */
function doubleQuotedLength(text: string): number {
  return text[0] === "\\" ? (HEX_ESCAPES[text[1] ?? ""] ?? 2) : 1;
}

/** A literal block keeps its line breaks; only the indentation is not part of the value. */
function inBlock({ value, raw, start, at }: Place & { readonly value: string }): number | undefined {
  const before = value.slice(0, at);
  const row = before.split("\n").length - 1;
  const column = before.length - (before.lastIndexOf("\n") + 1);
  const rows = raw.split("\n");
  const valueRow = value.split("\n")[row];
  const sourceRow = rows[row + 1];
  if (valueRow === undefined || sourceRow === undefined) return undefined;
  const indentation = sourceRow.replace(/\r$/, "").length - valueRow.length;
  if (indentation < 0) return undefined;
  const offset = rows.slice(0, row + 1).reduce((sum, line) => sum + line.length + 1, 0);
  return start + offset + indentation + column;
}
