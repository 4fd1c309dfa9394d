import { byteAt, isDigit, isLetter } from "./byte-classes.ts";
import { bitOf } from "./detector.ts";
import { runDigits, runDots, runLikeSsn, walkRun } from "./digit-run.ts";
import type { Gate, GateLists } from "./gates.ts";
import { FIRST_LIST, matches } from "./gates.ts";

const US_SSN = bitOf("us_ssn");
const IBAN = bitOf("iban");
const PHONE = bitOf("phone");
const IP = bitOf("ip");
const NINO = bitOf("uk_nino");
const NIF = bitOf("es_nif");
const NIR = bitOf("fr_nir");
const PERSONNUMMER = bitOf("se_personnummer");
const CODICE_FISCALE = bitOf("it_codice_fiscale");

const ON_DIGIT = 1;
const ON_PLUS = 2;
const ON_COLON = 3;

const PLUS = 0x2b;
const HYPHEN = 0x2d;
const COLON = 0x3a;

/** Fewest digits, parted by separators only, of what a detector finds: all of it, or all that a sign or letter leaves. */
const FEWEST_DIGITS: readonly (readonly [bit: number, count: number])[] = [
  [bitOf("payment_card"), 12],
  [bitOf("de_tax_id"), 11],
  [NIR, 13],
  [bitOf("nl_bsn"), 9],
  [bitOf("pl_pesel"), 11],
  [PERSONNUMMER, 10],
  [bitOf("br_cpf"), 11],
  [bitOf("in_aadhaar"), 12],
];
const FEWEST_PHONE_DIGITS = 7;
/** Behind a bracket or slash of a telephone number. */
const FEWEST_LAST_DIGITS = 4;
const MOST_DIGITS = 20;
/** Colons of an IPv6 address that leaves nothing out. */
const IPV6_COLONS = 7;
/** Detectors that look at the bytes around a run of digits. */
const AROUND = IP | NINO | NIF | NIR | PERSONNUMMER;

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
  /** Telephone numbers without a plus sign are looked for, too. */
  readonly nationalPhones: boolean;
}

export function makePrefilter(bits: number, gates: readonly Gate[], nationalPhones: boolean): Prefilter {
  const fewest = nationalPhones ? [...FEWEST_DIGITS, [PHONE, FEWEST_PHONE_DIGITS] as const] : FEWEST_DIGITS;
  const digitBits = new Int32Array(MOST_DIGITS + 1);
  for (let digits = 0; digits <= MOST_DIGITS; digits++)
    for (const [bit, count] of fewest)
      if (digits >= count) digitBits[digits] = (digitBits[digits] as number) | (bits & bit);
  const triggers = new Uint8Array(256);
  const wantsDigits = bits & (US_SSN | IBAN | CODICE_FISCALE | AROUND);
  if (digitBits[MOST_DIGITS] !== 0 || wantsDigits !== 0) triggers.fill(ON_DIGIT, 0x30, 0x3a);
  if ((bits & PHONE) !== 0) triggers[PLUS] = ON_PLUS;
  if ((bits & IP) !== 0) triggers[COLON] = ON_COLON;
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
  return { bits, always, triggers, gates: lists, digitBits, nationalPhones };
}

/**
 * The bits of the detectors that may find something in `buffer[start, end)`, in one pass; most text has none. It never
 * misses one, and it asks only for bytes *inside* of a possible finding: what holds for a cell holds for every range around
 * it, so a whole line or message may be looked at instead of its cells.
 */
export function candidates(buffer: Uint8Array, start: number, end: number, prefilter: Prefilter): number {
  const { bits, triggers, gates, digitBits } = prefilter;
  let found = prefilter.always;
  let colons = 0;
  for (let at = nextTrigger(buffer, start, end, triggers); at < end; at = nextTrigger(buffer, at + 1, end, triggers)) {
    const trigger = triggers[buffer[at] as number] as number;
    if (trigger === ON_DIGIT) {
      if (at > start && isLetter(buffer[at - 1] as number)) {
        found |= CODICE_FISCALE;
        if (opensIban(buffer, at, start, end)) found |= IBAN;
      }
      const last = walkRun(buffer, at, end);
      found |= digitBits[Math.min(runDigits, MOST_DIGITS)] as number;
      if (runLikeSsn) found |= US_SSN;
      if ((bits & AROUND) !== 0) found |= around(buffer, at, last, { start, end });
      if (prefilter.nationalPhones && runDigits >= FEWEST_LAST_DIGITS && behindBracket(buffer, at, start))
        found |= PHONE;
      at = last;
    } else if (trigger === ON_PLUS) {
      if (at + 1 < end && opensNumber(buffer[at + 1] as number)) found |= PHONE;
    } else if (trigger === ON_COLON) {
      if (++colons >= IPV6_COLONS || byteAt(buffer, at + 1, start, end) === COLON) found |= IP;
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

/** What the bytes around the run that was walked last let detectors hope for. */
function around(
  buffer: Uint8Array,
  first: number,
  last: number,
  { start, end }: { readonly start: number; readonly end: number },
): number {
  let found = runDots >= 3 ? IP : 0;
  if (runDigits < 6) return found;
  const next = byteAt(buffer, last + 1, start, end);
  // the department of a Corsican, the check letter of a DNI, with or without a hyphen
  if (isLetter(next)) found |= NIR | NIF;
  else if (next === HYPHEN) found |= NIF;
  else if (next === PLUS) found |= PERSONNUMMER;
  // letters stand before the digits, with or without a separator
  const before = byteAt(buffer, first - 1, start, end);
  return isLetter(before) || isLetter(byteAt(buffer, first - 2, start, end)) || before >= 0x80 ? found | NINO : found;
}

/** Behind a plus sign: a digit, or the bracket of `+(49) 30 ...`. */
const opensNumber = (byte: number): boolean => isDigit(byte) || byte === 0x28;

/** A bracket or a slash stands before `at`, with at most one separator of up to three bytes between. */
function behindBracket(buffer: Uint8Array, at: number, start: number): boolean {
  for (let before = at - 1; before >= start && before >= at - 4; before--) {
    const byte = buffer[before];
    if (byte === 0x28 || byte === 0x29 || byte === 0x2f) return true;
  }
  return false;
}

/** A letter stands before `at`. */
function opensIban(buffer: Uint8Array, at: number, start: number, end: number): boolean {
  return at - start >= 2 && at + 1 < end && isDigit(buffer[at + 1] as number) && isLetter(buffer[at - 2] as number);
}
