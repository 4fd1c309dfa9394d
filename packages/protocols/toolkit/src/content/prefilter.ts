import { isDigit, isLetter, separatorLength } from "./byte-classes.ts";
import { bitOf } from "./detector.ts";
import type { Gate, GateLists } from "./gates.ts";
import { FIRST_LIST, matches } from "./gates.ts";

const US_SSN = bitOf("us_ssn");
const PAYMENT_CARD = bitOf("payment_card");
const IBAN = bitOf("iban");
const PHONE = bitOf("phone");
const IP = bitOf("ip");
const NINO = bitOf("uk_nino");
const CODICE_FISCALE = bitOf("it_codice_fiscale");

const ON_DIGIT = 1;
const ON_PLUS = 2;
const ON_COLON = 3;

/** Fewest digits of a finding that only separators part from each other, by detector. */
const FEWEST_DIGITS: readonly (readonly [bit: number, count: number])[] = [
  [US_SSN, 9],
  [PAYMENT_CARD, 13],
  [IP, 4],
  [NINO, 6],
  [bitOf("de_tax_id"), 11],
  // behind the letter of a Corsican department
  [bitOf("fr_nir"), 6],
  [bitOf("es_nif"), 7],
  [bitOf("nl_bsn"), 9],
  [bitOf("pl_pesel"), 11],
  // before a plus sign
  [bitOf("se_personnummer"), 6],
  [bitOf("br_cpf"), 11],
  [bitOf("in_aadhaar"), 12],
];
/** Of a national telephone number, behind its last bracket or slash. */
const FEWEST_PHONE_DIGITS = 4;
const MOST_DIGITS = 20;

/** What the prefilter looks for, for one set of detectors. */
export interface Prefilter {
  readonly bits: number;
  /** Bits of detectors that may find something anywhere. */
  readonly always: number;
  /** Class of every byte value: 0 = no detector begins there. */
  readonly triggers: Uint8Array;
  readonly gates: GateLists;
  /** Bits by the number of digits in a run. */
  readonly digitBits: Int32Array;
  /** Bits of detectors that want a digit behind a letter. */
  readonly letterBits: number;
}

/** @param nationalPhones telephone numbers without a plus sign are looked for, too */
export function makePrefilter(bits: number, gates: readonly Gate[], nationalPhones: boolean): Prefilter {
  const fewest = nationalPhones ? [...FEWEST_DIGITS, [PHONE, FEWEST_PHONE_DIGITS] as const] : FEWEST_DIGITS;
  const digitBits = new Int32Array(MOST_DIGITS + 1);
  for (let digits = 0; digits <= MOST_DIGITS; digits++)
    for (const [bit, count] of fewest)
      if (digits >= count) digitBits[digits] = (digitBits[digits] as number) | (bits & bit);
  const triggers = new Uint8Array(256);
  const letterBits = bits & CODICE_FISCALE;
  if (digitBits[MOST_DIGITS] !== 0 || letterBits !== 0 || (bits & IBAN) !== 0) triggers.fill(ON_DIGIT, 0x30, 0x3a);
  if ((bits & PHONE) !== 0) triggers[0x2b] = ON_PLUS;
  if ((bits & IP) !== 0) triggers[0x3a] = ON_COLON;
  const lists: Gate[][] = [];
  let always = 0;
  for (const gate of gates) {
    if (gate.trigger === -1) {
      always |= gate.bit;
      continue;
    }
    if (triggers[gate.trigger] === 0) triggers[gate.trigger] = FIRST_LIST + lists.push([]) - 1;
    lists[(triggers[gate.trigger] as number) - FIRST_LIST]?.push(gate);
  }
  return { bits, always, triggers, gates: lists, digitBits, letterBits };
}

/**
 * The bits of the detectors that may find something in `buffer[start, end)`, in one pass; most text has none. It never
 * misses one, and it asks only for bytes *inside* of a possible finding: what holds for a cell holds for every range around
 * it, so a whole line or message may be looked at instead of its cells.
 */
export function candidates(buffer: Uint8Array, start: number, end: number, prefilter: Prefilter): number {
  const { bits, triggers, gates, digitBits, letterBits } = prefilter;
  let found = prefilter.always;
  for (let at = nextTrigger(buffer, start, end, triggers); at < end; at = nextTrigger(buffer, at + 1, end, triggers)) {
    const trigger = triggers[buffer[at] as number] as number;
    if (trigger === ON_DIGIT) {
      if (at > start && isLetter(buffer[at - 1] as number)) {
        found |= letterBits;
        if (opensIban(buffer, at, start, end)) found |= IBAN;
      }
      at += digitRun(buffer, at, end);
      found |= digitBits[Math.min(runDigits, MOST_DIGITS)] as number;
    } else if (trigger === ON_PLUS) {
      if (at + 1 < end && opensNumber(buffer[at + 1] as number)) found |= PHONE;
    } else if (trigger === ON_COLON) {
      // an address in the form of RFC 4291 has at least two colons
      found |= IP;
    } else found |= matches(gates[trigger - FIRST_LIST] as readonly Gate[], buffer, at, start, end);
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

/** Behind a plus sign: a digit, or the bracket of `+(49) 30 ...`. */
const opensNumber = (byte: number): boolean => isDigit(byte) || byte === 0x28;

/** A letter stands before `at`. */
function opensIban(buffer: Uint8Array, at: number, start: number, end: number): boolean {
  return at - start >= 2 && at + 1 < end && isDigit(buffer[at + 1] as number) && isLetter(buffer[at - 2] as number);
}
