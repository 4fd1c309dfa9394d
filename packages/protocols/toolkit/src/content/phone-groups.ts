import { isDigit, separatorLength } from "./byte-classes.ts";

const OPEN = 0x28;
const CLOSE = 0x29;
const SLASH = 0x2f;
/** As in `+1 (415) 555-0142`. */
const MAX_SEPARATORS = 2;
const MAX_GROUPS = 8;

/** A run of groups of digits, and every place where a number may end. */
export interface DigitGroups {
  /** All digits, without a trunk zero in brackets. */
  readonly digits: string;
  /** Per group: digits up to its end, digits of its own, and the byte behind it. */
  readonly ends: readonly { readonly count: number; readonly size: number; readonly at: number }[];
}

/** Groups of digits from `from`, with separators, brackets or a slash between them; at most `most` digits, in whole groups. */
export function readGroups(buffer: Uint8Array, from: number, end: number, most: number): DigitGroups {
  const ends: { count: number; size: number; at: number }[] = [];
  let digits = "";
  let at = from;
  if (at < end && buffer[at] === OPEN) at++;
  while (ends.length < MAX_GROUPS) {
    const groupStart = at;
    while (at < end && isDigit(buffer[at] as number) && at - groupStart <= most) at++;
    if (at === groupStart || digits.length + at - groupStart > most) break;
    if (groupStart === from || !isTrunkZero(buffer, groupStart, at, end)) {
      for (let index = groupStart; index < at; index++) digits += String.fromCharCode(buffer[index] as number);
      ends.push({ count: digits.length, size: at - groupStart, at });
    }
    at = afterSeparators(buffer, at, end);
  }
  return { digits, ends };
}

/** The zero of `+44 (0)20 7946 0958`, which is dialled only inside of the country. */
function isTrunkZero(buffer: Uint8Array, start: number, at: number, end: number): boolean {
  return at - start === 1 && buffer[start] === 0x30 && buffer[start - 1] === OPEN && at < end && buffer[at] === CLOSE;
}

function afterSeparators(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  for (let index = 0; index < MAX_SEPARATORS && at < end; index++) {
    const byte = buffer[at];
    at += byte === OPEN || byte === CLOSE || byte === SLASH ? 1 : separatorLength(buffer, at, end);
  }
  return at;
}
