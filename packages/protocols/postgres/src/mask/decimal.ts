/** An exact decimal number: coefficient / 10^scale. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly scale: number;
}

/** Longer numbers are not calculated with: their time grows with the square of their digits. */
const MAX_DIGITS = 1000;
const BASE = 10_000n;
const DIGITS_PER_WORD = 4;
/** numeric_send: int16 ndigits, weight, sign, dscale, then int16 words of four decimal digits */
const NUMERIC_HEADER = 8;
const NEGATIVE = 0x4000;

/** `-12.50`, `1e3`: what numeric, the integers and JSON write. Undefined: NaN, an infinity, or too long. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (match === null || text.length > MAX_DIGITS) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > MAX_DIGITS) return undefined;
  const digits = BigInt(`${whole}${fraction}`) * 10n ** BigInt(Math.max(0, -scale));
  return { coefficient: sign === "" ? digits : -digits, scale: Math.max(0, scale) };
}

export function formatDecimal({ coefficient, scale }: Decimal): string {
  const sign = coefficient < 0n ? "-" : "";
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString().padStart(scale + 1, "0");
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Without zeros at the end of the fraction: equal numbers have one form. */
export function reduced({ coefficient, scale }: Decimal): Decimal {
  let digits = coefficient;
  let places = scale;
  for (; places > 0 && digits % 10n === 0n; places--) digits /= 10n;
  return { coefficient: digits, scale: places };
}

/** Undefined: NaN, an infinity, too long, or no numeric. */
export function decodeNumeric(value: Buffer): Decimal | undefined {
  if (value.length < NUMERIC_HEADER) return undefined;
  const words = value.readUInt16BE(0);
  const weight = value.readInt16BE(2);
  const sign = value.readUInt16BE(4);
  if (value.length !== NUMERIC_HEADER + 2 * words || (sign !== 0 && sign !== NEGATIVE)) return undefined;
  if ((words + Math.abs(weight)) * DIGITS_PER_WORD > MAX_DIGITS) return undefined;
  let coefficient = 0n;
  for (let word = 0; word < words; word++)
    coefficient = coefficient * BASE + BigInt(value.readUInt16BE(NUMERIC_HEADER + 2 * word));
  const wordsBehindPoint = words - 1 - weight;
  if (wordsBehindPoint < 0) coefficient *= BASE ** BigInt(-wordsBehindPoint);
  return {
    coefficient: sign === NEGATIVE ? -coefficient : coefficient,
    scale: Math.max(0, wordsBehindPoint) * DIGITS_PER_WORD,
  };
}

export function encodeNumeric({ coefficient, scale }: Decimal): Buffer {
  const padding = (DIGITS_PER_WORD - (scale % DIGITS_PER_WORD)) % DIGITS_PER_WORD;
  let rest = (coefficient < 0n ? -coefficient : coefficient) * 10n ** BigInt(padding);
  let weight = -1 - (scale + padding) / DIGITS_PER_WORD;
  const words: number[] = [];
  for (; rest > 0n; rest /= BASE) {
    weight++;
    words.unshift(Number(rest % BASE));
  }
  // the wire form has no zero words at either end
  while (words.at(-1) === 0) words.pop();
  const out = Buffer.alloc(NUMERIC_HEADER + 2 * words.length);
  out.writeUInt16BE(words.length, 0);
  out.writeInt16BE(words.length === 0 ? 0 : weight, 2);
  out.writeUInt16BE(coefficient < 0n ? NEGATIVE : 0, 4);
  out.writeUInt16BE(scale, 6);
  for (const [index, word] of words.entries()) out.writeUInt16BE(word, NUMERIC_HEADER + 2 * index);
  return out;
}
