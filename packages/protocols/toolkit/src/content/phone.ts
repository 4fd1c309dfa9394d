import { byteAt, continuesWord, isDigit, isLetter } from "./byte-classes.ts";
import { behindWord } from "./column-words.ts";
import type { Detector } from "./detector.ts";
import { groups, readGroups } from "./phone-groups.ts";
import { nationalEnd } from "./phone-national.ts";
import type { NumberPlan } from "./phone-plans.ts";
import { internationalPlan, planOf } from "./phone-plans.ts";
import type { Span } from "./span.ts";

const PLUS = 0x2b;
const OPEN = 0x28;
/** Shorter ones must be numbers in use. */
const MIN_DIGITS = 8;
const MIN_VALID_DIGITS = 7;
/** ITU-T E.164: at most 15 digits with the country code. */
const MAX_DIGITS = 15;
const WORDS = ["tel", "phone", "mobile", "fax", "call", "cell"];

/**
 * Telephone numbers by the numbering plans of libphonenumber: a plus sign, a calling code and as many digits as its plan
 * allows, in use or not; and in the national form of the given regions, grouped as that region groups them, or in one piece
 * a mobile number with its leading zero. Behind a word such as `tel` or in a column that is called so any grouping counts.
 */
export function phoneDetector(regions: readonly string[]): Detector {
  const plans = regions.map(planOf);
  return {
    name: "phone",
    marker: "[phone]",
    columnWords: ["phone", "tel", "telephone", "telefon", "mobile", "cell", "msisdn", "fax"],
    find: (buffer, start, end, into, named) => find({ buffer, start, end, into, named, plans }),
  };
}

interface Search {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly into: Span[];
  readonly named: boolean;
  readonly plans: readonly NumberPlan[];
}

function find(search: Search): void {
  const { buffer, start, end, into, plans } = search;
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number;
    let to = -1;
    if (byte === PLUS) {
      if (!continuesWord(buffer, at, start)) to = internationalEnd(buffer, at + 1, end);
    } else if (plans.length > 0 && beginsNational(search, at)) {
      const free = search.named || behindWord(buffer, at, start, WORDS);
      to = nationalEnd({ buffer, from: at, end, plans, free });
      // no number begins in the middle of a group
      if (to === -1) at = groupEnd(buffer, at, end) - 1;
    }
    if (to === -1) continue;
    into.push({ start: at, end: to, detector: "phone" });
    at = to - 1;
  }
}

/** Where the longest number in use ends, else the longest possible one, or -1. */
function internationalEnd(buffer: Uint8Array, from: number, end: number): number {
  readGroups(buffer, from, end, MAX_DIGITS);
  const { digits, count, totals, ends } = groups;
  if (count === 0 || (totals[count - 1] as number) < MIN_VALID_DIGITS) return -1;
  const { code, lengths, isValid } = internationalPlan(digits);
  let possible = -1;
  let choices = 0;
  for (let index = 0; index < count; index++) {
    const total = totals[index] as number;
    if (!allowsTotal(lengths, code, total)) continue;
    if (total >= MIN_DIGITS) possible = ends[index] as number;
    choices++;
  }
  // nothing to choose: in use or not, it is hidden
  if (choices === 0 || (choices === 1 && possible !== -1)) return possible;
  for (let index = count - 1; index >= 0; index--) {
    const total = totals[index] as number;
    if (allowsTotal(lengths, code, total) && isValid(digits.toString("latin1", code, total)))
      return ends[index] as number;
  }
  return possible;
}

function allowsTotal(lengths: number, code: number, total: number): boolean {
  return total >= MIN_VALID_DIGITS && total > code && (lengths & (1 << (total - code))) !== 0;
}

/** A group of digits, or a bracket before one, which continues neither a word nor another number. */
function beginsNational({ buffer, start, end }: Search, at: number): boolean {
  const byte = buffer[at] as number;
  if (!isDigit(byte) && !(byte === OPEN && isDigit(byteAt(buffer, at + 1, start, end)))) return false;
  if (continuesWord(buffer, at, start)) return false;
  const before = byteAt(buffer, at - 1, start, end);
  const joins = before === 0x2d || before === 0x2e || before === 0x2f || before === 0x3a || before === PLUS;
  return (
    !joins ||
    !(isDigit(byteAt(buffer, at - 2, start, end)) || (isLetter(byteAt(buffer, at - 2, start, end)) && before !== 0x3a))
  );
}

function groupEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from + 1;
  while (at < end && isDigit(buffer[at] as number)) at++;
  return at;
}
