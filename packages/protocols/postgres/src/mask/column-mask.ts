import { isAscii, isUtf8 } from "node:buffer";
import type { MaskSpec, ValueMaskSpec } from "@tidewaiter/core";
import { DETECTOR_NAMES } from "@tidewaiter/toolkit/content/detector";
import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import { keepDomain, keepEnds, keepYearOrMonth } from "@tidewaiter/toolkit/mask/keep-part";
import { bucketOf, bucketText } from "./bucket.ts";
import type { ContentMask } from "./content-mask.ts";
import { contentMask, redactedValue } from "./content-mask.ts";
import type { Decimal } from "./decimal.ts";
import { decodeNumeric, encodeNumeric, formatDecimal, parseDecimal } from "./decimal.ts";
import { integerType, readInteger, writeInteger } from "./integers.ts";
import { JsonMask } from "./json-mask.ts";
import { KeyedTokens } from "./keyed-token.ts";
import type { ServerTypes } from "./server-types.ts";
import { truncationOf } from "./truncate-time.ts";
import { CHARACTER_TYPES, keepsLength } from "./type-constants.ts";

/** The bytes of a value in its column's format to those that replace it; undefined: by the constant. */
export type Transform = (value: Buffer) => Buffer | undefined;

/** How one column's values are replaced. */
export interface ColumnMask {
  /** The whole field: int32 length and bytes. */
  readonly constant: Buffer;
  readonly transform?: Transform;
  /** By so many bytes a value usually grows at most. */
  readonly growth: number;
  /** A value and what replaces it always have one length, so that it can be replaced while it streams. */
  readonly keepsLength: boolean;
  /** NULL becomes the constant, too: of an expression it tells something about the value. */
  readonly hidesNull?: boolean;
}

export interface MaskInput {
  readonly spec: MaskSpec;
  /** As RowDescription gives it: never a domain. */
  readonly typeOid: number;
  /** 0 text, 1 binary */
  readonly format: number;
  /** The first label of the column: keyed tokens are stable per label. */
  readonly label: string;
  readonly tokenKey: Buffer;
  /** False when the client's encoding is not UTF-8: then a part can be kept of ASCII values only. */
  readonly utf8: boolean;
  /** The server's own types. */
  readonly types: ServerTypes;
  /** What is looked for in the parts of a JSON document that no path names: as in a column without a label. */
  readonly content?: ContentMask | undefined;
}

/** Longer values are replaced by the constant, whatever the transform: they need not be held whole. */
export const MAX_TRANSFORMED_BYTES = 1024 * 1024;

const NULL_FIELD = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const BPCHAR = 1042;
const JSON_TYPE = 114;
const JSONB = 3802;
const JSONB_VERSION = 1;
const NUMERIC = 1700;
const UUID = 2950;
const UUID_TEXT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const EVERY_DETECTOR = detectorSet(DETECTOR_NAMES);

/** For an expression over labels: nothing of it may show, not even whether it is NULL. */
export function hidingNull(mask: ColumnMask | ContentMask): ColumnMask | ContentMask {
  return "detectors" in mask ? mask : { ...mask, hidesNull: true, keepsLength: false };
}

/** A transform that does not fit the type is the constant. */
export function columnMask(input: MaskInput): ColumnMask | ContentMask {
  if (input.spec.transform === "redact") {
    const redacted = contentMask(input.typeOid, input.format, { detectors: EVERY_DETECTOR, found: () => {} });
    if (redacted !== undefined) return redacted;
  }
  const constant = constantField(input);
  const sameLength = keepsLength(input.typeOid, input.format) && constant !== NULL_FIELD;
  const transform = transformOf(input);
  if (transform === undefined) return { constant, growth: constant.length, keepsLength: sameLength };
  return {
    constant,
    transform: (value) => (value.length > MAX_TRANSFORMED_BYTES ? undefined : transform(value)),
    growth: constant.length + 32,
    keepsLength: sameLength,
  };
}

/** NULL, which every type allows. */
export const NULL_MASK: ColumnMask = { constant: NULL_FIELD, growth: 0, keepsLength: false };

/** For places that hold no typed field, such as a COPY line. */
export function maskedValue(mask: ColumnMask, value: Buffer): Buffer | null {
  const transformed = mask.transform?.(value);
  if (transformed !== undefined) return transformed;
  return mask.constant.readInt32BE(0) < 0 ? null : mask.constant.subarray(4);
}

function constantField({ spec, typeOid, format, types }: MaskInput): Buffer {
  const constant = types.constant(typeOid);
  const value = format === 1 ? constant?.binary : constant?.text;
  if (spec.transform === "null" || value === undefined) return NULL_FIELD;
  const out = Buffer.allocUnsafe(4 + value.length);
  out.writeInt32BE(value.length);
  value.copy(out, 4);
  return out;
}

