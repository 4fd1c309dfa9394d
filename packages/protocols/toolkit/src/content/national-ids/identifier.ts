import { byteAt, continuesWord, isAlphanumeric, isDigit, separatorLength } from "../byte-classes.ts";
import { behindWord } from "../column-words.ts";
import type { Detector, DetectorName } from "../detector.ts";
import type { Span } from "../span.ts";
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
  return {
    name: identifier.name,
    marker: identifier.marker,
    columnWords: identifier.words,
    find: (buffer, start, end, into, named) => find(identifier, { buffer, start, end }, into, named),
  };
}

interface Range {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function find(identifier: Identifier, range: Range, into: Span[], named: boolean): void {
  const { buffer, start, end } = range;
  for (let at = start; at < end; at++) {
    if (!isAlphanumeric(buffer[at] as number) || continuesWord(buffer, at, start)) continue;
    const to = identifierEnd(identifier, range, at, named);
    if (to === -1) continue;
    into.push({ start: at, end: to, detector: identifier.name });
    at = to - 1;
  }
}

function identifierEnd({ forms, words, isValid }: Identifier, range: Range, at: number, named: boolean): number {
  const { buffer, start, end } = range;
  for (const { template, named: wanted, alone } of forms) {
    const to = matchTemplate(template, buffer, at, end);
    if (to === -1 || !isValid(values, template)) continue;
    if (alone === true && besideDigits(range, at, to)) continue;
    if (wanted !== true || named || behindWord(buffer, at, start, words)) return to;
  }
  return -1;
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
