import type { Span } from "./span.ts";

/** Names as a policy's labels write them under `detect`. */
export const DETECTOR_NAMES = ["email", "us_ssn", "payment_card", "iban", "phone", "jwt", "private_key"] as const;

export type DetectorName = (typeof DETECTOR_NAMES)[number];

export function isDetectorName(name: string): name is DetectorName {
  return (DETECTOR_NAMES as readonly string[]).includes(name);
}

/** The detector's bit in a set. */
export function bitOf(name: DetectorName): number {
  return 1 << DETECTOR_NAMES.indexOf(name);
}

/** Finds values of one kind by their content, in time linear in the bytes looked at. */
export interface Detector {
  readonly name: DetectorName;
  /**
   * What stands in place of a finding: constant, and never longer than the shortest finding, so that no cell grows. It
   * holds nothing that text, JSON strings, XML, arrays or composites would have to escape.
   */
  readonly marker: string;
  /** Appends every finding in `buffer[start, end)`, in order of their starts. Never reads outside of that range. */
  readonly find: (buffer: Uint8Array, start: number, end: number, into: Span[]) => void;
}
