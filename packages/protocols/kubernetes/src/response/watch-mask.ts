import { GrowingBuffer } from "../json/growing-buffer.ts";
import { eachElement, isSpace, OPEN_ARRAY, OPEN_OBJECT, QUOTE, textOf, valueEnd } from "../json/json-scan.ts";
import { Nesting } from "../json/nesting.ts";
import { unreadable } from "../json/unreadable.ts";
import { type Hides, MAX_ITEM } from "./answer-mask.ts";
import type { BodyMask } from "./body-mask.ts";
import { type Identity, identityOf, identityOfRow, memberOf } from "./identity.ts";
import { KEYS } from "./known-keys.ts";
import { PLACE } from "./places.ts";
import type { ValueMask } from "./value-mask.ts";

const NOTHING = Buffer.alloc(0);
/** Objects that this watch has shown and that may be hidden later; beyond that the oldest are forgotten. */
const MAX_SHOWN = 20_000;

/** Events of a watch, each by itself and as soon as it is whole: `{"type": ..., "object": ...}` one after the other. */
export class WatchMask implements BodyMask {
  readonly #mask: ValueMask;
  readonly #hides: Hides | undefined;
  readonly #shown = new Set<string>();
  #pending: Buffer = NOTHING;
  readonly #growing = new GrowingBuffer();
  readonly #nesting = new Nesting();
  #inEvent = false;
  /** White space behind an event that is left out is left out, too. */
  #skipsSpace = false;

  constructor(mask: ValueMask, hides: Hides | undefined) {
    this.#mask = mask;
    this.#hides = hides;
  }

  get masked(): BodyMask["masked"] {
    return this.#mask.masking.masked;
  }

  push(chunk: Buffer): Buffer {
    const bytes = this.#growing.append(this.#pending, chunk);
    const nesting = this.#nesting;
    const out: Buffer[] = [];
    // everything before has gone out, or has been left out
    let sent = 0;
    for (;;) {
      if (!this.#inEvent) {
        let at = sent;
        while (at < bytes.length && isSpace(bytes[at])) at++;
        if (!this.#skipsSpace && at > sent) out.push(bytes.subarray(sent, at));
        sent = at;
        if (at === bytes.length) break;
        if (bytes[at] !== OPEN_OBJECT) throw unreadable("what stands between events of a watch is no JSON object");
        this.#inEvent = true;
        nesting.at = at;
      }
      if (!nesting.read(bytes)) break;
      this.#inEvent = false;
      const event = this.#event(bytes.subarray(sent, nesting.at));
      if (event !== undefined) out.push(event);
      this.#skipsSpace = event === undefined;
      sent = nesting.at;
    }
    this.#pending = bytes.subarray(sent);
    nesting.at -= sent;
    if (this.#pending.length > MAX_ITEM) throw unreadable("one event is larger than 4 MiB");
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  /** An event that is not whole is left out: its client sees a watch that broke, as it must expect. */
  end(): Buffer {
    this.#pending = NOTHING;
    return NOTHING;
  }

  #event(event: Buffer): Buffer | undefined {
    if (event.length > MAX_ITEM) throw unreadable("one event is larger than 4 MiB");
    if (this.#hides === undefined && !this.#mask.tellsApart) return this.#mask.apply(event, PLACE.event);
    const read = readEvent(event);
    if (read === undefined) return this.#mask.apply(event, PLACE.event);
    const shown = this.#hides === undefined ? event : this.#filtered(event, read, this.#hides);
    return shown === undefined ? undefined : this.#mask.applyTo(read.identity, shown, PLACE.event);
  }

  /**
   * An object that a change has hidden is deleted for a client that this watch has shown it to, as with every selector. What
   * was shown by a list before is not known here: such an object just changes no more.
   */
  #filtered(event: Buffer, { type, object, isTable, identity }: WatchEvent, hides: Hides): Buffer | undefined {
    if (identity === undefined) return undefined;
    const key = `${identity.namespace}/${identity.name}`;
    if (!hides(identity)) {
      if (type === "DELETED") this.#shown.delete(key);
      else this.#remember(key);
      return event;
    }
    if (!this.#shown.delete(key)) return undefined;
    return isTable ? undefined : deletion(event, object, identity);
  }

  #remember(key: string): void {
    this.#shown.add(key);
    if (this.#shown.size <= MAX_SHOWN) return;
    const [oldest] = this.#shown;
    this.#shown.delete(oldest as string);
  }
}

interface WatchEvent {
  readonly type: string;
  /** The place of its object. */
  readonly object: number;
  readonly isTable: boolean;
  readonly identity: Identity | undefined;
}

/** Undefined: it is about no object. */
function readEvent(event: Buffer): WatchEvent | undefined {
  const json = { bytes: event, end: event.length };
  const object = memberOf(json, 0, KEYS.object);
  const type = textAt(event, memberOf(json, 0, KEYS.type));
  // a list, which may hold what is hidden
  if (object === undefined) throw unreadable("an event of a watch has no object");
  if (type === "BOOKMARK" || type === "ERROR") return undefined;
  const rows = memberOf(json, object, KEYS.rows);
  const identity = rows === undefined ? identityOf(json, object) : identityOfFirstRow(event, rows);
  return { type, object, isTable: rows !== undefined, identity };
}

function textAt(bytes: Buffer, at: number | undefined): string {
  if (at === undefined || bytes[at] !== QUOTE) return "";
  return textOf(bytes, at, valueEnd(bytes, at, bytes.length));
}

function identityOfFirstRow(bytes: Buffer, rows: number): Identity | undefined {
  const json = { bytes, end: bytes.length };
  let identity: Identity | undefined;
  if (bytes[rows] !== OPEN_ARRAY) return undefined;
  eachElement(json, rows, (row, index) => {
    if (index === 0) identity = identityOfRow(json, row);
    return valueEnd(bytes, row, bytes.length);
  });
  return identity;
}

/** Nothing of the object but what names it. */
function deletion(event: Buffer, object: number, { namespace, name }: Identity): Buffer {
  const json = { bytes: event, end: event.length };
  const metadata = memberOf(json, object, KEYS.metadata);
  const member = (key: number): string => (metadata === undefined ? "" : textAt(event, memberOf(json, metadata, key)));
  const deleted = {
    kind: textAt(event, memberOf(json, object, KEYS.kind)),
    apiVersion: textAt(event, memberOf(json, object, KEYS.apiVersion)),
    metadata: {
      name,
      ...(namespace !== "" && { namespace }),
      uid: member(KEYS.uid),
      resourceVersion: member(KEYS.resourceVersion),
    },
  };
  return Buffer.from(JSON.stringify({ type: "DELETED", object: deleted }));
}
