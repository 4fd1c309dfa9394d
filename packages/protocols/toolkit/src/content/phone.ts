import { byteAt, continuesWord, isDigit, isLetter } from "./byte-classes.ts";
import { behindWord } from "./column-words.ts";
import type { Detector } from "./detector.ts";
import { readGroups } from "./phone-groups.ts";
import { nationalEnd } from "./phone-national.ts";
import type { NumberPlan } from "./phone-plans.ts";
import { planOf, plansOfInternational } from "./phone-plans.ts";
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
 * allows, in use or not; and in the national form of the given regions, only numbers in use, grouped as that region groups
 * them, or in one piece with a leading zero, behind a word such as `tel` or in a column that is called so.
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
  const { digits, ends } = readGroups(buffer, from, end, MAX_DIGITS);
  if (digits.length < MIN_VALID_DIGITS) return -1;
  const plans = plansOfInternational(digits);
  const code = plans[0]?.callingCode.length ?? 0;
  let possible = -1;
  let valid = -1;
  for (const { count, at } of ends) {
    const bit = count > code ? 1 << (count - code) : 0;
    if (count < MIN_VALID_DIGITS || !plans.some(({ lengths }) => (lengths & bit) !== 0)) continue;
    if (count >= MIN_DIGITS) possible = at;
    const national = digits.slice(code, count);
    if (plans.some(({ isValid }) => isValid(national))) valid = at;
  }
  return valid === -1 ? possible : valid;
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
