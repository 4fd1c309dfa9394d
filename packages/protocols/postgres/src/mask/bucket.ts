import type { Transform } from "./column-mask.ts";
import type { Decimal } from "./decimal.ts";
import { decodeNumeric, encodeNumeric, formatDecimal, parseDecimal } from "./decimal.ts";
import { integerType, readInteger, writeInteger } from "./integers.ts";

const FLOAT4 = 700;
const FLOAT8 = 701;
const NUMERIC = 1700;

/** Numbers become the lower end of the interval of this width that they lie in. Undefined: no number type. */
export function bucketOf(typeOid: number, format: number, size: number): Transform | undefined {
  const width = parseDecimal(String(size));
  if (width === undefined || width.coefficient === 0n) return undefined;
  if (typeOid === FLOAT4 || typeOid === FLOAT8) return (value) => floatBucket(value, typeOid, format, size);
  if (typeOid === NUMERIC) return (value) => numericBucket(value, format, width);
  const type = integerType(typeOid);
  // a width that is no whole number has lower ends that are none
  if (type === undefined || width.scale > 0) return undefined;
  return (value) => {
    const integer = readInteger(type, format, value);
    return integer === undefined ? undefined : writeInteger(type, format, floored(integer, width.coefficient));
  };
}

/** For numbers in JSON. */
export function bucketText(text: string, size: number): string | undefined {
  const width = parseDecimal(String(size));
  const value = parseDecimal(text);
  return width === undefined || value === undefined ? undefined : formatDecimal(decimalBucket(value, width));
}

function numericBucket(value: Buffer, format: number, width: Decimal): Buffer | undefined {
  const decimal = format === 1 ? decodeNumeric(value) : parseDecimal(value.toString("latin1"));
  if (decimal === undefined) return undefined;
  const bucket = decimalBucket(decimal, width);
  return format === 1 ? encodeNumeric(bucket) : Buffer.from(formatDecimal(bucket));
}

/** With as many places as the width has. */
function decimalBucket(value: Decimal, width: Decimal): Decimal {
  const scale = Math.max(value.scale, width.scale);
  const step = width.coefficient * 10n ** BigInt(scale - width.scale);
  const steps = floored(value.coefficient * 10n ** BigInt(scale - value.scale), step) / step;
  return { coefficient: steps * width.coefficient, scale: width.scale };
}

function floored(value: bigint, step: bigint): bigint {
  const rest = value % step;
  return rest < 0n ? value - rest - step : value - rest;
}

function floatBucket(value: Buffer, typeOid: number, format: number, size: number): Buffer | undefined {
  const length = typeOid === FLOAT4 ? 4 : 8;
  if (format === 1 && value.length !== length) return undefined;
  const read =
    format === 0 ? Number(value.toString("latin1")) : length === 4 ? value.readFloatBE(0) : value.readDoubleBE(0);
  // the text of a real is shorter than what it stands for
  const number = length === 4 ? Math.fround(read) : read;
  const lower = Math.floor(number / size) * size;
  // adding zero leaves no minus on it
  const bucket = (length === 4 ? Math.fround(lower) : lower) + 0;
  if (!Number.isFinite(bucket)) return undefined;
  if (format === 0) return Buffer.from(String(bucket));
  const out = Buffer.alloc(length);
  if (length === 4) out.writeFloatBE(bucket);
  else out.writeDoubleBE(bucket);
  return out;
}
