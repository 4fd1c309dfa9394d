import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isSpace,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
} from "../json/json-scan.ts";
import type { BodyMask } from "./body-mask.ts";
import { type Identity, identityOf, identityOfRow } from "./identity.ts";
import { KEYS, keyOf } from "./known-keys.ts";
import { PLACE, type Place } from "./places.ts";
import { unreadable } from "./unreadable.ts";
import type { ValueMask } from "./value-mask.ts";

/** Bytes of one item of a list, of one object, and of what stands around the items. etcd refuses objects above 1.5 MiB. */
export const MAX_ITEM = 4 * 1024 * 1024;

export type Hides = (item: Identity) => boolean;

const NOTHING = Buffer.alloc(0);
/** Stand in for what came before or comes after, so that each part is a JSON text of its own. */
const CLOSING = Buffer.from("null}");
const OPENING = Buffer.from('{"":null');

/** What follows the items is short: it waits for the end. */
type Phase = "head" | "items" | "tail";

/**
 * One JSON object, or a list or Table of any number of them: only one item at a time is held, and goes out when it is whole.
 */
export class AnswerMask implements BodyMask {
  readonly #mask: ValueMask;
  readonly #hides: Hides | undefined;
  #phase: Phase = "head";
  #pending: Buffer = NOTHING;
  /** Up to here `#pending` was read. */
  #at = 0;
  #depth = 0;
  #inString = false;
  /** In the head: the last string directly in the object, and whether it is the key of what comes. */
  #keyFrom = -1;
  #keyTo = -1;
  #isKey = false;
  /** The item that is being read; -1 = none. */
  #itemFrom = -1;
  #itemPlace: Place = PLACE.object;
  /** Some item has gone out. */
  #any = false;
  /** The document is over; only white space may follow. */
  #over = false;

  constructor(mask: ValueMask, hides: Hides | undefined) {
    this.#mask = mask;
    this.#hides = hides;
  }

  get masked(): BodyMask["masked"] {
    return this.#mask.masking.masked;
  }

