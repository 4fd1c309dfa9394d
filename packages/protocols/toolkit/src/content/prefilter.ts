import { isDigit, isLetter, separatorLength } from "./byte-classes.ts";
import { bitOf } from "./detector.ts";

const EMAIL = bitOf("email");
const US_SSN = bitOf("us_ssn");
const PAYMENT_CARD = bitOf("payment_card");
const IBAN = bitOf("iban");
const PHONE = bitOf("phone");
const JWT = bitOf("jwt");
const PRIVATE_KEY = bitOf("private_key");

const ON_AT = 1;
const ON_DIGIT = 2;
const ON_PLUS = 3;
const ON_CAPITAL_J = 4;
const ON_DASH = 5;

const SSN_DIGITS = 9;
const CARD_DIGITS = 13;

/** Which byte values the prefilter stops at for these detectors. */
export function triggerTable(bits: number): Uint8Array {
  const table = new Uint8Array(256);
  if ((bits & EMAIL) !== 0) table[0x40] = ON_AT;
  if ((bits & PHONE) !== 0) table[0x2b] = ON_PLUS;
  if ((bits & JWT) !== 0) table[0x4a] = ON_CAPITAL_J;
  if ((bits & PRIVATE_KEY) !== 0) table[0x2d] = ON_DASH;
  if ((bits & (US_SSN | PAYMENT_CARD | IBAN)) !== 0) table.fill(ON_DIGIT, 0x30, 0x3a);
  return table;
}

/**
 * The bits of the detectors that may find something in `buffer[start, end)`, in one pass; most text has none. It never
 * misses one, and it asks only for bytes *inside* of a possible finding: what holds for a cell holds for every range around
 * it, so a whole line or message may be looked at instead of its cells.
 */
export function candidates(
  buffer: Uint8Array,
  start: number,
  end: number,
  set: { readonly bits: number; readonly triggers: Uint8Array },
): number {
  const { bits, triggers } = set;
  let found = 0;
  for (let at = nextTrigger(buffer, start, end, triggers); at < end; at = nextTrigger(buffer, at + 1, end, triggers)) {
    const trigger = triggers[buffer[at] as number];
    if (trigger === ON_DIGIT) {
      if (opensIban(buffer, at, start, end)) found |= IBAN;
      at += digitRun(buffer, at, end);
      if (runDigits >= SSN_DIGITS) found |= runDigits >= CARD_DIGITS ? US_SSN | PAYMENT_CARD : US_SSN;
    } else if (trigger === ON_AT) found |= EMAIL;
    else if (trigger === ON_PLUS) {
      if (at + 1 < end && isDigit(buffer[at + 1] as number)) found |= PHONE;
    } else if (trigger === ON_CAPITAL_J) {
      if (at - start >= 2 && buffer[at - 1] === 0x79 && buffer[at - 2] === 0x65) found |= JWT;
    } else if (opensBlock(buffer, at, end)) found |= PRIVATE_KEY;
    if ((found & bits) === bits) return bits;
  }
  return found & bits;
}

/** The tight loop that nearly all time is spent in. */
function nextTrigger(buffer: Uint8Array, from: number, end: number, triggers: Uint8Array): number {
  let at = from;
  while (at < end && triggers[buffer[at] as number] === 0) at++;
  return at;
}

/** Digits of the run that `digitRun` walked last: a second result without an object for it. */
let runDigits = 0;

/** Distance from the digit at `from` to the last one that only separators part from it; counts the digits on the way. */
function digitRun(buffer: Uint8Array, from: number, end: number): number {
  let last = from;
  let count = 0;
  for (let at = from; at < end; ) {
    if (isDigit(buffer[at] as number)) {
      last = at++;
      count++;
      continue;
    }
    const separator = separatorLength(buffer, at, end);
    if (separator === 0) break;
    at += separator;
  }
  runDigits = count;
  return last - from;
}

function opensIban(buffer: Uint8Array, at: number, start: number, end: number): boolean {
  return (
    at - start >= 2 &&
    at + 1 < end &&
    isDigit(buffer[at + 1] as number) &&
    isLetter(buffer[at - 1] as number) &&
    isLetter(buffer[at - 2] as number)
  );
}

/** `-----B`, the beginning of a BEGIN line */
function opensBlock(buffer: Uint8Array, at: number, end: number): boolean {
  if (at + 5 >= end || buffer[at + 5] !== 0x42) return false;
  return buffer[at + 1] === 0x2d && buffer[at + 2] === 0x2d && buffer[at + 3] === 0x2d && buffer[at + 4] === 0x2d;
}
