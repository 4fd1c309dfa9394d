/**
 * The stored form of a recording: one file or blob per segment, all integers big-endian. A journal file is the same
 * bytes without a footer yet. Nothing here needs a key, so that a torn journal can be closed and a chain verified by
 * whoever holds the bytes.
 *
 *     header   8  magic "TWREC" CR LF SUB
 *              2  format version, 1
 *              4  sequence within the session, from 1
 *              8  created at, milliseconds since the epoch
 *             32  hash of the previous segment; zeros in the first
 *             16  salt
 *             32  SHA-256 of the wrapped key
 *            1+n  session id
 *            1+n  id of the key that wraps
 *              2  length of the wrapped key
 *              4  CRC-32 of all the above
 *              n  wrapped key, NOT part of the segment's hash
 *     frame    4  length n of the sealed bytes
 *              1  flags: 1 = compressed by zstd before sealing
 *              n  sealed bytes: AES-256-GCM ciphertext and 16 bytes of tag
 *              4  CRC-32 of all the above in this frame
 *     footer   4  ff ff ff ff
 *              1  flags: 1 = closed by recovery, 2 = incomplete (its recorder failed)
 *              4  number of frames
 *              4  bytes cut off by recovery (4 GiB at most)
 *              8  closed at
 *             32  hash: SHA-256 of header (without the wrapped key), frames and footer before this field
 *
 * The sealing key is HMAC-SHA-256(recording key, "tidewaiter segment 1" NUL header without the wrapped key), the nonce is
 * the frame's number (from 0) in 12 bytes, the associated data are length and flags. Header and place are thereby bound
 * to every frame, and no (key, nonce) is used twice even if a sequence were ever written twice: the salt is new each time.
 *
 * The wrapped key is hashed through its own SHA-256 only, so that it can be overwritten with zeros: what was recorded
 * is then gone for ever and the chain still verifies. The CRC is against torn writes, not against people.
 */
import type { SegmentPrimitives } from "./primitives.ts";

export const FORMAT_VERSION = 1;
export const HASH_BYTES = 32;
export const TAG_BYTES = 16;
export const CRC_BYTES = 4;
export const FRAME_OVERHEAD = 5 + CRC_BYTES;
export const FOOTER_BYTES = 53;
/** Plain bytes of one frame at most; a peer's file that claims more is refused before anything is unfolded. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;

export const FRAME_COMPRESSED = 1;
export const FOOTER_RECOVERED = 1;
export const FOOTER_INCOMPLETE = 2;

const MAGIC = Uint8Array.of(0x54, 0x57, 0x52, 0x45, 0x43, 0x0d, 0x0a, 0x1a);
const FIXED_HEADER = 102;
const MAX_NAME = 128;
const MAX_WRAPPED = 4096;
const FOOTER_MARK = 0xffff_ffff;

export interface SegmentHeader {
  readonly sessionId: string;
  /** From 1. */
  readonly sequence: number;
  /** Id of the key that wraps the recording key. */
  readonly keyId: string;
  /** The recording key, wrapped; empty when it is kept elsewhere or was erased. */
  readonly wrappedKey: string;
  /** Hex. Zeros in the first segment. */
  readonly previousHash: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface SegmentFooter {
  readonly frames: number;
  /** Closed at the next start of a gateway that was lost, without the key. */
  readonly recovered: boolean;
  /** The recorder failed (disk full): what happened after the last frame is not recorded. */
  readonly incomplete: boolean;
  /** Bytes of a torn frame that recovery had to cut off. */
  readonly lostBytes: number;
  readonly closedAt: number;
  /** Hex; the segment's hash, repeated in the next header. */
  readonly hash: string;
}

export interface FrameSpan {
  readonly start: number;
  /** End of the sealed bytes; the CRC follows. */
  readonly end: number;
  readonly flags: number;
}

