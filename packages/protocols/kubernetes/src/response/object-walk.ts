import { CONSTANT_MASK } from "@tidewaiter/core";
import { candidates } from "@tidewaiter/toolkit/content/prefilter";
import { Edits } from "../json/edits.ts";
import {
  BACKSLASH,
  CLOSE_OBJECT,
  eachElement,
  eachMember,
  escaped,
  type Json,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  stringEnd,
  textOf,
  valueEnd,
} from "../json/json-scan.ts";
import { KEYS, keyOf, readKey } from "./known-keys.ts";
import { CONSTANT_TEXT } from "./mask-text.ts";
import type { ColumnPlan, Masking } from "./masking.ts";
import { PLACE, type Place, placeOf } from "./places.ts";
import { SecretCopies } from "./secret-copies.ts";
import { withoutQuotedValues } from "./status-text.ts";
import { unreadable } from "./unreadable.ts";

/** What an answer is about, as its request says. */
export interface AnswerSubject {
  /** Plural; the table of labels. */
  readonly table: string;
  readonly namespace: string;
  /** No resource of Kubernetes itself: every name in it may carry a label. */
  readonly custom: boolean;
  /** What its objects are. */
  readonly root: Place;
  /** Some objects are left out: how many more there are is not told, as with every selector. */
  readonly filtered: boolean;
}

/** Objects and arrays inside of each other. */
const MAX_DEPTH = 500;
/** JSON in strings in JSON. */
const MAX_NESTED_TEXTS = 6;
/** Bytes that may be read again, because an object says only further on what it is. */
const MAX_AGAIN = 16 * 1024 * 1024;

/** A variable without its name, as in a patch, may be any. */
const UNNAMED = { labels: [], spec: CONSTANT_MASK } as const;
const NULL = Buffer.from("null");
const TABLE_OF: Readonly<Record<string, string>> = { Secret: "secrets", ConfigMap: "configmaps" };

/** Names of a Table's columns, as the first part of the answer or of a watch defines them. */
export interface TableColumns {
  names: readonly string[];
}

/**
 * One walk over a whole JSON text: finds what has to be masked by where it stands, and replaces it. Nothing is made of what
 * passes.
 */
export class ObjectWalk {
  readonly edits = new Edits();
  readonly #json: Json;
  readonly #masking: Masking;
  readonly #subject: AnswerSubject;
  readonly #columns: TableColumns;
  readonly #nested: number;
  readonly #copies = new SecretCopies();
  #table: string;
  #namespace: string;
  /** The key that was read last. */
  #keyFrom = -1;
  #keyTo = -1;
  #isCopy = false;
  #depth = 0;
  #again = 0;

  constructor(bytes: Buffer, masking: Masking, subject: AnswerSubject, columns: TableColumns, nested = 0) {
    this.#json = { bytes, end: bytes.length };
    this.#masking = masking;
    this.#subject = subject;
    this.#columns = columns;
    this.#nested = nested;
    this.#table = subject.table;
    this.#namespace = subject.namespace;
  }

