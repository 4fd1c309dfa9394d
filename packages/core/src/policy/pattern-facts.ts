import { RE2JS } from "re2js";
import { readPattern } from "./pattern-reader.ts";

/** Longest pattern, in UTF-16 code units. */
export const MAX_PATTERN_LENGTH = 500;
/** Most instructions that a pattern compiles to: a byte costs at most a step for each. */
const MAX_PROGRAM = 2_000;
/** Most characters of a finding, so that a value which streams past needs a small carry, and finding all stays linear. */
const MAX_MATCH = 256;

export interface PatternFacts {
  /** Characters of the shortest and the longest match. */
  readonly shortest: number;
  readonly longest: number;
  /** Text that stands in every match, from printable ASCII without quotation marks and backslashes; absent = none. */
  readonly literal?: string;
}

export type PatternVerdict =
  | { readonly ok: true; readonly facts: PatternFacts }
  | { readonly ok: false; readonly reason: string };

/** Whether a pattern may be a detector (RE2 syntax, no empty and no endless matches), and what every match of it has. */
export function judgePattern(pattern: string): PatternVerdict {
  if (pattern.length > MAX_PATTERN_LENGTH) return refused(`is longer than ${MAX_PATTERN_LENGTH} characters`);
  let program: number;
  try {
    program = RE2JS.compile(pattern).programSize();
  } catch (error) {
    return refused(`is not a valid RE2 pattern: ${syntaxErrorOf(error)}`);
  }
  if (program > MAX_PROGRAM) return refused("is too large: its repetitions multiply");
  const facts = readPattern(pattern);
  if (facts.longest === 0) return refused("matches no text");
  if (facts.shortest === 0) return refused("matches the empty string");
  if (facts.longest > MAX_MATCH)
    return refused(`matches more than ${MAX_MATCH} characters; write {1,40} or the like for + and *`);
  return { ok: true, facts };
}

function refused(reason: string): PatternVerdict {
  return { ok: false, reason };
}

/** RE2's own words without the pattern, which the excerpt shows. */
function syntaxErrorOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "unknown error";
}
