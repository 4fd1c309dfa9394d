/** How one value is replaced, whatever it stands in. */
export type ValueMaskSpec =
  | { readonly transform: "constant" }
  | { readonly transform: "null" }
  | { readonly transform: "redact" }
  | { readonly transform: "year" }
  | { readonly transform: "month" }
  | { readonly transform: "bucket"; readonly size: number }
  | { readonly transform: "token" }
  | { readonly transform: "last"; readonly keep: number }
  | { readonly transform: "partial"; readonly first: number; readonly last: number }
  | { readonly transform: "email_domain" };

/** Values inside of a JSON document by path (`parseJsonPath`), in the order of their paths; everything else in it stays. */
export interface JsonMaskSpec {
  readonly transform: "json";
  readonly paths: readonly { readonly path: string; readonly mask: ValueMaskSpec }[];
}

/**
 * How a value of one label is replaced before it leaves. Strictness, for choosing among several rules:
 * constant = null > redact > bucket = month = year > token > last > partial > email_domain (masking-and-policy.md, b) > json,
 * which shows whatever its paths do not name. A transform that does not fit the type of a value becomes the constant.
 */
export type MaskSpec = ValueMaskSpec | JsonMaskSpec;

const STRICTNESS: Record<MaskSpec["transform"], number> = {
  constant: 7,
  null: 7,
  redact: 6,
  bucket: 5,
  month: 5,
  year: 5,
  token: 4,
  last: 3,
  partial: 2,
  email_domain: 1,
  json: 0,
};

export const CONSTANT_MASK: MaskSpec = { transform: "constant" };

/** The stricter of two masks; a tie between different transforms, or different parameters, becomes the constant. */
export function stricterMask(a: MaskSpec, b: MaskSpec): MaskSpec {
  const difference = STRICTNESS[a.transform] - STRICTNESS[b.transform];
  if (difference !== 0) return difference > 0 ? a : b;
  return JSON.stringify(a) === JSON.stringify(b) ? a : CONSTANT_MASK;
}

/**
 * The strictest of several, whatever their order: folding `stricterMask` over `last: 4`, `last: 2` and `token` would give the
 * constant or the token, by which two came first. Undefined for none.
 */
export function strictestMask(specs: readonly MaskSpec[]): MaskSpec | undefined {
  if (specs.length === 0) return undefined;
  const top = Math.max(...specs.map((spec) => STRICTNESS[spec.transform]));
  return specs.filter((spec) => STRICTNESS[spec.transform] === top).reduce(stricterMask);
}
