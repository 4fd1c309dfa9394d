import { byteAt, continuesWord, isDigit, isLetter, separatorLength } from "./byte-classes.ts";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

const MIN_DIGITS = 12;
const MAX_DIGITS = 19;
/** Every group but the last has at least this many digits, as in 4-4-4-4, 4-6-5 and 6-13: a list of numbers is no card. */
const MIN_GROUP = 3;
/** Every group but the last has at most this many: a decimal number is no card. */
const MAX_GROUP = 8;

/**
 * Payment card numbers of 12 to 19 digits (ISO/IEC 7812), with or without separators: a prefix and length that a card scheme
 * issues, and a right Luhn digit. Without the prefix one in ten timestamps in milliseconds would be a card.
 */
export const paymentCard: Detector = { name: "payment_card", marker: "[card]", find };

/** First four digits from, to, shortest and longest number: the ranges that the schemes publish. */
const SCHEMES: readonly (readonly [from: number, to: number, shortest: number, longest: number])[] = [
  [4000, 4999, 13, 19], // Visa
  [5100, 5599, 16, 16], // Mastercard
  [2221, 2720, 16, 16], // Mastercard
  [3400, 3499, 15, 15], // American Express
  [3700, 3799, 15, 15], // American Express
  [3000, 3059, 14, 19], // Diners Club
  [3095, 3095, 14, 19], // Diners Club
  [3600, 3699, 14, 19], // Diners Club
  [3800, 3999, 14, 19], // Diners Club
  [3528, 3589, 16, 19], // JCB
  [1800, 1800, 15, 15], // JCB
  [2131, 2131, 15, 15], // JCB
  [6000, 6999, 16, 19], // Discover, UnionPay, Maestro, RuPay, Elo, Hipercard
  [8100, 8199, 16, 19], // UnionPay, RuPay
  [2200, 2204, 16, 19], // Mir
  [5000, 5099, 16, 19], // Maestro, Dankort, Verve, RuPay, Elo
  [5018, 5018, 12, 19], // Maestro
  [5020, 5020, 12, 19], // Maestro
  [5038, 5038, 12, 19], // Maestro
  [5600, 5899, 13, 19], // Maestro
  [5893, 5893, 12, 19], // Maestro
  [6304, 6304, 12, 19], // Maestro
  [6759, 6763, 12, 19], // Maestro
  [9792, 9792, 16, 16], // Troy
];

function find(buffer: Uint8Array, start: number, end: number, into: Span[]): void {
  for (let at = start; at < end; at++) {
    if (!isDigit(buffer[at] as number) || continuesWord(buffer, at, start)) continue;
    const to = cardEnd(buffer, at, end);
    if (to !== -1) into.push({ start: at, end: to, detector: "payment_card" });
    at = (to === -1 ? digitsEnd(buffer, at, end) : to) - 1;
  }
}

/** Where the longest card that begins at `from` ends, or -1. Looks at no more than the next 20 digits. */
function cardEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  let count = 0;
  let prefix = 0;
  // Luhn sums over both parities, since the check digit decides which of them counts
  let even = 0;
  let odd = 0;
  let found = -1;
  for (;;) {
    const groupStart = count;
    while (at < end && isDigit(buffer[at] as number)) {
      if (count === MAX_DIGITS) return found;
      const digit = (buffer[at] as number) - 0x30;
      if (count < 4) prefix = prefix * 10 + digit;
      if (count % 2 === 0) {
        even += doubled(digit);
        odd += digit;
      } else {
        even += digit;
        odd += doubled(digit);
      }
      count++;
      at++;
    }
    if (count === groupStart) return found;
    const sum = count % 2 === 0 ? even : odd;
    if (count >= MIN_DIGITS && sum % 10 === 0 && issued(prefix, count) && !isLetter(byteAt(buffer, at, from, end)))
      found = at;
    const separator = separatorLength(buffer, at, end);
    if (separator === 0 || count - groupStart < MIN_GROUP || count - groupStart > MAX_GROUP) return found;
    at += separator;
  }
}

const doubled = (digit: number): number => (digit > 4 ? digit * 2 - 9 : digit * 2);

function issued(prefix: number, length: number): boolean {
  return SCHEMES.some(
    ([from, to, shortest, longest]) => prefix >= from && prefix <= to && length >= shortest && length <= longest,
  );
}

function digitsEnd(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(buffer[at] as number)) at++;
  return at;
}