export interface DecodedHeader {
  readonly header: SegmentHeader;
  /** The header without the wrapped key: what is hashed. */
  readonly hashed: Uint8Array;
  /** Offset of the first frame. */
  readonly end: number;
  /** Is the wrapped key the one that was written; `erased` = all zeros. */
  readonly wrappedKeyState: "intact" | "erased" | "changed";
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true });

export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

function fromHex(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new RangeError("a segment hash is 64 hexadecimal digits");
  return Uint8Array.from({ length: HASH_BYTES }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}

export function encodeHeader(header: SegmentHeader, primitives: SegmentPrimitives) {
  const session = utf8.encode(header.sessionId);
  const keyId = utf8.encode(header.keyId);
  const wrapped = utf8.encode(header.wrappedKey);
  if (session.length > MAX_NAME || keyId.length > MAX_NAME || wrapped.length > MAX_WRAPPED) {
    throw new RangeError("session id, key id or wrapped key is longer than the segment format allows");
  }
  const hashed = new Uint8Array(FIXED_HEADER + 1 + session.length + 1 + keyId.length + 2 + 4);
  const view = new DataView(hashed.buffer);
  hashed.set(MAGIC, 0);
  view.setUint16(8, FORMAT_VERSION);
  view.setUint32(10, header.sequence);
  view.setBigUint64(14, BigInt(header.createdAt));
  hashed.set(fromHex(header.previousHash), 22);
  hashed.set(primitives.randomBytes(16), 54);
  hashed.set(sha256(primitives, wrapped), 70);
  let at = FIXED_HEADER;
  for (const name of [session, keyId]) {
    hashed[at] = name.length;
    hashed.set(name, at + 1);
    at += 1 + name.length;
  }
  view.setUint16(at, wrapped.length);
  view.setUint32(at + 2, primitives.crc32(hashed.subarray(0, at + 2)));
  return { hashed, wrapped };
}

/** Undefined when the bytes do not begin with a whole, unchanged header of this format version. */
export function decodeHeader(bytes: Uint8Array, primitives: SegmentPrimitives): DecodedHeader | undefined {
  const view = viewOf(bytes);
  if (bytes.length < FIXED_HEADER || MAGIC.some((byte, index) => bytes[index] !== byte)) return undefined;
  if (view.getUint16(8) !== FORMAT_VERSION) return undefined;
  const session = readName(bytes, FIXED_HEADER);
  const keyId = session && readName(bytes, session.end);
  if (session === undefined || keyId === undefined || keyId.end + 6 > bytes.length) return undefined;
  const wrappedLength = view.getUint16(keyId.end);
  const hashedEnd = keyId.end + 6;
  if (wrappedLength > MAX_WRAPPED || hashedEnd + wrappedLength > bytes.length) return undefined;
  if (view.getUint32(keyId.end + 2) !== primitives.crc32(bytes.subarray(0, keyId.end + 2))) return undefined;
  const createdAt = Number(view.getBigUint64(14));
  if (!Number.isSafeInteger(createdAt) || view.getUint32(10) === 0) return undefined;
  const wrapped = bytes.subarray(hashedEnd, hashedEnd + wrappedLength);
  const wrappedKeyState = stateOfWrapped(wrapped, bytes.subarray(70, 102), primitives);
  return {
    header: {
      sessionId: session.name,
      sequence: view.getUint32(10),
      keyId: keyId.name,
      wrappedKey: wrappedKeyState === "intact" ? (decodeUtf8(wrapped) ?? "") : "",
      previousHash: toHex(bytes.subarray(22, 54)),
      createdAt,
    },
    hashed: bytes.subarray(0, hashedEnd),
    end: hashedEnd + wrappedLength,
    wrappedKeyState,
  };
}

export function encodeFrame(
  prefix: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
  primitives: SegmentPrimitives,
) {
  const frame = new Uint8Array(prefix.length + ciphertext.length + tag.length + 4);
  frame.set(prefix, 0);
  frame.set(ciphertext, prefix.length);
  frame.set(tag, prefix.length + ciphertext.length);
  const end = frame.length - 4;
  new DataView(frame.buffer).setUint32(end, primitives.crc32(frame.subarray(0, end)));
  return frame;
}

export function framePrefix(sealedLength: number, flags: number): Uint8Array {
  const prefix = new Uint8Array(5);
  new DataView(prefix.buffer).setUint32(0, sealedLength);
  prefix[4] = flags;
  return prefix;
}

/** The footer up to its hash field. */
export function encodeFooter(footer: Omit<SegmentFooter, "hash">): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES - HASH_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FOOTER_MARK);
  bytes[4] = (footer.recovered ? FOOTER_RECOVERED : 0) | (footer.incomplete ? FOOTER_INCOMPLETE : 0);
  view.setUint32(5, footer.frames);
  view.setUint32(9, Math.min(footer.lostBytes, FOOTER_MARK));
  view.setBigUint64(13, BigInt(footer.closedAt));
  return bytes;
}

