/**
 * One valid constant per built-in type, in text and in binary, so that a masked value never breaks a typed client.
 * OIDs and binary layouts are those of PostgreSQL's pg_type.dat and the types' `*send` functions. A type that is not
 * listed has no constant: its values become NULL, which every type allows.
 */
export interface TypeConstant {
  readonly text: Buffer;
  readonly binary: Buffer;
}

const MASKED_TEXT = "***";
/** Microseconds and days between PostgreSQL's epoch (2000-01-01) and 1970-01-01. */
const UNIX_EPOCH_MICROS = -946_684_800_000_000n;
const UNIX_EPOCH_DAYS = -10_957;

const zeros = (length: number): Buffer => Buffer.alloc(length);
const bytes = (...values: number[]): Buffer => Buffer.from(values);

function int32(...values: number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) buffer.writeInt32BE(value, index * 4);
  return buffer;
}

function int64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(value);
  return buffer;
}

function float64(...values: number[]): Buffer {
  const buffer = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) buffer.writeDoubleBE(value, index * 8);
  return buffer;
}

const SCALARS: readonly (readonly [oid: number, text: string, binary: Buffer])[] = [
  [16, "f", zeros(1)], // bool
  [17, "\\x", zeros(0)], // bytea
  [18, "*", bytes(0x2a)], // "char"
  [19, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // name
  [20, "0", zeros(8)], // int8
  [21, "0", zeros(2)], // int2
  [23, "0", zeros(4)], // int4
  [25, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // text
  [26, "0", zeros(4)], // oid
  [27, "(0,0)", zeros(6)], // tid
  [28, "0", zeros(4)], // xid
  [29, "0", zeros(4)], // cid
  [114, "null", Buffer.from("null")], // json
  [142, "<masked/>", Buffer.from("<masked/>")], // xml
  [600, "(0,0)", zeros(16)], // point
  [601, "[(0,0),(0,0)]", zeros(32)], // lseg
  [602, "((0,0))", Buffer.concat([bytes(1), int32(1), zeros(16)])], // path
  [603, "(0,0),(0,0)", zeros(32)], // box
  [604, "((0,0))", Buffer.concat([int32(1), zeros(16)])], // polygon
  [628, "{1,0,0}", float64(1, 0, 0)], // line
  [650, "0.0.0.0/0", bytes(2, 0, 1, 4, 0, 0, 0, 0)], // cidr
  [700, "0", zeros(4)], // float4
  [701, "0", zeros(8)], // float8
  [705, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // unknown
  [718, "<(0,0),0>", zeros(24)], // circle
  [774, "00:00:00:00:00:00:00:00", zeros(8)], // macaddr8
  [790, "$0.00", zeros(8)], // money
  [829, "00:00:00:00:00:00", zeros(6)], // macaddr
  [869, "0.0.0.0/0", bytes(2, 0, 0, 4, 0, 0, 0, 0)], // inet
  [1042, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // bpchar
  [1043, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // varchar
  [1082, "1970-01-01", int32(UNIX_EPOCH_DAYS)], // date
  [1083, "00:00:00", zeros(8)], // time
  [1114, "1970-01-01 00:00:00", int64(UNIX_EPOCH_MICROS)], // timestamp
  [1184, "1970-01-01 00:00:00+00", int64(UNIX_EPOCH_MICROS)], // timestamptz
  [1186, "00:00:00", zeros(16)], // interval
  [1266, "00:00:00+00", zeros(12)], // timetz
  [1560, "", int32(0)], // bit
  [1562, "", int32(0)], // varbit
  [1700, "0", zeros(8)], // numeric: ndigits, weight, sign, dscale
  [2950, "00000000-0000-0000-0000-000000000000", zeros(16)], // uuid
  [3220, "0/0", zeros(8)], // pg_lsn
  [3614, "", int32(0)], // tsvector
  [3615, "'masked'", Buffer.concat([int32(1), Buffer.from("\x01\0\0masked\0")])], // tsquery: the empty one cannot be received
  [3802, "null", Buffer.from("\x01null")], // jsonb: version 1, then text
  [4072, "$", Buffer.from("\x01$")], // jsonpath: version 1, then text
];

/** array type -> element type */
const ARRAYS: Readonly<Record<number, number>> = {
  143: 142,
  199: 114,
  651: 650,
  775: 774,
  791: 790,
  1000: 16,
  1001: 17,
  1002: 18,
  1003: 19,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1017: 600,
  1021: 700,
  1022: 701,
  1028: 26,
  1040: 829,
  1041: 869,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1185: 1184,
  1187: 1186,
  1231: 1700,
  1270: 1266,
  1561: 1560,
  1563: 1562,
  2951: 2950,
  3221: 3220,
  3643: 3614,
  3807: 3802,
};

const RANGES = [3904, 3906, 3908, 3910, 3912, 3926];
const MULTIRANGES = [4451, 4532, 4533, 4534, 4535, 4536];

const CONSTANTS: ReadonlyMap<number, TypeConstant> = new Map<number, TypeConstant>([
  ...SCALARS.map(([oid, text, binary]) => [oid, { text: Buffer.from(text), binary }] as const),
  // array_send: dimensions, has-null flag, element type
  ...Object.entries(ARRAYS).map(
    ([oid, element]) => [Number(oid), { text: Buffer.from("{}"), binary: int32(0, 0, element) }] as const,
  ),
  // range_send: one flag byte, RANGE_EMPTY = 1
  ...RANGES.map((oid) => [oid, { text: Buffer.from("empty"), binary: bytes(1) }] as const),
  ...MULTIRANGES.map((oid) => [oid, { text: Buffer.from("{}"), binary: int32(0) }] as const),
]);

/** Undefined: no constant is known, use NULL. */
export function typeConstant(typeOid: number): TypeConstant | undefined {
  return CONSTANTS.get(typeOid);
}

export const TYPE_OIDS_WITH_CONSTANT: readonly number[] = [...CONSTANTS.keys()];

/** Types whose text and binary forms are the characters themselves, so that a transform may keep a part of them. */
export const CHARACTER_TYPES: ReadonlySet<number> = new Set([19, 25, 705, 1042, 1043]);
