import type { DetectorSet } from "../content/detector-set.ts";
import { markerOf } from "../content/detector-set.ts";
import { findSensitive } from "../content/find-sensitive.ts";
import type { Span } from "../content/span.ts";
import { visibleText } from "./escape-sequences.ts";

/** As much as a finding may be long in front of a cut: what is kept back, and what is remembered of what has gone out. */
const REACH = 256;
/** A line that does not end is not kept back any longer. */
const MAX_HELD = 4 * 1024;
const STAR = 0x2a;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
const KEY_END = Buffer.from("-----END");
const PRIVATE_KEY = "private_key";
/** A key that never ends is let go of: better a broken mask than a stream that is silent for ever. */
const MAX_KEY = 64 * 1024;

export interface OutputMaskOptions {
  readonly set: DetectorSet;
  /** In a terminal: a finding becomes as many stars as it had bytes, so that what stands in columns stays there. */
  readonly keepWidth: boolean;
}

/**
 * Takes what the detectors find out of a byte stream. Escape sequences are looked through and stay where they are. The last
 * line is kept back until it ends, more comes, or `flush` is called, so that a finding may lie across chunks.
 */
export class OutputMask {
  readonly #set: DetectorSet;
  readonly #keepWidth: boolean;
  #held: Buffer = Buffer.alloc(0);
  /** Visible bytes that have gone out already: a finding that began in them is masked from here on. */
  #before: Buffer = Buffer.alloc(0);
  /** Bytes of a private key that has begun and not ended; 0 = none. */
  #keyBytes = 0;
  /** How many findings were masked. */
  found = 0;

  constructor({ set, keepWidth }: OutputMaskOptions) {
    this.#set = set;
    this.#keepWidth = keepWidth;
  }

  /** Something waits for `flush`. */
  get holds(): number {
    return this.#held.length;
  }

  /** What may go out now; possibly nothing. */
  push(chunk: Buffer): Buffer {
    const all = Buffer.concat([this.#held, chunk]);
    const line = all.lastIndexOf(NEWLINE) + 1;
    const cut = all.length - line > MAX_HELD ? all.length - REACH : line;
    if (cut > 0) return this.#release(all, cut, false);
    // nothing can go out: whoever sends byte by byte has each of them looked at once, not with all before it
    this.#held = all;
    return NOTHING;
  }

  /** All that is held, whatever may follow. */
  flush(): Buffer {
    return this.#release(this.#held, this.#held.length, true);
  }

  #release(all: Buffer, cut: number, final: boolean): Buffer {
    const { bytes, places, end } = visibleText(all);
    const place = (index: number): number => (places === undefined ? index : (places[index] ?? all.length));
    const known = Buffer.concat([this.#before, bytes]);
    const offset = this.#before.length;
    let limit = final ? all.length : Math.min(cut, end);
    const spans = this.#spans(known, offset, visibleUpTo(bytes.length, limit, place) + offset);
    // a finding is never cut: it goes out whole, when it has ended
    for (const span of final || this.#keyBytes > 0 ? [] : spans) {
      const from = place(Math.max(0, span.start - offset));
      if (from < limit && place(span.end - offset - 1) >= limit && limit - from < REACH) limit = from;
    }
    const shown = this.#shown(all.subarray(0, limit), spans, offset, place);
    const seen = bytes.subarray(0, visibleUpTo(bytes.length, limit, place));
    this.#before = Buffer.from(Buffer.concat([this.#before, seen]).subarray(-REACH));
    this.#held = limit === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(limit));
    return shown;
  }

  /** Findings in `known`, of which what stands before `released` goes out now. */
  #spans(known: Buffer, offset: number, released: number): readonly Span[] {
    const spans = findSensitive(known, 0, known.length, this.#set);
    if (this.#keyBytes > 0) return this.#restOfKey(known, offset, released, spans);
    const open = spans.find(
      ({ detector, start, end }) =>
        detector === PRIVATE_KEY && start < released && end >= released && !known.includes(KEY_END, start),
    );
    if (open !== undefined) this.#keyBytes = released - open.start;
    return spans;
  }

  /** Until the line that ends the key, everything belongs to it. */
  #restOfKey(known: Buffer, offset: number, released: number, spans: readonly Span[]): readonly Span[] {
    const close = known.indexOf(KEY_END, Math.max(0, offset - KEY_END.length + 1));
    const line = close < 0 ? -1 : known.indexOf(NEWLINE, close);
    this.#keyBytes += released - offset;
    if (line >= 0 || this.#keyBytes > MAX_KEY) this.#keyBytes = 0;
    const end = line < 0 ? known.length : line;
    return [{ start: 0, end, detector: PRIVATE_KEY }, ...spans.filter(({ start }) => start >= end)];
  }

  #shown(out: Buffer, spans: readonly Span[], offset: number, place: (index: number) => number): Buffer {
    if (spans.length === 0) return Buffer.from(out);
    const parts: Buffer[] = [];
    let at = 0;
    for (const span of spans) {
      const first = span.start - offset;
      let masked = false;
      for (let index = Math.max(0, first); index < span.end - offset; index++) {
        const where = place(index);
        if (where >= out.length) break;
        if (where > at) parts.push(out.subarray(at, where));
        if (where < at) continue;
        if (this.#keepWidth) parts.push(Buffer.of(out[where] === NEWLINE ? NEWLINE : STAR));
        else if (!masked && first >= 0) parts.push(Buffer.from(markerOf(this.#set, span.detector)));
        masked = true;
        at = where + 1;
      }
      if (masked) this.found++;
    }
    parts.push(out.subarray(at));
    return Buffer.concat(parts);
  }
}

/** How many visible bytes stand before `limit`. */
function visibleUpTo(length: number, limit: number, place: (index: number) => number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (place(middle) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
