import type { SegmentPrimitives } from "./primitives.ts";
import { footerProblem } from "./segment.ts";
import {
  CRC_BYTES,
  decodeHeader,
  encodeFooter,
  HASH_BYTES,
  type SegmentHeader,
  scanFrames,
  sha256,
  toHex,
} from "./segment-layout.ts";

export type RecoveredSegment =
  /** It had been closed; nothing is missing. */
  | { readonly state: "closed"; readonly header: SegmentHeader; readonly bytes: Uint8Array; readonly hash: string }
  /** Cut after its last whole frame and closed. `lostBytes` is 0 when the writer died between two frames. */
  | {
      readonly state: "repaired";
      readonly header: SegmentHeader;
      readonly bytes: Uint8Array;
      readonly hash: string;
      readonly frames: number;
      readonly lostBytes: number;
    }
  /** Not even a whole header: no event was ever accepted into it. */
  | { readonly state: "unreadable" };

/**
 * Closes the journal of a writer that died, without its key. Everything up to the first frame that is not whole is kept;
 * the footer says that the segment was recovered and how many bytes were cut. `incomplete` says that its recorder knew that
 * it had failed.
 */
export function recoverSegment(
  journal: Uint8Array,
  close: { readonly closedAt: number; readonly incomplete?: boolean },
  primitives: SegmentPrimitives,
): RecoveredSegment {
  const head = decodeHeader(journal, primitives);
  if (head === undefined) return { state: "unreadable" };
  const { header } = head;
  const scan = scanFrames(journal, head.end, primitives);
  const found = { frames: scan.frames.length, end: scan.end };
  if (scan.footer !== undefined && footerProblem(journal, head, scan.footer, found, primitives) === undefined) {
    return { state: "closed", header, bytes: journal, hash: scan.footer.hash };
  }
  const last = scan.frames.at(-1);
  const end = last === undefined ? head.end : last.end + CRC_BYTES;
  const lostBytes = journal.length - end;
  const frames = scan.frames.length;
  const footer = encodeFooter({
    frames,
    recovered: true,
    incomplete: close.incomplete ?? false,
    lostBytes,
    closedAt: close.closedAt,
  });
  const digest = sha256(primitives, head.hashed, journal.subarray(head.end, end), footer);
  const bytes = new Uint8Array(end + footer.length + HASH_BYTES);
  bytes.set(journal.subarray(0, end), 0);
  bytes.set(footer, end);
  bytes.set(digest, end + footer.length);
  return { state: "repaired", header, bytes, hash: toHex(digest), frames, lostBytes };
}

/**
 * The segment with its wrapped key overwritten: what it holds can never be opened again, its hash stays. Undefined when
 * the bytes are not a segment. The key must be erased wherever else it is kept.
 */
export function eraseSegmentKey(segment: Uint8Array, primitives: SegmentPrimitives): Uint8Array | undefined {
  const head = decodeHeader(segment, primitives);
  if (head === undefined) return undefined;
  const erased = segment.slice();
  erased.fill(0, head.hashed.length, head.end);
  return erased;
}
