import { byteAt, continuesWord, isDigit, isLetter, separatorLength } from "../byte-classes.ts";
import { behindWord } from "../column-words.ts";
import type { Detector, DetectorName } from "../detector.ts";
import { matchTemplate, values } from "./template.ts";

export interface Form {
  /** See `matchTemplate`. */
  readonly template: string;
  /** Counts only behind one of the words, or in a column that is called so. */
  readonly named?: true;
  /** Counts only where no further group of digits stands beside it. */
  readonly alone?: true;
}

export interface Identifier {
  readonly name: DetectorName;
  readonly marker: string;
  /** In small letters; they speak of the identifier in a column's name and before a value. */
  readonly words: readonly string[];
  readonly forms: readonly Form[];
  /** Whether digits (0 to 9) and letters (codes of capitals) in the places of the form's template make an identifier. */
  readonly isValid: (values: Uint8Array, template: string) => boolean;
}

/** A detector of identifiers that stand by themselves: no letter or digit before them or behind them. */
export function identifierDetector(identifier: Identifier): Detector {
  const compiled = { ...identifier, forms: identifier.forms.map(compileForm) };
  const digitFirst = identifier.forms.some(({ template }) => template.startsWith("9"));
  const letterFirst = identifier.forms.some(({ template }) => template.startsWith("A"));
  const begins = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++)
    begins[byte] = (digitFirst && isDigit(byte)) || (letterFirst && isLetter(byte)) ? 1 : 0;
  return {
    name: identifier.name,
    marker: identifier.marker,
    columnWords: identifier.words,
    find: (buffer, start, end, into, named) => {
      const range = { buffer, start, end };
      for (let at = start; at < end; at++) {
        if (begins[buffer[at] as number] === 0 || continuesWord(buffer, at, start)) continue;
        const to = identifierEnd(compiled, range, at, named);
        if (to === -1) continue;
        into.push({ start: at, end: to, detector: identifier.name });
        at = to - 1;
      }
    },
  };
}

interface Compiled extends Identifier {
  readonly forms: readonly CompiledForm[];
}

interface CompiledForm extends Form {
  /** The template's signs. */
  readonly signs: Uint8Array;
  /** Digits that it begins with. */
  readonly lead: number;
  /** Something that is no digit stands behind them. */
  readonly leadEnds: boolean;
}

function compileForm(form: Form): CompiledForm {
  const lead = /^9*/.exec(form.template)?.[0].length ?? 0;
  return { ...form, signs: Buffer.from(form.template), lead, leadEnds: form.template[lead] !== "X" };
}

interface Range {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function identifierEnd({ forms, words, isValid }: Compiled, range: Range, at: number, named: boolean): number {
  const { buffer, start, end } = range;
  const digits = leadingDigits(buffer, at, end);
  for (const { template, signs, lead, leadEnds, named: wanted, alone } of forms) {
    if (leadEnds ? lead !== digits : lead > digits) continue;
    const to = matchTemplate(signs, buffer, at, end);
    if (to === -1 || !isValid(values, template)) continue;
    if (alone === true && besideDigits(range, at, to)) continue;
    if (wanted !== true || named || behindWord(buffer, at, start, words)) return to;
  }
  return -1;
}

/** No form begins with more digits than are counted. */
const MOST_LEADING_DIGITS = 16;

function leadingDigits(buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && at - from < MOST_LEADING_DIGITS && isDigit(buffer[at] as number)) at++;
  return at - from;
}

function besideDigits({ buffer, start, end }: Range, from: number, to: number): boolean {
  const after = separatorLength(buffer, to, end);
  if (after > 0 && isDigit(byteAt(buffer, to + after, start, end))) return true;
  return (
    separatorLength(buffer, from - 1, from) > 0 && from - 1 >= start && isDigit(byteAt(buffer, from - 2, start, end))
  );
}

/** Day and month of a calendar, without the year's February. */
export function isDayAndMonth(day: number, month: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month - 1] as number);
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The number that `count` digits from `from` on write. */
export function numberAt(digits: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let index = from; index < from + count; index++) value = value * 10 + (digits[index] as number);
  return value;
}

export function weightedSum(digits: Uint8Array, weights: readonly number[]): number {
  let sum = 0;
  for (const [index, weight] of weights.entries()) sum += weight * (digits[index] as number);
  return sum;
}
