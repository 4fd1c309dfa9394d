import { byteAt, continuesWord } from "./byte-classes.ts";
import type { Detector, DetectorName } from "./detector.ts";
import type { Span } from "./span.ts";

/** One form of a token: a fixed prefix and a body. */
export interface TokenForm {
  readonly prefix: string;
  /** Characters of the body. */
  readonly body: ByteClass;
  readonly shortest: number;
  /** A longer body is another text. */
  readonly longest: number;
  /** Text that the body holds. */
  readonly holds?: string;
}

export type ByteClass = Uint8Array;

/** `A-Z2-7` and the like: single characters and ranges of them; a hyphen stands last. */
export function byteClass(ranges: string): ByteClass {
  const table = new Uint8Array(256);
  for (let index = 0; index < ranges.length; index++) {
    const from = ranges.charCodeAt(index);
    const range = ranges[index + 1] === "-" && index + 2 < ranges.length;
    table.fill(1, from, (range ? ranges.charCodeAt(index + 2) : from) + 1);
    if (range) index += 2;
  }
  return table;
}

export function tokenForms(
  prefixes: string,
  body: ByteClass,
  shortest: number,
  longest = shortest,
): readonly TokenForm[] {
  return prefixes.split(" ").map((prefix) => ({ prefix, body, shortest, longest }));
}

/** A detector of tokens that begin with one of a few texts, before which no letter or digit stands. */
export function tokenDetector(name: DetectorName, marker: string, forms: readonly TokenForm[]): Detector {
  return {
    name,
    marker,
    literals: forms.map(({ prefix }) => prefix),
    find: (buffer, start, end, into) => find({ name, forms }, { buffer, start, end }, into),
  };
}

interface Range {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function find(
  { name, forms }: { readonly name: DetectorName; readonly forms: readonly TokenForm[] },
  { buffer, start, end }: Range,
  into: Span[],
): void {
  for (let at = start; at < end; at++) {
    const first = buffer[at] as number;
    for (const form of forms) {
      if (form.prefix.charCodeAt(0) !== first) continue;
      const to = tokenEnd(form, buffer, at, end);
      if (to === -1 || continuesWord(buffer, at, start)) continue;
      into.push({ start: at, end: to, detector: name });
      at = to - 1;
      break;
    }
  }
}

function tokenEnd(
  { prefix, body, shortest, longest, holds }: TokenForm,
  buffer: Uint8Array,
  from: number,
  end: number,
): number {
  for (let index = 0; index < prefix.length; index++)
    if (byteAt(buffer, from + index, from, end) !== prefix.charCodeAt(index)) return -1;
  const bodyStart = from + prefix.length;
  let at = bodyStart;
  while (at < end && body[buffer[at] as number] === 1) {
    if (++at - bodyStart > longest) return -1;
  }
  if (at - bodyStart < shortest) return -1;
  return holds === undefined || String.fromCharCode(...buffer.subarray(bodyStart, at)).includes(holds) ? at : -1;
}
