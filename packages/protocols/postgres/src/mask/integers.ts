/** int2, int4 and int8: bytes of their binary form. */
const WIDTHS: ReadonlyMap<number, 2 | 4 | 8> = new Map([
  [21, 2],
  [23, 4],
  [20, 8],
]);

/** Bytes of an integer type; undefined for any other type. */
export type IntegerWidth = 2 | 4 | 8;

export function integerType(typeOid: number): IntegerWidth | undefined {
  return WIDTHS.get(typeOid);
}

/** Undefined: the bytes are no such integer. */
export function readInteger(width: IntegerWidth, format: number, value: Buffer): bigint | undefined {
  if (format === 0) {
    const text = value.toString("latin1");
    return /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  }
  if (value.length !== width) return undefined;
  return width === 8 ? value.readBigInt64BE(0) : BigInt(value.readIntBE(0, width));
}

/** Undefined: it does not fit. */
export function writeInteger(width: IntegerWidth, format: number, value: bigint): Buffer | undefined {
  if (BigInt.asIntN(8 * width, value) !== value) return undefined;
  if (format === 0) return Buffer.from(value.toString());
  const out = Buffer.alloc(width);
  if (width === 8) out.writeBigInt64BE(value);
  else out.writeIntBE(Number(value), 0, width);
  return out;
}
