import type { SessionEvent } from "./events.ts";
import type { Aead, SegmentPrimitives } from "./primitives.ts";
import {
  type DecodedHeader,
  decodeHeader,
  decodeUtf8,
  encodeFooter,
  encodeFrame,
  encodeHeader,
  FRAME_COMPRESSED,
  type FrameSpan,
  framePrefix,
  HASH_BYTES,
  MAX_FRAME_BYTES,
  type SegmentFooter,
  type SegmentHeader,
  scanFrames,
  sha256,
  TAG_BYTES,
  toHex,
} from "./segment-layout.ts";

/** Frames below this many plain bytes are stored as they are: zstd costs 30 us and saves nothing there. */
export const COMPRESS_FROM_BYTES = 512;
export const NO_PREVIOUS_HASH = "0".repeat(2 * HASH_BYTES);

const utf8 = new TextEncoder();
const SEALING_KEY_LABEL = utf8.encode("tidewaiter segment 1\0");

/** Builds the bytes of one segment, in order: `header`, then every `frame`, then `close`. Holds no bytes itself. */
export interface SegmentWriter {
  readonly header: Uint8Array;
  /** Bytes given out so far. */
  readonly bytes: number;
  readonly frames: number;
  /** Seals one frame of at most MAX_FRAME_BYTES plain bytes. */
  frame(plain: Uint8Array): Uint8Array;
  close(end: { readonly closedAt: number; readonly incomplete: boolean }): { bytes: Uint8Array; hash: string };
}

/** `key`: the session's recording key, 32 bytes. */
export function createSegmentWriter(
  header: SegmentHeader,
  key: Uint8Array,
  primitives: SegmentPrimitives,
): SegmentWriter {
  const { hashed, wrapped } = encodeHeader(header, primitives);
  const aead = sealingKey(key, hashed, primitives);
  const hash = primitives.createSha256();
  hash.update(hashed);
  const first = concat(hashed, wrapped);
  let bytes = first.length;
  let frames = 0;
  return {
    header: first,
    get bytes() {
      return bytes;
    },
    get frames() {
      return frames;
    },
    frame(plain) {
      if (plain.length > MAX_FRAME_BYTES) throw new RangeError("a frame is larger than the segment format allows");
      const frame = sealFrame(aead, frames, plain, primitives);
      hash.update(frame);
      frames += 1;
      bytes += frame.length;
      return frame;
    },
    close({ closedAt, incomplete }) {
      const footer = encodeFooter({ frames, recovered: false, incomplete, lostBytes: 0, closedAt });
      hash.update(footer);
      const digest = hash.digest();
      bytes += footer.length + digest.length;
      return { bytes: concat(footer, digest), hash: toHex(digest) };
    },
  };
}

export interface SegmentProblem {
  readonly kind: "changed" | "truncated" | "removed" | "reordered" | "duplicated" | "foreign";
  /** From 1; absent when the bytes do not tell. */
  readonly sequence?: number;
  /** One sentence for a person. */
  readonly detail: string;
}

export type SegmentReading =
  /** Without `footer` the segment is still being written. */
  | { readonly ok: true; readonly header: SegmentHeader; readonly footer?: SegmentFooter }
  | { readonly ok: false; readonly header?: SegmentHeader; readonly problem: SegmentProblem };

/** Of a damaged one `events` are those that could be opened before the damage. */
export type OpenedSegment = SegmentReading & { readonly events: readonly SessionEvent[] };

/** Opens a segment, whole or still growing, with the session's recording key. Never throws on damaged bytes. */
export function openSegment(bytes: Uint8Array, key: Uint8Array, primitives: SegmentPrimitives): OpenedSegment {
  const events: SessionEvent[] = [];
  const frames = readSegment(bytes, key, primitives);
  for (;;) {
    const next = frames.next();
    if (next.done) return { ...next.value, events };
    for (const event of next.value) events.push(event);
  }
}

