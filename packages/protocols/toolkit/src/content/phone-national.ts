import { byteAt, isDigit, isLetter } from "./byte-classes.ts";
import { groups, readGroups } from "./phone-groups.ts";
import type { NumberFormat, NumberPlan } from "./phone-plans.ts";

/** The longest national number with its prefix: Germany's has 15 digits, but none that is in use has more than 13. */
const MAX_DIGITS = 14;
const MIN_DIGITS = 7;
/** Behind its last bracket or slash a number has this many digits at least; the prefilter relies on it. */
const MIN_LAST_RUN = 4;

export interface NationalCandidate {
  readonly buffer: Uint8Array;
  readonly from: number;
  readonly end: number;
  readonly plans: readonly NumberPlan[];
  /** Something says that this is a telephone number, so any grouping counts. */
  readonly free: boolean;
}

/** Where the longest national number at `from` ends, or -1. */
export function nationalEnd({ buffer, from, end, plans, free }: NationalCandidate): number {
  readGroups(buffer, from, end, MAX_DIGITS);
  const { count, totals, ends } = groups;
  let found = -1;
  for (let index = 0; index < count; index++) {
    const at = ends[index] as number;
    if ((totals[index] as number) < MIN_DIGITS || goesOn(buffer, at, end)) continue;
    if (lastRun(buffer, from, at) < MIN_LAST_RUN) continue;
    for (const plan of plans) if (isNumber(plan, index, free)) found = at;
  }
  return found;
}

/** What follows belongs to the same token: a letter, or a digit behind a joint. */
function goesOn(buffer: Uint8Array, at: number, end: number): boolean {
  const next = byteAt(buffer, at, 0, end);
  if (isLetter(next) || next === 0x5f) return true;
  return (next === 0x2d || next === 0x2e || next === 0x2f || next === 0x3a) && isDigit(byteAt(buffer, at + 1, 0, end));
}

function lastRun(buffer: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = to - 1; at >= from; at--) {
    const byte = buffer[at] as number;
    if (isDigit(byte)) count++;
    else if (byte === 0x28 || byte === 0x29 || byte === 0x2f) break;
  }
  return count;
}

/** Whether the groups up to the one of this index are a number of the plan. */
function isNumber(plan: NumberPlan, last: number, free: boolean): boolean {
  const { digits, sizes, totals } = groups;
  const total = totals[last] as number;
  const prefix = plan.nationalPrefix?.length ?? 0;
  const prefixed = prefix > 0 && prefix < total && digits.toString("latin1", 0, prefix) === plan.nationalPrefix;
  for (const skip of prefixed ? [prefix, 0] : [0]) {
    if (!allows(plan, total - skip)) continue;
    const national = digits.toString("latin1", skip, total);
    if (!plan.isPossible(national)) continue;
    if (free) return true;
    const written = [...sizes.subarray(0, last + 1)];
    if (isWritten(plan, national, { sizes: skip === 0 ? written : withoutPrefix(written, skip), prefixed: skip > 0 }))
      return true;
  }
  return false;
}

function allows({ lengths }: NumberPlan, digits: number): boolean {
  return (lengths & (1 << digits)) !== 0;
}

/** Group sizes without the national prefix, which may be a group of its own. */
function withoutPrefix([first = 0, ...rest]: readonly number[], length: number): readonly number[] {
  return first === length ? rest : [first - length, ...rest];
}

/** A number in groups as its plan writes it, and in use unless there are three of them; in one piece only a mobile one. */
function isWritten(
  plan: NumberPlan,
  national: string,
  { sizes, prefixed }: { readonly sizes: readonly number[]; readonly prefixed: boolean },
): boolean {
  // in one piece only a prefix of 0 tells a telephone number from any other
  if (sizes.length === 1 && (!prefixed || plan.nationalPrefix !== "0")) return false;
  const format = plan.formats.find(
    (each) => each.leadingDigits?.test(national) !== false && each.groups.test(national),
  );
  if (format === undefined || (format.prefixed && !prefixed)) return false;
  if (sizes.length === 1) return plan.isMobile(national);
  const expected = expectedSizes(format, national);
  if (same(sizes, expected)) return expected.length > 2 || plan.isValid(national);
  // the area code and the rest in one piece
  const joined = [expected[0] ?? 0, national.length - (expected[0] ?? 0)];
  return prefixed && same(sizes, joined) && plan.isValid(national);
}

function expectedSizes(format: NumberFormat, national: string): readonly number[] {
  return (format.groups.exec(national) ?? []).slice(1).map((group) => group.length);
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}
