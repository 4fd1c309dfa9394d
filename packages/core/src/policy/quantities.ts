const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

export const DURATION_PATTERN = /^([1-9]\d{0,5})(s|m|h|d)$/;
export const SIZE_PATTERN = /^([1-9]\d{0,11})(B|kB|KB|MB|GB|KiB|MiB|GiB)$/;

/** `90s`, `30m`, `1h`, `7d` or a number of seconds. The schema has checked the form. */
export function toSeconds(value: string | number): number {
  return quantity(value, DURATION_PATTERN, SECONDS);
}

/** `20MB`, `1GiB` or a number of bytes. The schema has checked the form. */
export function toBytes(value: string | number): number {
  return quantity(value, SIZE_PATTERN, BYTES);
}

function quantity(value: string | number, pattern: RegExp, units: Readonly<Record<string, number>>): number {
  if (typeof value === "number") return value;
  const [, amount = "", unit = ""] = pattern.exec(value) ?? [];
  const factor = units[unit];
  if (factor === undefined) throw new RangeError(`"${value}" has no known unit`);
  return Number(amount) * factor;
}
