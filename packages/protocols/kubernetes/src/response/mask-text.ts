import type { ValueMaskSpec } from "@tidewaiter/core";
import { DETECTOR_NAMES } from "@tidewaiter/toolkit/content/detector";
import { type DetectorSet, detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { findSensitive } from "@tidewaiter/toolkit/content/find-sensitive";
import { keepDomain, keepEnds, keepYearOrMonth } from "@tidewaiter/toolkit/mask/keep-part";

/**
 * In every mask of this protocol, so that one that comes back in a write is known wherever it stands. Nothing in a mask has
 * to be escaped in JSON, and a plain scalar of YAML may be one.
 */
const PHRASE = "masked by tidewaiter";

export const CONSTANT_TEXT = `<${PHRASE}>`;

const EVERY_DETECTOR = detectorSet(DETECTOR_NAMES);

/** What stands for a value of which `shown` may be seen: `<****4242 masked by tidewaiter>`. */
function maskText(shown: string): string {
  return `<${shown} ${PHRASE}>`;
}

export type Token = (label: string, value: string) => string;

/** A transform that does not fit a text, or would hide nothing of it, is the constant; so is null, which a write-back would delete by. */
export function maskedText(spec: ValueMaskSpec, text: string, token: () => string | undefined): string {
  const kept = keptOf(spec, text, token);
  return kept === undefined ? CONSTANT_TEXT : maskText(kept);
}

function keptOf(spec: ValueMaskSpec, text: string, token: () => string | undefined): string | undefined {
  switch (spec.transform) {
    case "token":
      return token();
    case "last":
      return keepEnds(text, 0, spec.keep);
    case "partial":
      return keepEnds(text, spec.first, spec.last);
    case "email_domain":
      return keepDomain(text);
    case "year":
    case "month":
      return keepYearOrMonth(text, spec.transform);
    default:
      return undefined;
  }
}

/** A text without what the detectors find in it; undefined when they find nothing. `found` is told of each detector. */
export function withoutFindings(
  text: Buffer,
  set: DetectorSet = EVERY_DETECTOR,
  found: (detector: string) => void = () => {},
): Buffer | undefined {
  const spans = findSensitive(text, 0, text.length, set);
  if (spans.length === 0) return undefined;
  const parts: Buffer[] = [];
  let from = 0;
  for (const { start, end, detector } of spans) {
    found(detector);
    parts.push(text.subarray(from, start), Buffer.from(maskText(detector)));
    from = end;
  }
  parts.push(text.subarray(from));
  return Buffer.concat(parts);
}

/** The middle of the phrase in base64, at each of the three places where it may begin among groups of three bytes. */
const IN_BASE64 = [0, 1, 2].map((skip) => {
  const whole = Buffer.from("x".repeat(skip) + PHRASE);
  const first = skip === 0 ? 0 : 4;
  return whole
    .subarray(0, whole.length - (whole.length % 3))
    .toString("base64")
    .slice(first);
});
const FORMS = [PHRASE, ...IN_BASE64];
const FORM_BYTES = FORMS.map((form) => Buffer.from(form));

/** A text is one of our masks or holds one, as it is or in base64. */
export function holdsMask(text: string): boolean {
  return FORMS.some((form) => text.includes(form));
}

export function bytesHoldMask(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return FORM_BYTES.some((form) => buffer.includes(form));
}
