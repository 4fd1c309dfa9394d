import { bitOf } from "@tidewaiter/toolkit/content/detector";
import { findSensitive } from "@tidewaiter/toolkit/content/find-sensitive";
import type { Span } from "@tidewaiter/toolkit/content/span";
import type { ContentMask } from "./content-mask.ts";
import { JsonPlaces } from "./json-places.ts";

/**
 * Longest finding, in bytes, that is sure to be found across two windows of a value; tokens and keys that have not ended yet
 * are followed further. In a value that is masked whole findings have no such limit.
 */
export const LONGEST_FINDING = 16 * 1024;
/** A token that has not ended after so many bytes is taken for a finding. */
const LONGEST_TOKEN = 256 * 1024;
/** How much is looked through at once, beside what is looked at again. */
const WINDOW = 128 * 1024;
const STAR = 0x2a;
const ONE = 0x31;
const NOTHING = Buffer.alloc(0);
/** Stands before the body of a key whose beginning has gone out, so that its end is found. */
const KEY_BEGINS = Buffer.from("-----BEGIN PRIVATE KEY-----\n");
/** Every JSON Web Token begins so: `{"` in base64url. */
const TOKEN_BEGINS = Buffer.from("eyJ");

/**
 * Content redaction of a value that arrives in pieces: what is found is overwritten byte for byte, so the value keeps its
 * length, and the last bytes of each window wait for the next, since a finding may lie across both. However a value is cut
 * into pieces, the windows are the same, and so is what comes out.
 */
export class ContentStream {
  readonly #mask: ContentMask;
  readonly #found: (detector: string) => void;
  readonly #fill: number;
  readonly #places: JsonPlaces | undefined;
  /** Bytes at its beginning that pass unread. */
  #skip: number;
  /** What went out already, as it came, and may lie before a finding. */
  #context: Buffer = NOTHING;
  readonly #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** With so many pending the next window is looked through. */
  #enough = WINDOW + LONGEST_FINDING;
  /** Bytes that went out, without those skipped. */
  #sent = 0;
  /** The last finding ran on to the end of everything that was there. */
  #open: "key" | "token" | undefined;

  /** @param fill stands for each byte of a finding; numbers in JSON become ones */
  constructor(mask: ContentMask, found: (detector: string) => void, fill = STAR) {
    this.#mask = mask;
    this.#found = found;
    this.#fill = fill;
    this.#skip = mask.skip;
    this.#places = mask.form === "json" ? new JsonPlaces() : undefined;
  }

  /** The next bytes of the value, which are not written to; gives those that are ready. */
  push(bytes: Buffer, last: boolean): readonly Buffer[] {
    const out: Buffer[] = [];
    let from = Math.min(this.#skip, bytes.length);
    this.#skip -= from;
    if (from > 0) out.push(bytes.subarray(0, from));
    while (from < bytes.length) {
      const to = Math.min(bytes.length, from + this.#enough - this.#pendingBytes);
      this.#pending.push(bytes.subarray(from, to));
      this.#pendingBytes += to - from;
      from = to;
      if (this.#pendingBytes === this.#enough) out.push(this.#look(false));
    }
    if (last && this.#pendingBytes > 0) out.push(this.#look(true));
    return out;
  }

  /** Looks through what is pending and gives of it what can go out. */
  #look(last: boolean): Buffer {
    const window = Buffer.concat([this.#context, ...this.#pending]);
    const from = this.#context.length;
    const spans = this.#spans(window, from, last);
    let safe = last ? window.length : this.#safe(window, from, spans);
    let out: Buffer | undefined;
    this.#open = undefined;
    for (const span of spans) {
      if (span.end <= from || span.start >= safe) continue;
      // the window stays as it came: what lies behind a finding is judged by what it was
      out ??= Buffer.from(window.subarray(from));
      this.#overwrite(window, from, { ...span, start: Math.max(from, span.start) }, out);
      safe = Math.max(safe, span.end);
      if (span.end === window.length && !last) this.#open = span.detector === "private_key" ? "key" : "token";
    }
    this.#places?.walk(window, this.#sent - from, this.#sent + safe - from);
    this.#keep(window, from, safe);
    return out === undefined ? window.subarray(from, safe) : out.subarray(0, safe - from);
  }

  #spans(window: Buffer, from: number, last: boolean): readonly Span[] {
    const spans = findSensitive(window, 0, window.length, this.#mask.detectors);
    if (this.#open === "token") {
      const end = tokenEnd(window, from);
      return end === from
        ? spans
        : [{ start: from, end, detector: "jwt" }, ...spans.filter(({ start }) => start >= end)];
    }
    const token = last ? -1 : this.#openToken(window, from);
    if (token === -1 || window.length - token < LONGEST_TOKEN) return spans;
    return [...spans.filter(({ end }) => end <= token), { start: token, end: window.length, detector: "jwt" }];
  }

  /** Up to where nothing can change any more: a finding that begins before it has been seen whole. */
  #safe(window: Buffer, from: number, spans: readonly Span[]): number {
    const safe = Math.max(from, window.length - LONGEST_FINDING);
    const token = this.#openToken(window, from);
    const isFound = spans.some(({ start, end }) => start <= token && token < end);
    return token === -1 || isFound ? safe : Math.min(safe, token);
  }

  /** Where a token begins that goes on to the end of the window, or -1. */
  #openToken(window: Buffer, from: number): number {
    if (this.#open !== undefined || (this.#mask.detectors.bits & bitOf("jwt")) === 0) return -1;
    let run = window.length;
    while (run > from && isTokenByte(window[run - 1] ?? 0)) run--;
    return window.indexOf(TOKEN_BEGINS, run);
  }

  #keep(window: Buffer, from: number, safe: number): void {
    this.#sent += safe - from;
    this.#context = this.#open === "key" ? KEY_BEGINS : window.subarray(Math.max(0, safe - LONGEST_FINDING), safe);
    this.#pending.length = 0;
    this.#pendingBytes = window.length - safe;
    if (this.#pendingBytes > 0) this.#pending.push(window.subarray(safe));
    this.#enough = Math.max(LONGEST_FINDING, this.#pendingBytes) + WINDOW;
  }

  /** `out` begins with the byte at `from` of the window. */
  #overwrite(window: Buffer, from: number, span: Span, out: Buffer): void {
    const base = this.#sent - from;
    const place = this.#places?.walk(window, base, base + span.start);
    const start = place === undefined ? span.start : Math.max(span.start, place.start - base);
    if (start >= span.end) return;
    this.#found(span.detector);
    if (place?.inString !== false) out.fill(this.#fill, start - from, span.end - from);
    else for (let at = start - from; at < span.end - from; at++) if (isDigit(out[at] ?? 0)) out[at] = ONE;
  }
}

function tokenEnd(window: Buffer, from: number): number {
  let at = from;
  while (at < window.length && isTokenByte(window[at] ?? 0)) at++;
  return at;
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** base64url, and the dots between the parts of a token */
function isTokenByte(byte: number): boolean {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x7a) || byte === 0x2d || byte === 0x5f || byte === 0x2e;
}
