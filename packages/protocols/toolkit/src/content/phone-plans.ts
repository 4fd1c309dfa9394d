import type { CountryCode } from "libphonenumber-js/core";
import { getCountries, Metadata } from "libphonenumber-js/core";
import metadata from "libphonenumber-js/max/metadata";

/**
 * What libphonenumber's metadata tell of one region, read once: the library's own parser takes microseconds per candidate and
 * works on strings, so a cell full of numbers would hold up every session.
 */
export interface NumberPlan {
  readonly region: string;
  readonly callingCode: string;
  /** Digits of a national number, one bit per length. */
  readonly lengths: number;
  /** A digit string without the national prefix is a number that is in use. */
  readonly isValid: (national: string) => boolean;
  /** It may be one: what the plan sets aside for numbers at all. */
  readonly isPossible: (national: string) => boolean;
  readonly isMobile: (national: string) => boolean;
  /** `0` in most of the world, `1` in North America. */
  readonly nationalPrefix: string | undefined;
  readonly formats: readonly NumberFormat[];
}

export interface NumberFormat {
  /** Captures the groups that the number is written in. */
  readonly groups: RegExp;
  readonly leadingDigits: RegExp | undefined;
  /** The national prefix is always written. */
  readonly prefixed: boolean;
}

/** Metadata leave a text out by a zero. */
type Optional = string | 0 | undefined;

/** The part of libphonenumber's `NumberingPlan` that its declarations leave out. */
interface Plan {
  callingCode(): string;
  possibleLengths(): readonly number[];
  nationalNumberPattern(): string;
  nationalPrefix(): Optional;
  type(name: string): { pattern(): string } | undefined;
  formats(): readonly {
    pattern(): string;
    leadingDigitsPatterns(): readonly string[];
    nationalPrefixFormattingRule(): Optional;
    nationalPrefixIsOptionalWhenFormattingInNationalFormat(): boolean;
  }[];
}

const TYPES = "FIXED_LINE MOBILE TOLL_FREE PREMIUM_RATE PERSONAL_NUMBER VOICEMAIL UAN PAGER VOIP SHARED_COST".split(
  " ",
);

const plans = new Map<string, NumberPlan>();

/** The plan of an ISO 3166-1 alpha-2 code that libphonenumber knows. */
export function planOf(region: string): NumberPlan {
  let plan = plans.get(region);
  if (plan === undefined) {
    plan = readPlan(region);
    plans.set(region, plan);
  }
  return plan;
}

function readPlan(region: string): NumberPlan {
  const source = new Metadata(metadata);
  source.selectNumberingPlan(region as CountryCode);
  const plan = source.numberingPlan as unknown as Plan;
  const types = TYPES.flatMap((name) => plan.type(name)?.pattern() ?? []);
  const possible = whole(plan.nationalNumberPattern());
  const valid = types.length === 0 ? possible : whole(types.join("|"));
  const mobile = plan.type("MOBILE")?.pattern();
  const mobiles = mobile === undefined ? undefined : whole(mobile);
  const prefix = plan.nationalPrefix() || undefined;
  const formats = plan.formats().map((format) => {
    const leading = format.leadingDigitsPatterns().at(-1);
    const rule = format.nationalPrefixFormattingRule() || "";
    return {
      groups: whole(format.pattern()),
      leadingDigits: leading === undefined ? undefined : new RegExp(`^(?:${leading})`),
      prefixed:
        prefix !== undefined &&
        rule.replaceAll("$1", "").includes(prefix) &&
        !format.nationalPrefixIsOptionalWhenFormattingInNationalFormat(),
    };
  });
  return {
    region,
    callingCode: plan.callingCode(),
    lengths: plan.possibleLengths().reduce((bits, length) => bits | (1 << length), 0),
    isValid: (national) => valid.test(national),
    isPossible: (national) => possible.test(national),
    isMobile: (national) => mobiles?.test(national) === true,
    nationalPrefix: prefix,
    formats,
  };
}

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);

/** What the plans of all regions that share a calling code allow. */
export interface InternationalPlan {
  /** Digits of the calling code. */
  readonly code: number;
  /** Digits of a national number, one bit per length. */
  readonly lengths: number;
  readonly isValid: (national: string) => boolean;
}

const NO_PLAN: InternationalPlan = { code: 0, lengths: 0, isValid: () => false };

let byCallingCode: readonly (InternationalPlan | undefined)[] | undefined;

/** The plan of the calling code that the digits (bytes) begin with: no calling code begins another. */
export function internationalPlan(digits: Uint8Array): InternationalPlan {
  byCallingCode ??= groupPlans();
  let code = 0;
  for (let length = 0; length < 3; length++) {
    code = code * 10 + (digits[length] as number) - 0x30;
    const found = byCallingCode[code];
    // 0 begins no calling code
    if (code === 0) return NO_PLAN;
    if (found !== undefined) return found;
  }
  return NO_PLAN;
}

function groupPlans(): readonly (InternationalPlan | undefined)[] {
  const grouped = new Array<InternationalPlan | undefined>(1000).fill(undefined);
  const regions = [...getCountries(metadata), ...Object.keys(metadata.nonGeographic)].map(planOf);
  for (const code of new Set(regions.map(({ callingCode }) => callingCode))) {
    const plans = regions.filter(({ callingCode }) => callingCode === code);
    grouped[Number(code)] = {
      code: code.length,
      lengths: plans.reduce((bits, { lengths }) => bits | lengths, 0),
      isValid: (national) => plans.some(({ isValid }) => isValid(national)),
    };
  }
  return grouped;
}