  /** Reads the text as one value at `place`. Throws on what is no JSON. */
  run(place: Place): void {
    this.#isCopy = place === PLACE.secretCopy;
    const { bytes, end } = this.#json;
    const at = skipSpace(bytes, 0, end);
    if (at === end) throw unreadable("it is empty");
    if (skipSpace(bytes, this.#value(at, place), end) !== end) throw unreadable("more than one JSON value");
    if (place === PLACE.secretCopy) this.#hideCopies([0, 0]);
  }

  #value(at: number, place: Place, plan?: ColumnPlan): number {
    const { bytes, end } = this.#json;
    if (place === PLACE.pass) return valueEnd(bytes, at, end);
    const first = bytes[at];
    if (first === QUOTE) return this.#string(at, place, plan);
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return this.#scalar(at, place, plan);
    if (++this.#depth > MAX_DEPTH) throw unreadable("it is nested too deep");
    const next = first === OPEN_OBJECT ? this.#object(at, place, plan) : this.#array(at, place, plan);
    this.#depth--;
    return next;
  }

  #array(at: number, place: Place, plan: ColumnPlan | undefined): number {
    const { root } = this.#subject;
    switch (place) {
      case PLACE.items:
        return eachElement(this.#json, at, (value) => this.#value(value, root));
      case PLACE.rows:
        return eachElement(this.#json, at, (value) => this.#value(value, PLACE.row));
      case PLACE.env:
        return eachElement(this.#json, at, (value) => this.#value(value, PLACE.envVar));
      case PLACE.cells: {
        const { names } = this.#columns;
        return eachElement(this.#json, at, (value, index) => {
          const plan = this.#cellPlan(names[index] ?? "");
          return this.#value(value, plan === undefined ? PLACE.text : PLACE.column, plan);
        });
      }
      case PLACE.columnDefinitions: {
        const names: string[] = [];
        const next = eachElement(this.#json, at, (value) => this.#columnDefinition(value, names));
        this.#columns.names = names;
        return next;
      }
      default:
        return eachElement(this.#json, at, (value) => this.#value(value, place, plan));
    }
  }

  #columnDefinition(at: number, names: string[]): number {
    const { bytes, end } = this.#json;
    let name = "";
    const next =
      bytes[at] === OPEN_OBJECT
        ? eachMember(this.#json, at, (from, to, value) => {
            const after = valueEnd(bytes, value, end);
            if (keyOf(bytes, from, to) === KEYS.name && bytes[value] === QUOTE) name = textOf(bytes, value, after);
            return after;
          })
        : valueEnd(bytes, at, end);
    names.push(name);
    return next;
  }

  /** A column `E-Mail Address` is asked for as it is, and as fields are written: `e_mail_address`. */
  #cellPlan(name: string): ColumnPlan | undefined {
    if (!this.#subject.custom || !this.#masking.byName || name === "") return undefined;
    return this.#plan(name) ?? this.#plan(name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"));
  }

  #plan(column: string): ColumnPlan | undefined {
    return this.#masking.column(this.#namespace, this.#table, column);
  }

  #object(at: number, place: Place, plan: ColumnPlan | undefined): number {
    switch (place) {
      case PLACE.object:
      case PLACE.text:
      case PLACE.secret:
      case PLACE.configMap:
      case PLACE.tokenRequest:
      case PLACE.secretCopy:
        return this.#kinded(at, place);
      case PLACE.env:
        return this.#kinded(at, PLACE.text);
      case PLACE.envVar:
        return this.#envVar(at);
      default:
        return this.#members(at, place, plan).next;
    }
  }

  /** An object that may say of itself that it is a Secret or ConfigMap, possibly behind its values. */
  #kinded(at: number, place: Place): number {
    const { bytes } = this.#json;
    const before = {
      table: this.#table,
      namespace: this.#namespace,
      edits: this.edits.count,
      copies: this.#copies.mark(),
    };
    if (this.#masking.byName && place !== PLACE.text) this.#namespace = this.#namespaceOf(at) ?? this.#namespace;
    let { next, kind } = this.#members(at, place, undefined);
    const table = TABLE_OF[kind];
    const is = kind === "Secret" ? PLACE.secret : PLACE.configMap;
    if (table !== undefined && place !== is && !neverLess(place, is)) {
      // read again as what it is
      this.#readsAgain(next - at);
      this.edits.truncate(before.edits);
      this.#copies.reset(before.copies);
      this.#table = table;
      if (this.#masking.byName) this.#namespace = this.#namespaceOf(at) ?? this.#namespace;
      next = this.#members(at, is, undefined).next;
      if (is === PLACE.secret) this.#hideCopies(before.copies);
    } else if (place === PLACE.secret) this.#hideCopies(before.copies);
    this.#table = before.table;
    this.#namespace = before.namespace;
    if (bytes[next - 1] !== CLOSE_OBJECT) throw unreadable("a JSON object has no end");
    return next;
  }

  #readsAgain(bytes: number): void {
    this.#again += bytes;
    if (this.#again > MAX_AGAIN) throw unreadable("too many objects inside of each other");
  }

  #members(at: number, place: Place, plan: ColumnPlan | undefined): { readonly next: number; readonly kind: string } {
    const { bytes, end } = this.#json;
    const { root, custom } = this.#subject;
    const named = custom && this.#masking.byName && (place === PLACE.text || place === PLACE.object);
    const keysAreText = custom && this.#masking.detectors !== undefined;
    let kind = "";
    const next = eachMember(this.#json, at, (from, to, value) => {
      const key = keyOf(bytes, from, to);
      if (key === KEYS.kind && bytes[value] === QUOTE && kind !== "Secret")
        kind = textOf(bytes, value, stringEnd(bytes, value, end));
      if (place === PLACE.fields) {
        this.#string(from, PLACE.text, undefined);
        return this.#value(value, place);
      }
      this.#keyFrom = from;
      this.#keyTo = to;
      switch (place) {
        case PLACE.column:
          return this.#value(value, place, plan);
        case PLACE.secretData:
        case PLACE.secretText:
          return this.#value(value, place, this.#secretPlan(readKey(bytes, from, to)));
        case PLACE.configMapData:
        case PLACE.configMapBinary:
        case PLACE.annotations:
        case PLACE.secretAnnotations:
          return this.#named(value, place, readKey(bytes, from, to));
      }
      const inner = placeOf(place, key, root);
      if (this.#subject.filtered && key === KEYS.remainingItemCount && bytes[value] !== QUOTE) {
        const after = valueEnd(bytes, value, end);
        this.edits.replace(value, after, NULL);
        return after;
      }
      if (place === PLACE.tokenRequest && key === KEYS.token)
        return this.#value(value, PLACE.secretText, this.#masking.secret);
      if (inner !== PLACE.text) return this.#value(value, inner);
      if (keysAreText) this.#string(from, PLACE.text, undefined);
      const own = named ? this.#plan(readKey(bytes, from, to)) : undefined;
      return this.#value(value, own === undefined ? inner : PLACE.column, own);
    });
    return { next, kind };
  }

