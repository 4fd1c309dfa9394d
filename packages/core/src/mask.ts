/**
 * How a value of one label is replaced before it leaves. Strictness, for choosing among several rules:
 * constant = null > redact > bucket = month = year > token > last > partial > email_domain (masking-and-policy.md, b).
 */
export type MaskSpec =
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
};

export const CONSTANT_MASK: MaskSpec = { transform: "constant" };

/** The stricter of two masks; a tie between different transforms, or different parameters, becomes the constant. */
export function stricterMask(a: MaskSpec, b: MaskSpec): MaskSpec {
  const difference = STRICTNESS[a.transform] - STRICTNESS[b.transform];
  if (difference !== 0) return difference > 0 ? a : b;
  return JSON.stringify(a) === JSON.stringify(b) ? a : CONSTANT_MASK;
}