  push(chunk: Buffer): Buffer {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const out: Buffer[] = [];
    if (this.#phase === "head") this.#head(out);
    if (this.#phase === "items") this.#items(out);
    if (this.#pending.length > MAX_ITEM) throw unreadable("one object is larger than 4 MiB");
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  end(): Buffer {
    const rest = this.#pending;
    this.#pending = NOTHING;
    if (this.#phase === "items") throw unreadable("it ends inside of a list");
    if (this.#phase === "tail") {
      const whole = Buffer.concat([OPENING, rest]);
      return this.#mask.applyPart(whole, OPENING.length, whole.length, this.#mask.subject.root);
    }
    if (skipSpace(rest, 0, rest.length) === rest.length) return rest;
    return this.#mask.apply(rest, this.#mask.subject.root);
  }

  /** Until the object ends or its items begin. */
  #head(out: Buffer[]): void {
    const bytes = this.#pending;
    while (this.#at < bytes.length) {
      if (this.#inString) {
        if (!this.#stringEnds()) return;
        if (this.#depth === 1) this.#keyTo = this.#at;
        continue;
      }
      const byte = bytes[this.#at] as number;
      if (this.#over && !isSpace(byte)) throw unreadable("something stands behind the JSON value");
      if (byte === OPEN_ARRAY && this.#depth === 1 && this.#isKey) {
        const place = this.#listPlace();
        if (place !== undefined) return this.#begin(place, out);
      }
      this.#step(byte);
    }
  }

  #step(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (this.#depth === 1) this.#keyFrom = this.#at;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#depth++;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        if (--this.#depth === 0) this.#over = true;
        break;
      case COLON:
        if (this.#depth === 1) this.#isKey = true;
        break;
      case COMMA:
        if (this.#depth === 1) this.#isKey = false;
    }
    this.#at++;
  }

  /** Moves behind the string that `#at` is in; false: it does not end here. */
  #stringEnds(): boolean {
    const bytes = this.#pending;
    let at = this.#at;
    while (at < bytes.length) {
      const byte = bytes[at];
      if (byte === BACKSLASH) {
        // what is escaped comes with the next chunk
        if (at + 1 === bytes.length) break;
        at += 2;
        continue;
      }
      at++;
      if (byte === QUOTE) {
        this.#at = at;
        this.#inString = false;
        return true;
      }
    }
    this.#at = at;
    return false;
  }

  #listPlace(): Place | undefined {
    const written = this.#pending.subarray(this.#keyFrom, this.#keyTo);
    const key = keyOf(this.#pending, this.#keyFrom, this.#keyTo, written.includes(BACKSLASH));
    if (key === KEYS.items) return this.#mask.subject.root;
    return key === KEYS.rows ? PLACE.row : undefined;
  }

  #begin(place: Place, out: Buffer[]): void {
    this.#phase = "items";
    this.#itemPlace = place;
    const bytes = this.#pending;
    const head = Buffer.concat([bytes.subarray(0, this.#at), CLOSING]);
    out.push(this.#mask.applyPart(head, 0, this.#at, this.#mask.subject.root), bytes.subarray(this.#at, this.#at + 1));
    this.#pending = bytes.subarray(this.#at + 1);
    this.#at = 0;
    this.#depth = 0;
  }

  #items(out: Buffer[]): void {
    const bytes = this.#pending;
    // everything before has gone out, or has been left out
    let sent = 0;
    while (this.#at < bytes.length) {
      if (this.#inString) {
        if (!this.#stringEnds()) break;
        if (this.#depth === 0) sent = this.#item(this.#at, sent, out);
        continue;
      }
      const byte = bytes[this.#at] as number;
      const ends = byte === COMMA || byte === CLOSE_ARRAY || isSpace(byte);
      if (this.#itemFrom < 0 && byte === CLOSE_ARRAY) {
        out.push(bytes.subarray(sent, this.#at + 1));
        this.#phase = "tail";
        this.#pending = bytes.subarray(this.#at + 1);
        return;
      }
      if (this.#itemFrom < 0 && !ends) this.#itemFrom = this.#at;
      else if (this.#itemFrom >= 0 && this.#depth === 0 && ends) {
        sent = this.#item(this.#at, sent, out);
        continue;
      }
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (--this.#depth === 0) {
          this.#at++;
          sent = this.#item(this.#at, sent, out);
          continue;
        }
      }
      this.#at++;
    }
    this.#pending = bytes.subarray(sent);
    this.#at -= sent;
    if (this.#itemFrom >= 0) this.#itemFrom -= sent;
  }

  /** The item that ends before `to` is whole. Says up to where nothing is left to send. */
  #item(to: number, sent: number, out: Buffer[]): number {
    const bytes = this.#pending;
    const from = this.#itemFrom;
    this.#itemFrom = -1;
    if (to - from > MAX_ITEM) throw unreadable("one object is larger than 4 MiB");
    const item = bytes.subarray(from, to);
    if (this.#isHidden(item)) return to;
    const between = bytes.subarray(sent, from);
    out.push(this.#any ? between : withoutComma(between), this.#mask.apply(item, this.#itemPlace));
    this.#any = true;
    return to;
  }

  #isHidden(item: Buffer): boolean {
    if (this.#hides === undefined) return false;
    const json = { bytes: item, end: item.length };
    const isRow = this.#itemPlace === PLACE.row;
    const identity = isRow ? identityOfRow(json, 0) : identityOf(json, 0);
    // a row without its object could be any
    return identity === undefined ? isRow : this.#hides(identity);
  }
}

/** The first item that is shown has none before it, although others that are not shown came first. */
function withoutComma(between: Buffer): Buffer {
  const comma = between.indexOf(COMMA);
  return comma < 0 ? between : Buffer.concat([between.subarray(0, comma), between.subarray(comma + 1)]);
}
