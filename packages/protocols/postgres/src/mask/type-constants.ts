/**
 * One valid constant per built-in type, in text and in binary, so that a masked value never breaks a typed client.
 * OIDs and binary layouts are those of PostgreSQL's pg_type.dat and the types' `*send` functions. A type that is not
 * listed has no constant: its values become NULL, which every type allows. Types whose OID differs from server to server
 * (row types, everything by CREATE TYPE) are in `server-types`.
 */
export interface TypeConstant {
  readonly text: Buffer;
  /** Undefined: the type has no binary form. */
  readonly binary: Buffer | undefined;
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

/** int2vector and oidvector: one zero, since their input functions refuse an array without dimensions; they count from 0. */
function vectorOfZero(elementType: number, width: number): Buffer {
  return Buffer.concat([int32(1, 0, elementType, 1, 0, width), zeros(width)]);
}

/** Binary undefined: the server has no binary form of the type. */
const SCALARS: readonly (readonly [oid: number, text: string, binary: Buffer | undefined])[] = [
  [16, "f", zeros(1)], // bool
  [17, "\\x", zeros(0)], // bytea
  [18, "*", bytes(0x2a)], // "char"
  [19, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // name
  [20, "0", zeros(8)], // int8
  [21, "0", zeros(2)], // int2
  [22, "0", vectorOfZero(21, 2)], // int2vector
  [23, "0", zeros(4)], // int4
  [24, "-", zeros(4)], // regproc
  [25, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // text
  [26, "0", zeros(4)], // oid
  [27, "(0,0)", zeros(6)], // tid
  [28, "0", zeros(4)], // xid
  [29, "0", zeros(4)], // cid
  [30, "0", vectorOfZero(26, 4)], // oidvector
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
  [1033, "=", undefined], // aclitem
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
  [1790, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // refcursor
  [2202, "-", zeros(4)], // regprocedure
  [2203, "0", zeros(4)], // regoper
  [2204, "0", zeros(4)], // regoperator
  [2205, "-", zeros(4)], // regclass
  [2206, "-", zeros(4)], // regtype
  [2249, "()", int32(0)], // record: as of row()
  [2275, MASKED_TEXT, Buffer.from(MASKED_TEXT)], // cstring
  [2277, "{}", int32(0, 0, 25)], // anyarray, of pg_statistic
  [2278, "", zeros(0)], // void
  [2950, "00000000-0000-0000-0000-000000000000", zeros(16)], // uuid
  [2970, "1:1:", Buffer.concat([int32(0), int64(1n), int64(1n)])], // txid_snapshot: no xid is zero
  [3220, "0/0", zeros(8)], // pg_lsn
  [3614, "", int32(0)], // tsvector
  [3615, "'masked'", Buffer.concat([int32(1), Buffer.from("\x01\0\0masked\0")])], // tsquery: the empty one cannot be received
  [3734, "-", zeros(4)], // regconfig
  [3769, "-", zeros(4)], // regdictionary
  [3802, "null", Buffer.from("\x01null")], // jsonb: version 1, then text
  [4072, "$", Buffer.from("\x01$")], // jsonpath: version 1, then text
  [4089, "-", zeros(4)], // regnamespace
  [4096, "-", zeros(4)], // regrole
  [4191, "-", zeros(4)], // regcollation
  [5038, "1:1:", Buffer.concat([int32(0), int64(1n), int64(1n)])], // pg_snapshot
  [5069, "0", zeros(8)], // xid8
];

/** array type -> element type */
const ARRAYS: Readonly<Record<number, number>> = {
  143: 142,
  199: 114,
  210: 71,
  270: 75,
  271: 5069,
  272: 81,
  273: 83,
  629: 628,
  651: 650,
  719: 718,
  775: 774,
  791: 790,
  1000: 16,
  1001: 17,
  1002: 18,
  1003: 19,
  1005: 21,
  1006: 22,
  1007: 23,
  1008: 24,
  1009: 25,
  1010: 27,
  1011: 28,
  1012: 29,
  1013: 30,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1017: 600,
  1018: 601,
  1019: 602,
  1020: 603,
  1021: 700,
  1022: 701,
  1027: 604,
  1028: 26,
  1034: 1033,
  1040: 829,
  1041: 869,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1185: 1184,
  1187: 1186,
  1231: 1700,
  1263: 2275,
  1270: 1266,
  1561: 1560,
  1563: 1562,
  2201: 1790,
  2207: 2202,
  2208: 2203,
  2209: 2204,
  2210: 2205,
  2211: 2206,
  2287: 2249,
  2949: 2970,
  2951: 2950,
  3221: 3220,
  3643: 3614,
  3644: 3642,
  3645: 3615,
  3735: 3734,
  3770: 3769,
  3807: 3802,
  3905: 3904,
  3907: 3906,
  3909: 3908,
  3911: 3910,
  3913: 3912,
  3927: 3926,
  4073: 4072,
  4090: 4089,
  4097: 4096,
  4192: 4191,
  5039: 5038,
  6150: 4451,
  6151: 4532,
  6152: 4533,
  6153: 4534,
  6155: 4535,
  6157: 4536,
};
/** aclitem and gtsvector have no binary form, so their arrays have none. */
const TEXT_ONLY_ELEMENTS = new Set([1033, 3642]);

const RANGES = [3904, 3906, 3908, 3910, 3912, 3926];
const MULTIRANGES = [4451, 4532, 4533, 4534, 4535, 4536];

/** array_send: dimensions, has-null flag, element type */
export function emptyArray(elementType: number): TypeConstant {
  return {
    text: Buffer.from("{}"),
    binary: TEXT_ONLY_ELEMENTS.has(elementType) ? undefined : int32(0, 0, elementType),
  };
}

/** range_send: one flag byte, RANGE_EMPTY = 1 */
export const EMPTY_RANGE: TypeConstant = { text: Buffer.from("empty"), binary: bytes(1) };
/** multirange_send: number of ranges */
export const EMPTY_MULTIRANGE: TypeConstant = { text: Buffer.from("{}"), binary: int32(0) };

const CONSTANTS: ReadonlyMap<number, TypeConstant> = new Map<number, TypeConstant>([
  ...SCALARS.map(([oid, text, binary]) => [oid, { text: Buffer.from(text), binary }] as const),
  ...Object.entries(ARRAYS).map(([oid, element]) => [Number(oid), emptyArray(element)] as const),
  ...RANGES.map((oid) => [oid, EMPTY_RANGE] as const),
  ...MULTIRANGES.map((oid) => [oid, EMPTY_MULTIRANGE] as const),
]);

/** Of a built-in type. Undefined: no constant is known, use NULL. */
export function typeConstant(typeOid: number): TypeConstant | undefined {
  return CONSTANTS.get(typeOid);
}

/** Types whose text and binary forms are the characters themselves, so that a transform may keep a part of them. */
export const CHARACTER_TYPES: ReadonlySet<number> = new Set([19, 25, 705, 1042, 1043]);

/** bool, "char", numbers, OIDs, points and the like, times, addresses of hardware, uuid: every binary value is as long as its constant. */
const SAME_LENGTH: ReadonlySet<number> = new Set([
  16, 18, 20, 21, 23, 24, 26, 27, 28, 29, 600, 601, 603, 628, 700, 701, 718, 774, 790, 829, 1082, 1083, 1114, 1184,
  1186, 1266, 2202, 2203, 2204, 2205, 2206, 2950, 3220, 3734, 3769, 4089, 4096, 4191, 5069,
]);

/** Does replacing a value by the constant of its type never change its length? */
export function keepsLength(typeOid: number, format: number): boolean {
  return format === 1 && SAME_LENGTH.has(typeOid);
}