/** As `openSegment`, the events of one frame after the other, for who has other things to do between them. */
export function* readSegment(
  bytes: Uint8Array,
  key: Uint8Array,
  primitives: SegmentPrimitives,
): Generator<readonly SessionEvent[], SegmentReading> {
  const head = decodeHeader(bytes, primitives);
  if (head === undefined) return { ok: false, problem: { kind: "changed", detail: "it has no readable header" } };
  const scan = scanFrames(bytes, head.end, primitives);
  const aead = sealingKey(key, head.hashed, primitives);
  const { header } = head;
  const fail = (kind: SegmentProblem["kind"], detail: string): SegmentReading => {
    return { ok: false, header, problem: { kind, sequence: header.sequence, detail } };
  };
  for (const [index, span] of scan.frames.entries()) {
    const opened = openFrame(bytes, span, index, { aead, primitives });
    if (opened === undefined) return fail("changed", `frame ${index + 1} cannot be opened: changed, or another key`);
    yield opened;
  }
  if (scan.footer === undefined) {
    if (scan.end === bytes.length) return { ok: true, header };
    return fail(
      "truncated",
      `${bytes.length - scan.end} bytes after frame ${scan.frames.length} are not a whole frame`,
    );
  }
  const problem = footerProblem(bytes, head, scan.footer, { frames: scan.frames.length, end: scan.end }, primitives);
  return problem === undefined ? { ok: true, header, footer: scan.footer } : fail("changed", problem);
}

/** Why a closed segment is not what was closed, by hash alone; undefined when it is. */
export function footerProblem(
  bytes: Uint8Array,
  head: DecodedHeader,
  footer: SegmentFooter,
  found: { readonly frames: number; readonly end: number },
  primitives: SegmentPrimitives,
): string | undefined {
  if (found.end !== bytes.length) return `${bytes.length - found.end} bytes follow its footer`;
  if (footer.frames !== found.frames) return `its footer counts ${footer.frames} frames, there are ${found.frames}`;
  const hash = toHex(sha256(primitives, head.hashed, bytes.subarray(head.end, found.end - HASH_BYTES)));
  return hash === footer.hash ? undefined : "its bytes do not have the hash that its footer names";
}

/** One event per line of compact JSON; JSON text never holds a line feed, so that no length is needed. */
export function encodeEvents(lines: readonly string[]): Uint8Array {
  return utf8.encode(lines.length === 1 ? lines[0] : lines.join("\n"));
}

function sealingKey(key: Uint8Array, hashedHeader: Uint8Array, primitives: SegmentPrimitives): Aead {
  return primitives.aes256Gcm(primitives.hmacSha256(key, concat(SEALING_KEY_LABEL, hashedHeader)));
}

function sealFrame(aead: Aead, index: number, plain: Uint8Array, primitives: SegmentPrimitives): Uint8Array {
  const packed = plain.length < COMPRESS_FROM_BYTES ? plain : primitives.compress(plain);
  const compressed = packed.length < plain.length;
  const body = compressed ? packed : plain;
  const prefix = framePrefix(body.length + TAG_BYTES, compressed ? FRAME_COMPRESSED : 0);
  const { ciphertext, tag } = aead.seal(nonceOf(index), prefix, body);
  return encodeFrame(prefix, ciphertext, tag, primitives);
}

function openFrame(
  bytes: Uint8Array,
  span: FrameSpan,
  index: number,
  using: { readonly aead: Aead; readonly primitives: SegmentPrimitives },
): SessionEvent[] | undefined {
  const body = bytes.subarray(span.start + 5, span.end - TAG_BYTES);
  const prefix = bytes.subarray(span.start, span.start + 5);
  const packed = using.aead.open(nonceOf(index), prefix, body, bytes.subarray(span.end - TAG_BYTES, span.end));
  if (packed === undefined) return undefined;
  const plain = span.flags & FRAME_COMPRESSED ? using.primitives.decompress(packed, MAX_FRAME_BYTES) : packed;
  const text = plain && decodeUtf8(plain);
  return text === undefined ? undefined : parseEvents(text);
}

function parseEvents(text: string): SessionEvent[] | undefined {
  const events: SessionEvent[] = [];
  for (const line of text.split("\n")) {
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch {
      return undefined;
    }
    if (!isEvent(event)) return undefined;
    events.push(event);
  }
  return events;
}

// The bytes were sealed by a gateway of ours: the tag vouches for the rest of the shape.
function isEvent(value: unknown): value is SessionEvent {
  if (typeof value !== "object" || value === null || !("type" in value) || !("at" in value)) return false;
  return typeof value.type === "string" && typeof value.at === "number";
}

function nonceOf(frame: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, frame);
  return nonce;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a, 0);
  out.set(b, a.length);
  return out;
}
