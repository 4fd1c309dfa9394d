import { isDigit, separatorLength } from "./byte-classes.ts";

const OPEN = 0x28;
const CLOSE = 0x29;
const SLASH = 0x2f;
/** As in `+1 (415) 555-0142`. */
const MAX_SEPARATORS = 2;
const MAX_GROUPS = 8;
const MAX_DIGITS = 20;

/**
 * A run of groups of digits, and every place where a number may end. There is one, written over by every read: a cell may
 * hold thousands.
 */
export const groups = {
  count: 0,
  /** Digits of all groups, as bytes, without a trunk zero in brackets. */
  digits: Buffer.alloc(MAX_DIGITS),
  /** Per group: digits of its own, digits up to its end, and where it ends in the text. */
  sizes: new Uint8Array(MAX_GROUPS),
  totals: new Uint8Array(MAX_GROUPS),
  ends: new Float64Array(MAX_GROUPS),
};

/** Reads groups of digits from `from`, with separators, brackets or a slash between them; at most `most` digits. */
export function readGroups(buffer: Uint8Array, from: number, end: number, most: number): void {
  let total = 0;
  let at = from;
  groups.count = 0;
  if (at < end && buffer[at] === OPEN) at++;
  while (groups.count < MAX_GROUPS) {
    const groupStart = at;
    while (at < end && isDigit(buffer[at] as number) && at - groupStart <= most) at++;
    const size = at - groupStart;
    if (size === 0 || total + size > most) return;
    if (groupStart === from || !isTrunkZero(buffer, groupStart, at, end)) {
      for (let index = groupStart; index < at; index++) groups.digits[total++] = buffer[index] as number;
      groups.sizes[groups.count] = size;
      groups.totals[groups.count] = total;
      groups.ends[groups.count++] = at;
    }
    at = afterSeparators(buffer, at, end);
  }
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
