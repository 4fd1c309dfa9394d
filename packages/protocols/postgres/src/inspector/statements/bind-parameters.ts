import { createHash } from "node:crypto";
import { eachValue, formatAt } from "../../decode-frontend.ts";
import type { FrontendMessage } from "../../messages.ts";
import type { BoundParameters } from "../state.ts";
import { hasMaskForm, MAX_DOCUMENT_LENGTH } from "../verdict/mask-forms.ts";
import type { BoundValues } from "../verdict/own-rules.ts";
import { isIdentitySetting } from "../verdict/own-rules.ts";

type Bind = Extract<FrontendMessage, { name: "Bind" }>;

/** Recorded parameters: how many, and how many characters of each. */
export const MAX_PARAMETERS = 100;
export const MAX_PARAMETER_LENGTH = 1_000;
/** Masks and names of settings are short. In bytes. */
const MAX_LOOKED_AT = 400;

/** What is kept of the values of a Bind: a readable form for records and reviewers, and a digest of them whole. */
export function bindParameters(bind: Bind): BoundParameters & BoundValues {
  const { parameters, parameterFormats } = bind;
  if (parameters.count === 0)
    return { parameters: [], digest: "", lists: new Map(), maskLike: new Set(), namesIdentity: false };
  const digest = createHash("sha256").update(parameterFormats.join(","));
  const shown: (string | null)[] = [];
  const maskLike = new Set<number>();
  const lists = new Map<number, number>();
  let namesIdentity = false;
  let index = 0;
  for (const value of eachValue(parameters)) {
    digest.update(value === null ? "N" : `${value.length}:`);
    if (value !== null) digest.update(value);
    // text is the same in both formats
    if (value !== null && mayBeMask(value) && hasMaskForm(value.toString("utf8"))) maskLike.add(index + 1);
    if (value !== null && value.length <= MAX_LOOKED_AT) namesIdentity ||= isIdentitySetting(value.toString("utf8"));
    const elements = value === null ? 1 : elementCount(value, formatAt(parameterFormats, index));
    if (elements > 1) lists.set(index + 1, elements);
    if (index < MAX_PARAMETERS) shown.push(readableValue(value, formatAt(parameterFormats, index)));
    index++;
  }
  if (index > MAX_PARAMETERS) shown.push(`... ${index - MAX_PARAMETERS} more`);
  return { parameters: shown, digest: digest.digest("hex"), lists, maskLike, namesIdentity };
}

/** A brace or bracket, or the version of a binary jsonb before it. */
const DOCUMENT_STARTS: ReadonlySet<number> = new Set([0x7b, 0x5b, 0x01]);

/** Masks are short, but for documents that hold some. */
function mayBeMask(value: Buffer): boolean {
  if (value.length <= MAX_LOOKED_AT) return true;
  return value.length <= MAX_DOCUMENT_LENGTH && DOCUMENT_STARTS.has(value[0] ?? 0);
}

const COMMA = 0x2c;
/** Opening brace of an array, and the bracket of one that gives its bounds. */
const ARRAY_STARTS: ReadonlySet<number> = new Set([0x7b, 0x5b]);
/** int32 dimensions, flags and type; then int32 length and lower bound of each dimension. */
const ARRAY_HEADER = 12;
const DIMENSION = 8;
const MAX_DIMENSIONS = 6;

/** Never fewer than it has, if it is an array; what it is, is not known here. */
function elementCount(value: Buffer, format: number): number {
  if (format === 1) return binaryElements(value);
  if (!ARRAY_STARTS.has(value[0] ?? 0)) return 1;
  let count = 1;
  for (let at = value.indexOf(COMMA); at >= 0; at = value.indexOf(COMMA, at + 1)) count++;
  return count;
}

function binaryElements(value: Buffer): number {
  if (value.length < ARRAY_HEADER + DIMENSION) return 1;
  const dimensions = value.readInt32BE(0);
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS || value.length < ARRAY_HEADER + dimensions * DIMENSION) return 1;
  let count = 1;
  for (let index = 0; index < dimensions; index++) count *= value.readInt32BE(ARRAY_HEADER + index * DIMENSION);
  // each element has a length of its own, so there are no more than that
  return Math.max(1, Math.min(count, value.length / 4));
}

/** Text as it is, binary as bytea hex, long ones cut. */
function readableValue(value: Buffer | null, format: number): string | null {
  if (value === null) return null;
  return format === 0
    ? value.toString("utf8", 0, MAX_PARAMETER_LENGTH)
    : `\\x${value.toString("hex", 0, MAX_PARAMETER_LENGTH / 2)}`;
}
