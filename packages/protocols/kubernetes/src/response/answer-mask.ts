import { GrowingBuffer } from "../json/growing-buffer.ts";
import { CLOSE_ARRAY, COMMA, isSpace, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipSpace } from "../json/json-scan.ts";
import { Nesting } from "../json/nesting.ts";
import { unreadable } from "../json/unreadable.ts";
import type { BodyMask } from "./body-mask.ts";
import { HeadScan } from "./head-scan.ts";
import { type Identity, identityOf, identityOfRow } from "./identity.ts";
import { KEYS, keyOf } from "./known-keys.ts";
import { PLACE, type Place } from "./places.ts";
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
  readonly #growing = new GrowingBuffer();
  readonly #head = new HeadScan();
  readonly #nesting = new Nesting();
  /** Between items: up to here `#pending` was read. */
  #at = 0;
  /** The item that is being read; -1 = none. */
  #itemFrom = -1;
  #itemPlace: Place = PLACE.object;
  /** Some item has gone out. */
  #any = false;

  constructor(mask: ValueMask, hides: Hides | undefined) {
    this.#mask = mask;
    this.#hides = hides;
  }

  get masked(): BodyMask["masked"] {
    return this.#mask.masking.masked;
  }

  push(chunk: Buffer): Buffer {
    this.#pending = this.#growing.append(this.#pending, chunk);
    const out: Buffer[] = [];
    if (this.#phase === "head") this.#readHead(out);
    if (this.#phase === "items") this.#readItems(out);
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
  #readHead(out: Buffer[]): void {
    const bytes = this.#pending;
    while (this.#head.toArray(bytes)) {
      const { at, keyFrom, keyTo } = this.#head;
      const key = keyOf(bytes, keyFrom, keyTo);
      if (key === KEYS.items) return this.#begin(at, this.#mask.subject.root, out);
      if (key === KEYS.rows) return this.#begin(at, PLACE.row, out);
      this.#head.enter();
    }
  }

  #begin(at: number, place: Place, out: Buffer[]): void {
    this.#phase = "items";
    this.#itemPlace = place;
    const bytes = this.#pending;
    const head = Buffer.concat([bytes.subarray(0, at), CLOSING]);
    out.push(this.#mask.applyPart(head, 0, at, this.#mask.subject.root), bytes.subarray(at, at + 1));
    this.#pending = bytes.subarray(at + 1);
  }

  #readItems(out: Buffer[]): void {
    const bytes = this.#pending;
    const nesting = this.#nesting;
    // everything before has gone out, or has been left out
    let sent = 0;
    for (;;) {
      if (this.#itemFrom < 0) {
        while (this.#at < bytes.length && isBetween(bytes[this.#at] as number)) this.#at++;
        if (this.#at === bytes.length) break;
        if (bytes[this.#at] === CLOSE_ARRAY) {
          out.push(bytes.subarray(sent, this.#at + 1));
          this.#phase = "tail";
          this.#pending = bytes.subarray(this.#at + 1);
          return;
        }
        this.#itemFrom = this.#at;
        nesting.at = this.#at;
      }
      if (!this.#itemEnds(bytes)) break;
      sent = this.#item(nesting.at, sent, out);
      this.#at = nesting.at;
    }
    this.#pending = bytes.subarray(sent);
    this.#at -= sent;
    nesting.at -= sent;
    if (this.#itemFrom >= 0) this.#itemFrom -= sent;
  }

  #itemEnds(bytes: Buffer): boolean {
    const first = bytes[this.#itemFrom];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY || first === QUOTE) return this.#nesting.read(bytes);
    // a number or a word, which ends where something else begins
    let { at } = this.#nesting;
    while (at < bytes.length && !isBetween(bytes[at] as number) && bytes[at] !== CLOSE_ARRAY) at++;
    this.#nesting.at = at;
    return at < bytes.length;
  }

  /** The item that ends before `to` is whole. Says up to where nothing is left to send. */
  #item(to: number, sent: number, out: Buffer[]): number {
    const bytes = this.#pending;
    const from = this.#itemFrom;
    this.#itemFrom = -1;
    if (to - from > MAX_ITEM) throw unreadable("one object is larger than 4 MiB");
    const item = bytes.subarray(from, to);
    const identity = this.#identityOf(item);
    if (this.#isHidden(identity)) return to;
    const between = bytes.subarray(sent, from);
    out.push(this.#any ? between : withoutComma(between), this.#mask.applyTo(identity, item, this.#itemPlace));
    this.#any = true;
    return to;
  }

  #identityOf(item: Buffer): Identity | undefined {
    if (this.#hides === undefined && !this.#mask.tellsApart) return undefined;
    const json = { bytes: item, end: item.length };
    return this.#itemPlace === PLACE.row ? identityOfRow(json, 0) : identityOf(json, 0);
  }

  #isHidden(identity: Identity | undefined): boolean {
    if (this.#hides === undefined) return false;
    // a row without its object could be any
    return identity === undefined ? this.#itemPlace === PLACE.row : this.#hides(identity);
  }
}

function isBetween(byte: number): boolean {
  return byte === COMMA || isSpace(byte);
}

/** The first item that is shown has none before it, although others that are not shown came first. */
function withoutComma(between: Buffer): Buffer {
  const comma = between.indexOf(COMMA);
  return comma < 0 ? between : Buffer.concat([between.subarray(0, comma), between.subarray(comma + 1)]);
}
