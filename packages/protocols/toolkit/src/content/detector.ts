import type { DetectorName } from "@tidewaiter/core/policy/detector-names";
import { DETECTOR_NAMES } from "@tidewaiter/core/policy/detector-names";
import type { Span } from "./span.ts";

export type { DetectorName } from "@tidewaiter/core/policy/detector-names";
export { DETECTOR_NAMES, isDetectorName } from "@tidewaiter/core/policy/detector-names";

/** The detector's bit in a set; the patterns of a policy share `PATTERNS`. */
export function bitOf(name: DetectorName): number {
  return 1 << DETECTOR_NAMES.indexOf(name);
}

export const PATTERNS = 1 << 30;

/** Finds values of one kind by their content, in time linear in the bytes looked at. */
export interface Detector {
  /** One of `DETECTOR_NAMES`, or the name of a policy's own pattern. */
  readonly name: string;
  /**
   * What stands in place of a finding: constant, and never longer than the shortest finding, so that no cell grows. It
   * holds nothing that text, JSON strings, XML, arrays or composites would have to escape.
   */
  readonly marker: string;
  /** Text of printable ASCII, without quotation marks and backslashes, one of which every finding holds; what it names is looked for. */
  readonly literals?: readonly string[];
  /** Words in a column's name that speak of this kind, in small letters. */
  readonly columnWords?: readonly string[];
  /**
   * Appends every finding in `buffer[start, end)`, in order of their starts. Never reads outside of that range.
   * @param named the column's name speaks of this kind: forms count that mean nothing elsewhere, such as nine bare digits
   */
  readonly find: (buffer: Uint8Array, start: number, end: number, into: Span[], named: boolean) => void;
}
