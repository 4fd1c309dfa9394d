import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { markerOf } from "@tidewaiter/toolkit/content/detector-set";
import { findSensitive } from "@tidewaiter/toolkit/content/find-sensitive";
import type { Span } from "@tidewaiter/toolkit/content/span";
import { jsonSafe } from "./json-spans.ts";

/** One column of text that carries no label: what detectors find in it is replaced, every other byte stays. */
export interface ContentMask {
  readonly detectors: DetectorSet;
  /**
   * How a finding is replaced. `text`: by its marker. `json`: the same inside strings, and a number becomes 0. `fixed`: byte
   * for byte, since lengths that we do not read stand around it.
   */
  readonly form: "text" | "json" | "fixed";
  /** Bytes before the text, such as the version of a binary jsonb. */
  readonly skip: number;
  /** Called for every finding. */
  readonly found: (detector: string) => void;
}

/** Types whose text and binary forms are both the characters: "char" to cstring, in the order of pg_type. */
const TEXT = new Set([19, 25, 142, 194, 705, 1042, 1043, 1790, 2275]);
const JSON_TYPE = 114;
const JSONB = 3802;
const JSONPATH = 4072;
/** xml[], json[], name[], text[], bpchar[], varchar[], jsonb[], cstring[]; record and record[] */
const HOLDING_TEXT = new Set([143, 199, 1003, 1009, 1014, 1015, 3807, 1263, 2249, 2287]);
/** tsvector and tsquery: their lexemes are words of the text, addresses whole */
const LEXEMES = new Set([3614, 3615]);
/** FirstNormalObjectId: citext, hstore, enums, composites and whatever else came by CREATE TYPE. */
const FIRST_USER_TYPE = 16_384;
const FILL = 0x2a;

/** Undefined: the type holds no free text. */
export function contentMask(
  typeOid: number,
  format: number,
  rest: Pick<ContentMask, "detectors" | "found">,
): ContentMask | undefined {
  if (TEXT.has(typeOid)) return { ...rest, form: "text", skip: 0 };
  if (typeOid === JSON_TYPE) return { ...rest, form: "json", skip: 0 };
  if (typeOid === JSONB) return { ...rest, form: "json", skip: format };
  if (typeOid === JSONPATH) return { ...rest, form: "text", skip: format };
  if (HOLDING_TEXT.has(typeOid) || LEXEMES.has(typeOid) || typeOid >= FIRST_USER_TYPE)
    return { ...rest, form: format === 1 ? "fixed" : "text", skip: 0 };
  return undefined;
}

/** Findings in the value `buffer[from, to)`; empty for nearly every value, and then nothing was allocated. */
export function findings(mask: ContentMask, buffer: Buffer, from: number, to: number): readonly Span[] {
  return findSensitive(buffer, from + mask.skip, to, mask.detectors);
}

/**
 * Writes the value without its findings to `out` and says where it ends. Never longer than the value.
 * @param spans what `findings` gave for the same value
 */
export function writeRedacted(
  mask: ContentMask,
  value: { readonly buffer: Buffer; readonly from: number; readonly to: number; readonly spans: readonly Span[] },
  out: Buffer,
  at: number,
): number {
  const { buffer, from, spans } = value;
  let to = at;
  let copied = from;
  const replaced = mask.form === "json" ? jsonSafe(buffer, from + mask.skip, spans) : spans;
  for (const span of replaced) {
    mask.found(span.detector);
    to += buffer.copy(out, to, copied, span.start);
    copied = span.end;
    if (mask.form === "fixed") {
      out.fill(FILL, to, to + span.end - span.start);
      to += span.end - span.start;
    } else {
      to += out.write("number" in span ? "0" : markerFor(mask, span), to, "latin1");
    }
  }
  return to + buffer.copy(out, to, copied, value.to);
}

/** A finding that began inside of an escape may have become shorter than its marker; a value never grows. */
function markerFor({ detectors }: ContentMask, { detector, start, end }: Span): string {
  const marker = markerOf(detectors, detector);
  return marker.length <= end - start ? marker : "*".repeat(end - start);
}

/** The value without its findings; undefined when there are none. */
export function redactedValue(mask: ContentMask, value: Buffer): Buffer | undefined {
  const spans = findings(mask, value, 0, value.length);
  if (spans.length === 0) return undefined;
  const out = Buffer.allocUnsafe(value.length);
  return out.subarray(0, writeRedacted(mask, { buffer: value, from: 0, to: value.length, spans }, out, 0));
}
