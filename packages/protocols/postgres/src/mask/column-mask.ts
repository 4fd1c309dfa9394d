import { createHmac } from "node:crypto";
import type { MaskSpec } from "@tidewaiter/core";
import { CHARACTER_TYPES, typeConstant } from "./type-constants.ts";

/**
 * How one column's values are replaced. `constant` is the whole field (int32 length and bytes); `transform` makes the
 * field's bytes from the value, at most `growth` bytes longer than it, and undefined means "use the constant".
 */
export interface ColumnMask {
  readonly constant: Buffer;
  readonly transform?: (value: Buffer) => Buffer | undefined;
  readonly growth: number;
}

export interface MaskInput {
  readonly spec: MaskSpec;
  readonly typeOid: number;
  /** 0 text, 1 binary */
  readonly format: number;
  /** The first label of the column: keyed tokens are stable per label. */
  readonly label: string;
  readonly tokenKey: Buffer;
  /** False when the client's encoding is not UTF-8: then no part of a value can be kept. */
  readonly utf8: boolean;
}

const NULL_FIELD = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const DATE = 1082;
const STARS = "****";
const TOKEN_BYTES = 16;

export function columnMask(input: MaskInput): ColumnMask {
  const constant = constantField(input);
  const transform = transformOf(input);
  return transform === undefined
    ? { constant, growth: constant.length }
    : { constant, transform, growth: constant.length + 32 };
}

function constantField({ spec, typeOid, format }: MaskInput): Buffer {
  const known = typeConstant(typeOid);
  if (spec.transform === "null" || known === undefined) return NULL_FIELD;
  return field(format === 1 ? known.binary : known.text);
}

/** int32 length, then the bytes */
function field(value: Buffer): Buffer {
  const out = Buffer.allocUnsafe(4 + value.length);
  out.writeInt32BE(value.length);
  value.copy(out, 4);
  return out;
}

function transformOf(input: MaskInput): ((value: Buffer) => Buffer | undefined) | undefined {
  const { spec, typeOid, format } = input;
  if (typeOid === DATE && format === 0 && (spec.transform === "year" || spec.transform === "month")) {
    return (value) => truncatedDate(value, spec.transform);
  }
  if (!CHARACTER_TYPES.has(typeOid)) return undefined;
  if (spec.transform === "token") return (value) => keyedToken(value, input.label, input.tokenKey);
  if (!input.utf8) return undefined;
  switch (spec.transform) {
    case "last":
      return (value) => keepEnds(value, 0, spec.keep);
    case "partial":
      return (value) => keepEnds(value, spec.first, spec.last);
    case "email_domain":
      return emailDomain;
    default:
      return undefined;
  }
}

/** Keeps whole code points; a value too short to hide anything behind them is masked whole. The number of stars is fixed. */
function keepEnds(value: Buffer, first: number, last: number): Buffer | undefined {
  const points = [...value.toString("utf8").trimEnd()];
  if (points.length <= first + last) return undefined;
  return Buffer.from(`${points.slice(0, first).join("")}${STARS}${last === 0 ? "" : points.slice(-last).join("")}`);
}

function emailDomain(value: Buffer): Buffer | undefined {
  const at = value.lastIndexOf(0x40);
  return at <= 0 || at === value.length - 1 ? undefined : Buffer.concat([Buffer.from("***"), value.subarray(at)]);
}

/** The same value has the same token wherever it carries the same label, so joins by token still work. */
function keyedToken(value: Buffer, label: string, key: Buffer): Buffer {
  const mac = createHmac("sha256", key).update(label).update("\0").update(value).digest();
  return Buffer.from(`tw_${mac.subarray(0, TOKEN_BYTES).toString("base64url")}`);
}

/** ISO dates only: another DateStyle, BC and infinity become the constant. */
function truncatedDate(value: Buffer, to: string): Buffer | undefined {
  const match = /^(\d{4})-(\d{2})-\d{2}$/.exec(value.toString("latin1"));
  if (match === null) return undefined;
  return Buffer.from(to === "year" ? `${match[1]}-01-01` : `${match[1]}-${match[2]}-01`);
}

/** For places that hold no typed field, such as a COPY line. */
export function maskedValue(mask: ColumnMask, value: Buffer): Buffer | null {
  const transformed = mask.transform?.(value);
  if (transformed !== undefined) return transformed;
  return mask.constant.readInt32BE(0) < 0 ? null : mask.constant.subarray(4);
}