function transformOf(input: MaskInput): Transform | undefined {
  const { spec, typeOid, format } = input;
  const isText = CHARACTER_TYPES.has(typeOid) || input.types.isText(typeOid);
  switch (spec.transform) {
    case "year":
    case "month":
      return truncationOf(typeOid, format, spec.transform);
    case "bucket":
      return bucketOf(typeOid, format, spec.size);
    case "json":
      return typeOid === JSON_TYPE || typeOid === JSONB ? jsonTransform(input) : undefined;
    case "token":
      return isText ? textTransform(input) : tokenOf(input);
    case "last":
    case "partial":
    case "email_domain":
      return isText ? textTransform(input) : undefined;
    default:
      return undefined;
  }
}

function textTransform({ spec, typeOid, utf8, tokenKey, label }: MaskInput): Transform | undefined {
  if (spec.transform === "json") return undefined;
  const masked = textMasks(spec, new KeyedTokens(tokenKey, label));
  return (value) => {
    // what another encoding means by its bytes is not known here
    if (!(utf8 ? isUtf8(value) : isAscii(value))) return undefined;
    const text = value.toString("utf8");
    const out = masked(typeOid === BPCHAR ? text.replace(/ +$/, "") : text);
    return out === undefined ? undefined : Buffer.from(out);
  };
}

/** What a mask makes of text; undefined: it does not fit, or would hide nothing. */
function textMasks(spec: ValueMaskSpec, tokens: KeyedTokens): (text: string) => string | undefined {
  switch (spec.transform) {
    case "token":
      return (text) => tokens.text(text);
    case "last":
      return (text) => keepEnds(text, 0, spec.keep);
    case "partial":
      return (text) => keepEnds(text, spec.first, spec.last);
    case "email_domain":
      return keepDomain;
    default:
      return () => undefined;
  }
}

/** Numbers and UUIDs. A smallint has no room for tokens of its own. */
function tokenOf({ typeOid, format, tokenKey, label }: MaskInput): Transform | undefined {
  const tokens = new KeyedTokens(tokenKey, label);
  if (typeOid === UUID) return (value) => uuidToken(tokens, format, value);
  if (typeOid === NUMERIC) {
    return (value) => {
      const decimal = format === 1 ? decodeNumeric(value) : parseDecimal(value.toString("latin1"));
      if (decimal === undefined) return undefined;
      const token: Decimal = { coefficient: tokens.number(decimal), scale: 0 };
      return format === 1 ? encodeNumeric(token) : Buffer.from(formatDecimal(token));
    };
  }
  const width = integerType(typeOid);
  if (width === undefined || width === 2) return undefined;
  return (value) => {
    const integer = readInteger(width, format, value);
    if (integer === undefined) return undefined;
    return writeInteger(width, format, tokens.number({ coefficient: integer, scale: 0 }));
  };
}

function uuidToken(tokens: KeyedTokens, format: number, value: Buffer): Buffer | undefined {
  if (format === 1) return value.length === 16 ? tokens.uuid(value) : undefined;
  const text = value.toString("latin1");
  if (!UUID_TEXT.test(text)) return undefined;
  const hex = tokens.uuid(Buffer.from(text.replaceAll("-", ""), "hex")).toString("hex");
  return Buffer.from(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"));
}

function jsonTransform({ spec, typeOid, format, tokenKey, label, utf8, content }: MaskInput): Transform | undefined {
  if (spec.transform !== "json" || !utf8) return undefined;
  const tokens = new KeyedTokens(tokenKey, label);
  const rest = content && { ...content, skip: 0 };
  const mask = new JsonMask(spec, {
    leaf: (how, kind, text) => (kind === "string" ? jsonString(how, tokens, text) : jsonNumber(how, tokens, text)),
    rest: (part) => (rest && redactedValue(rest, part)) ?? part,
  });
  const version = typeOid === JSONB && format === 1 ? 1 : 0;
  return (value) => {
    if (version === 1 && value[0] !== JSONB_VERSION) return undefined;
    const masked = mask.apply(value.subarray(version));
    return masked === undefined || version === 0 ? masked : Buffer.concat([value.subarray(0, version), masked]);
  };
}

function jsonString(mask: ValueMaskSpec, tokens: KeyedTokens, text: string): string | undefined {
  const masked =
    mask.transform === "redact"
      ? redactText(text, EVERY_DETECTOR)
      : mask.transform === "year" || mask.transform === "month"
        ? keepYearOrMonth(text, mask.transform)
        : textMasks(mask, tokens)(text);
  return masked === undefined ? undefined : JSON.stringify(masked);
}

function jsonNumber(mask: ValueMaskSpec, tokens: KeyedTokens, text: string): string | undefined {
  if (mask.transform === "redact") return redactText(text, EVERY_DETECTOR) === text ? text : undefined;
  if (mask.transform === "bucket") return bucketText(text, mask.size);
  if (mask.transform !== "token") return undefined;
  const decimal = parseDecimal(text);
  return decimal === undefined ? undefined : tokens.number(decimal).toString();
}