export interface Scan {
  readonly frames: readonly FrameSpan[];
  readonly footer?: SegmentFooter;
  /** Offset after the last whole frame, or after the footer. Bytes beyond it are torn or foreign. */
  readonly end: number;
}

/** Walks the frames after the header by structure and CRC alone, up to the footer or the first thing that is not whole. */
export function scanFrames(bytes: Uint8Array, from: number, primitives: SegmentPrimitives): Scan {
  const view = viewOf(bytes);
  const frames: FrameSpan[] = [];
  let at = from;
  while (at + FRAME_OVERHEAD <= bytes.length) {
    const length = view.getUint32(at);
    if (length === FOOTER_MARK) {
      const footer = decodeFooter(bytes, at);
      return footer === undefined ? { frames, end: at } : { frames, footer, end: at + FOOTER_BYTES };
    }
    const end = at + 5 + length;
    const flags = bytes[at + 4] ?? 0;
    if (length < TAG_BYTES || length > MAX_FRAME_BYTES + TAG_BYTES || flags > FRAME_COMPRESSED) break;
    if (end + 4 > bytes.length || view.getUint32(end) !== primitives.crc32(bytes.subarray(at, end))) break;
    frames.push({ start: at, end, flags });
    at = end + 4;
  }
  return { frames, end: at };
}

function decodeFooter(bytes: Uint8Array, at: number): SegmentFooter | undefined {
  if (at + FOOTER_BYTES > bytes.length) return undefined;
  const view = viewOf(bytes);
  const flags = bytes[at + 4] ?? 0;
  const closedAt = Number(view.getBigUint64(at + 13));
  if (flags > (FOOTER_RECOVERED | FOOTER_INCOMPLETE) || !Number.isSafeInteger(closedAt)) return undefined;
  return {
    recovered: (flags & FOOTER_RECOVERED) !== 0,
    incomplete: (flags & FOOTER_INCOMPLETE) !== 0,
    frames: view.getUint32(at + 5),
    lostBytes: view.getUint32(at + 9),
    closedAt,
    hash: toHex(bytes.subarray(at + FOOTER_BYTES - HASH_BYTES, at + FOOTER_BYTES)),
  };
}

export function sha256(primitives: SegmentPrimitives, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = primitives.createSha256();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function stateOfWrapped(wrapped: Uint8Array, expected: Uint8Array, primitives: SegmentPrimitives) {
  const actual = sha256(primitives, wrapped);
  if (expected.every((byte, index) => byte === actual[index])) return "intact";
  return wrapped.every((byte) => byte === 0) ? "erased" : "changed";
}

function readName(bytes: Uint8Array, at: number): { name: string; end: number } | undefined {
  const length = bytes[at];
  if (length === undefined || length > MAX_NAME || at + 1 + length > bytes.length) return undefined;
  const name = decodeUtf8(bytes.subarray(at + 1, at + 1 + length));
  return name === undefined ? undefined : { name, end: at + 1 + length };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