  #secretPlan(key: string): ColumnPlan | undefined {
    return this.#masking.secretColumn(this.#namespace, key);
  }

  /** A value whose name the policy may speak of. */
  #named(value: number, place: Place, name: string): number {
    const plan = this.#plan(name);
    return this.#value(value, plan !== undefined && place !== PLACE.configMapBinary ? PLACE.column : place, plan);
  }

  #envVar(at: number): number {
    const { bytes, end } = this.#json;
    let plan: ColumnPlan | undefined;
    if (this.#masking.byName) {
      let isNamed = false;
      const next = eachMember(this.#json, at, (from, to, value) => {
        const after = valueEnd(bytes, value, end);
        if (bytes[value] !== QUOTE || keyOf(bytes, from, to) !== KEYS.name) return after;
        plan = this.#plan(textOf(bytes, value, after)) ?? plan;
        isNamed = true;
        return after;
      });
      this.#readsAgain(next - at);
      if (!isNamed) plan = { ...UNNAMED, column: `${this.#table}.env` };
    }
    return eachMember(this.#json, at, (from, to, value) => {
      const key = keyOf(bytes, from, to);
      this.#keyFrom = from;
      this.#keyTo = to;
      if (key === KEYS.value && plan !== undefined) return this.#value(value, PLACE.column, plan);
      return this.#value(value, placeOf(PLACE.envVar, key, PLACE.text));
    });
  }

  #namespaceOf(at: number): string | undefined {
    const { bytes, end } = this.#json;
    let found: string | undefined;
    const next = eachMember(this.#json, at, (from, to, value) => {
      if (bytes[value] !== OPEN_OBJECT || keyOf(bytes, from, to) !== KEYS.metadata) return valueEnd(bytes, value, end);
      return eachMember(this.#json, value, (innerFrom, innerTo, inner) => {
        const after = valueEnd(bytes, inner, end);
        if (bytes[inner] === QUOTE && keyOf(bytes, innerFrom, innerTo) === KEYS.namespace)
          found = textOf(bytes, inner, after);
        return after;
      });
    });
    this.#readsAgain(next - at);
    return found;
  }

  /** Numbers, booleans and null. */
  #scalar(at: number, place: Place, plan: ColumnPlan | undefined): number {
    const { bytes, end } = this.#json;
    const next = valueEnd(bytes, at, end);
    const ofSecret = place === PLACE.secretData || place === PLACE.secretText;
    const mask = plan ?? (ofSecret ? this.#masking.secret : undefined);
    if (mask === undefined || bytes[at] === 0x6e) return next;
    const masked = this.#masking.text(mask, bytes.toString("latin1", at, next));
    this.#replace(at, next, place === PLACE.secretData ? Buffer.from(masked).toString("base64") : masked);
    return next;
  }

  #string(at: number, place: Place, plan: ColumnPlan | undefined): number {
    const { bytes, end } = this.#json;
    const next = stringEnd(bytes, at, end);
    const hasEscape = escaped;
    switch (place) {
      case PLACE.secretData:
      case PLACE.secretText:
        this.#secretValue(at, next, place, plan ?? this.#masking.secret);
        return next;
      case PLACE.column:
        if (plan !== undefined) this.#replace(at, next, this.#masking.text(plan, textOf(bytes, at, next)));
        return next;
      case PLACE.configMapBinary:
        this.#binary(at, next, plan);
        return next;
      case PLACE.secretAnnotations:
        this.#copies.annotation(at, next);
        this.#text(at, next, hasEscape, PLACE.secretCopy);
        return next;
      case PLACE.secretCopy:
        this.#copies.annotation(at, next);
        this.#text(at, next, hasEscape, PLACE.secretCopy);
        return next;
      case PLACE.configMapData:
        this.#text(at, next, hasEscape, PLACE.text);
        return next;
      default:
        this.#text(at, next, hasEscape, PLACE.object);
        return next;
    }
  }

  #secretValue(at: number, next: number, place: Place, plan: ColumnPlan | undefined): void {
    if (plan === undefined) return;
    const written = textOf(this.#json.bytes, at, next);
    const inBase64 = place === PLACE.secretData;
    this.#copies.value(written, inBase64 ? "base64" : "text");
    this.#replace(at, next, inBase64 ? this.#masking.base64(plan, written) : this.#masking.text(plan, written));
  }

  #text(at: number, next: number, hasEscape: boolean, holds: Place): void {
    const { bytes } = this.#json;
    const { secret, detectors } = this.#masking;
    if (holds === PLACE.secretCopy && secret !== undefined && SecretCopies.isOpaque(bytes, at + 1, next - 1))
      return this.#replace(at, next, this.#masking.text(secret, ""));
    if (mayHoldJson(bytes, at, next) && this.#jsonText(at, next, holds)) return;
    if (secret !== undefined && this.#subject.root === PLACE.secret && this.#isMessage()) {
      const quoted = withoutQuotedValues(textOf(bytes, at, next));
      if (quoted !== undefined) return this.#replace(at, next, quoted);
    }
    if (detectors === undefined) return;
    if (!hasEscape) {
      if (candidates(bytes, at + 1, next - 1, detectors.set) === 0) return;
      const masked = this.#masking.findings(bytes.subarray(at + 1, next - 1), () => this.#columnName());
      if (masked !== undefined) this.edits.replace(at + 1, next - 1, masked);
      return;
    }
    const masked = this.#masking.findings(Buffer.from(textOf(bytes, at, next)), () => this.#columnName());
    if (masked !== undefined) this.#replace(at, next, masked.toString("utf8"));
  }

  #isMessage(): boolean {
    return this.#keyFrom >= 0 && keyOf(this.#json.bytes, this.#keyFrom, this.#keyTo) === KEYS.message;
  }

  /** For the recording: never what a key holds that is no plain name. */
  #columnName(): string {
    const key = this.#keyFrom < 0 ? "" : readKey(this.#json.bytes, this.#keyFrom, this.#keyTo);
    return `${this.#table}.${PLAIN_NAME.test(key) ? key : "(text)"}`;
  }

  /** A string that holds JSON, such as what `kubectl apply` keeps in an annotation. False: it holds none. */
  #jsonText(at: number, next: number, holds: Place): boolean {
    const { secret } = this.#masking;
    if (this.#nested >= MAX_NESTED_TEXTS) {
      if (secret === undefined) return false;
      this.#replace(at, next, this.#masking.text(secret, ""));
      return true;
    }
    const inner = Buffer.from(textOf(this.#json.bytes, at, next));
    if (holds !== PLACE.secretCopy && !this.#masking.mayHold(inner)) return true;
    // a file in a ConfigMap has names of its own
    const custom = this.#subject.custom || holds === PLACE.text;
    const subject = { ...this.#subject, table: this.#table, namespace: this.#namespace, custom };
    const walk = new ObjectWalk(inner, this.#masking, subject, { names: [] }, this.#nested + 1);
    try {
      walk.run(holds);
    } catch {
      if (holds !== PLACE.secretCopy || secret === undefined) return false;
      // the copy of a Secret, in whatever form its program likes
      this.#replace(at, next, this.#masking.text(secret, ""));
      return true;
    }
    if (walk.edits.count > 0) this.#replace(at, next, walk.edits.applied(inner, 0, inner.length).toString("utf8"));
    return true;
  }

  #binary(at: number, next: number, plan: ColumnPlan | undefined): void {
    const written = textOf(this.#json.bytes, at, next);
    if (plan !== undefined) return this.#replace(at, next, this.#masking.base64(plan, written));
    const found = this.#masking.findings(Buffer.from(written, "base64"), () => this.#columnName());
    if (found !== undefined) this.#replace(at, next, found.toString("base64"));
  }

  /** What a Secret's values are repeated in. */
  #hideCopies(from: ReturnType<SecretCopies["mark"]>): void {
    if (this.#masking.secret === undefined) return;
    const shown = (start: number, end: number): string => {
      const token = this.edits.at(start, end) ?? this.#json.bytes.subarray(start, end);
      return textOf(token, 0, token.length);
    };
    for (const { start, end } of this.#copies.found(from, shown))
      this.edits.replaceAgain(start, end, Buffer.from(JSON.stringify(CONSTANT_TEXT)));
    // what is said around a Secret inside of a copy belongs to it
    if (!this.#isCopy) this.#copies.reset(from);
  }

  #replace(at: number, next: number, text: string): void {
    this.edits.replace(at, next, Buffer.from(JSON.stringify(text)));
  }
}

/** A Secret that calls itself something else stays one. */
function neverLess(place: Place, is: Place): boolean {
  return place === PLACE.secret || (place === PLACE.secretCopy && is !== PLACE.secret);
}

const PLAIN_NAME = /^[\w./-]{1,100}$/;
const MIN_JSON = 4;

/** Behind white space that may be escaped, an object or array begins, or a string that may hold one. */
function mayHoldJson(bytes: Buffer, at: number, next: number): boolean {
  if (next - at < MIN_JSON) return false;
  let from = at + 1;
  for (;;) {
    const byte = bytes[from];
    if (byte === 0x20) from++;
    else if (byte === BACKSLASH && (bytes[from + 1] === 0x6e || bytes[from + 1] === 0x74 || bytes[from + 1] === 0x72))
      from += 2;
    else if (byte === BACKSLASH) return bytes[from + 1] === QUOTE;
    else return byte === OPEN_OBJECT || byte === OPEN_ARRAY;
  }
}
