import { byteAt, continuesWord, isAlphanumeric, isDigit, isLetter, separatorLength } from "./byte-classes.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

/** Characters of an account number per country: SWIFT's IBAN registry, release 99. */
const LENGTHS: ReadonlyMap<number, number> = new Map(
  Object.entries({
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
  }).flatMap(([length, countries]) =>
    countries
      .split(" ")
      .map((country) => [code(country.charCodeAt(0), country.charCodeAt(1)), Number(length)] as const),
  ),
);

/**
 * International bank account numbers (ISO 13616), in one piece or in groups: a country and its length of the registry, and
 * a remainder of 1 modulo 97 (ISO 7064). Small letters count as capitals.
 */
export const iban: Detector = { name: "iban", marker: "[iban]", find };

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  for (let at = start; at + 3 < end; at++) {
    if (!beginsIban(buffer, at) || continuesWord(buffer, at, start)) continue;
    const to = ibanEnd(buffer, at, end);
    if (to === -1) continue;
    into.push({ start: at, end: to, detector: "iban" });
    at = to - 1;
  }
}

/** Two letters and two digits; four bytes at `at` must exist. */
function beginsIban(buffer: Uint8Array, at: number): boolean {
  return (
    isDigit(buffer[at + 2] as number) &&
    isDigit(buffer[at + 3] as number) &&
    isLetter(buffer[at] as number) &&
    isLetter(buffer[at + 1] as number)
  );
}

function ibanEnd(buffer: Uint8Array, from: number, end: number): number {
  const length = LENGTHS.get(code(buffer[from] as number, buffer[from + 1] as number));
  if (length === undefined) return -1;
  let at = from + 4;
  let remainder = 0;
  for (let count = 4; count < length; count++) {
    at += separatorLength(buffer, at, end);
    const byte = byteAt(buffer, at, from, end);
    if (!isAlphanumeric(byte)) return -1;
    remainder = appended(remainder, byte);
    at++;
  }
  if (isAlphanumeric(byteAt(buffer, at, from, end))) return -1;
  // country and check digits count as if they stood last
  for (let index = from; index < from + 4; index++) remainder = appended(remainder, buffer[index] as number);
  return remainder === 1 ? at : -1;
}

/** A digit is appended as it is, a letter as two digits from A = 10. */
function appended(remainder: number, byte: number): number {
  return isDigit(byte) ? (remainder * 10 + byte - 0x30) % 97 : (remainder * 100 + (byte | 0x20) - 0x57) % 97;
}

function code(first: number, second: number): number {
  return (first | 0x20) * 256 + (second | 0x20);
}
