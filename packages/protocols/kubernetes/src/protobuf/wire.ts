import protobuf from "protobufjs/minimal.js";
import { NotOneMeaning } from "../json/json-tree.ts";

/** One field as it is on the wire (protobuf encoding, wire types 0 to 2; the API has no others). */
export interface WireField {
  readonly number: number;
  readonly wireType: 0 | 1 | 2;
  /** Empty for varints. */
  readonly bytes: Buffer;
  /** Of a varint, as int64. */
  readonly value: bigint;
}

export const BYTES = 2;
const NONE = Buffer.alloc(0);
const FIXED_64 = 8;
/** A list of so many empty messages takes memory that its bytes do not tell of. */
const MAX_FIELDS = 200_000;

/** The fields of a message in their order. Throws on what is none. */
export function wireFields(bytes: Buffer): readonly WireField[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: WireField[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (number === 0 || fields.length === MAX_FIELDS) throw new NotOneMeaning("its protobuf cannot be read");
    if (wireType === BYTES) {
      const length = reader.uint32();
      const from = reader.pos;
      reader.skip(length);
      fields.push({ number, wireType, bytes: bytes.subarray(from, from + length), value: 0n });
    } else if (wireType === 0) fields.push({ number, wireType, bytes: NONE, value: varint(reader) });
    else if (wireType === 1) {
      const from = reader.pos;
      reader.skip(FIXED_64);
      fields.push({ number, wireType, bytes: bytes.subarray(from, from + FIXED_64), value: 0n });
    } else throw new NotOneMeaning("its protobuf cannot be read");
  }
  return fields;
}

function varint(reader: protobuf.Reader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (reader.pos >= reader.len) break;
    const byte = reader.buf[reader.pos++] as number;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  throw new NotOneMeaning("its protobuf cannot be read");
}

/** A field of bytes that stands at most once; empty where it does not. */
export function oneOf(fields: readonly WireField[], number: number): Buffer {
  const found = fields.filter((field) => field.number === number);
  if (found.length > 1) throw new NotOneMeaning("a field stands twice in one message");
  const [field] = found;
  if (field === undefined) return NONE;
  if (field.wireType !== BYTES) throw new NotOneMeaning("its protobuf cannot be read");
  return field.bytes;
}
