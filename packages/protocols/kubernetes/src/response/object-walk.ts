import { CONSTANT_MASK } from "@tidewaiter/core";
import { Edits } from "../json/edits.ts";
import {
  CLOSE_OBJECT,
  eachElement,
  eachMember,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  stringEnd,
  textOf,
  valueEnd,
} from "../json/json-scan.ts";
import { unreadable } from "../json/unreadable.ts";
import { namespaceOf } from "./identity.ts";
import { KEYS, keyOf, readKey } from "./known-keys.ts";
import { LeafMask, type WalkState } from "./leaf-mask.ts";
import type { ColumnPlan, Masking } from "./masking.ts";
import { PLACE, type Place, placeOf } from "./places.ts";
import { SecretCopies } from "./secret-copies.ts";

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
  /** It says why a request failed. */
  readonly failed?: boolean;
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
/** What an object says of itself. Items of a list do not say it again. */
const KINDS: ReadonlyMap<string, { readonly table: string; readonly is: Place }> = new Map([
  ["Secret", { table: "secrets", is: PLACE.secret }],
  ["SecretList", { table: "secrets", is: PLACE.secretCopy }],
  ["ConfigMap", { table: "configmaps", is: PLACE.configMap }],
]);

/** Names of a Table's columns, as the first part of the answer or of a watch defines them. */
export interface TableColumns {
  names: readonly string[];
}

export interface WalkInput {
  /** One JSON value, whole. */
  readonly bytes: Buffer;
  readonly place: Place;
  readonly masking: Masking;
  readonly subject: AnswerSubject;
  readonly columns: TableColumns;
}

/**
 * Walks over a whole JSON text, finds what has to be masked by where it stands, and says what replaces it. Nothing is made of
 * what passes. Throws on what is no JSON.
 */
export function walkObject(input: WalkInput): Edits {
  return new ObjectWalk(input, 0).run();
}

class ObjectWalk {
  readonly #state: WalkState;
  readonly #leaves: LeafMask;
  readonly #subject: AnswerSubject;
  readonly #columns: TableColumns;
  readonly #place: Place;
  #depth = 0;
  #again = 0;

  /** @param nested how many texts it is inside of */
  constructor({ bytes, place, masking, subject, columns }: WalkInput, nested: number) {
    this.#subject = subject;
    this.#columns = columns;
    this.#place = place;
    const { table, namespace, root } = subject;
    const isCopy = place === PLACE.secretCopy;
    this.#state = {
      json: { bytes, end: bytes.length },
      masking,
      edits: new Edits(),
      copies: new SecretCopies(),
      root,
      quotes: quotesOf(subject, masking),
      isCopy,
      table,
      namespace,
      keyFrom: -1,
      keyTo: -1,
      walkText: (text, holds) => this.#walkText(text, holds, nested + 1),
    };
    this.#leaves = new LeafMask(this.#state);
  }

  run(): Edits {
    const { json, edits, isCopy } = this.#state;
    const { bytes, end } = json;
    const at = skipSpace(bytes, 0, end);
    if (at === end) throw unreadable("it is empty");
    if (skipSpace(bytes, this.#value(at, this.#place), end) !== end) throw unreadable("more than one JSON value");
    if (isCopy) this.#leaves.hideCopies([0, 0]);
    return edits;
  }

  #walkText(bytes: Buffer, place: Place, nested: number): Edits {
    if (nested > MAX_NESTED_TEXTS) throw unreadable("too many texts inside of each other");
    const { masking, table, namespace } = this.#state;
    // a file in a ConfigMap has names of its own
    const custom = this.#subject.custom || place === PLACE.text;
    const subject = { ...this.#subject, table, namespace, custom };
    return new ObjectWalk({ bytes, place, masking, subject, columns: { names: [] } }, nested).run();
  }

  #value(at: number, place: Place, plan?: ColumnPlan): number {
    const { bytes, end } = this.#state.json;
    if (place === PLACE.pass) return valueEnd(bytes, at, end);
    const first = bytes[at];
    if (first === QUOTE) return this.#leaves.string(at, place, plan);
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return this.#leaves.scalar(at, place, plan);
    if (++this.#depth > MAX_DEPTH) throw unreadable("it is nested too deep");
    const next = first === OPEN_OBJECT ? this.#object(at, place, plan) : this.#array(at, place, plan);
    this.#depth--;
    return next;
  }

  #array(at: number, place: Place, plan: ColumnPlan | undefined): number {
    const { root } = this.#subject;
    switch (place) {
      case PLACE.items:
        return eachElement(this.#state.json, at, (value) => this.#value(value, root));
      case PLACE.rows:
        return eachElement(this.#state.json, at, (value) => this.#value(value, PLACE.row));
      case PLACE.env:
        return eachElement(this.#state.json, at, (value) => this.#value(value, PLACE.envVar));
      case PLACE.cells: {
        const { names } = this.#columns;
        return eachElement(this.#state.json, at, (value, index) => {
          const plan = this.#cellPlan(names[index] ?? "");
          return this.#value(value, plan === undefined ? PLACE.text : PLACE.column, plan);
        });
      }
      case PLACE.columnDefinitions: {
        const names: string[] = [];
        const next = eachElement(this.#state.json, at, (value) => this.#columnDefinition(value, names));
        this.#columns.names = names;
        return next;
      }
      default:
        return eachElement(this.#state.json, at, (value) => this.#value(value, place, plan));
    }
  }

  #columnDefinition(at: number, names: string[]): number {
    const { bytes, end } = this.#state.json;
    let name = "";
    const next =
      bytes[at] === OPEN_OBJECT
        ? eachMember(this.#state.json, at, (from, to, value) => {
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
    if (!this.#subject.custom || !this.#state.masking.byName || name === "") return undefined;
    return this.#plan(name) ?? this.#plan(name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"));
  }

  #plan(column: string): ColumnPlan | undefined {
    return this.#state.masking.column(this.#state.namespace, this.#state.table, column);
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
      // no array, whoever answers so
      case PLACE.items:
        return this.#object(at, this.#subject.root, plan);
      case PLACE.rows:
        return this.#members(at, PLACE.row, plan).next;
      case PLACE.envVar:
        return this.#envVar(at);
      default:
        return this.#members(at, place, plan).next;
    }
  }

  /** An object that may say of itself that it is a Secret or ConfigMap, possibly behind its values. */
  #kinded(at: number, place: Place): number {
    const { bytes } = this.#state.json;
    const before = {
      table: this.#state.table,
      namespace: this.#state.namespace,
      edits: this.#state.edits.count,
      copies: this.#state.copies.mark(),
    };
    if (this.#state.masking.byName && place !== PLACE.text) this.#state.namespace = this.#namespaceOf(at);
    let { next, kind } = this.#members(at, place, undefined);
    const said = KINDS.get(kind);
    if (said !== undefined && place !== said.is && !neverLess(place, said.is)) {
      const { table, is } = said;
      // read again as what it is
      this.#readsAgain(next - at);
      this.#state.edits.truncate(before.edits);
      this.#state.copies.reset(before.copies);
      this.#state.table = table;
      if (this.#state.masking.byName) this.#state.namespace = this.#namespaceOf(at);
      next = this.#members(at, is, undefined).next;
      if (is !== PLACE.configMap) this.#leaves.hideCopies(before.copies);
    } else if (place === PLACE.secret) this.#leaves.hideCopies(before.copies);
    this.#state.table = before.table;
    this.#state.namespace = before.namespace;
    if (bytes[next - 1] !== CLOSE_OBJECT) throw unreadable("a JSON object has no end");
    return next;
  }

  #readsAgain(bytes: number): void {
    this.#again += bytes;
    if (this.#again > MAX_AGAIN) throw unreadable("too many objects inside of each other");
  }

  #members(at: number, place: Place, plan: ColumnPlan | undefined): { readonly next: number; readonly kind: string } {
    const { bytes, end } = this.#state.json;
    const { root, custom } = this.#subject;
    const named = custom && this.#state.masking.byName && (place === PLACE.text || place === PLACE.object);
    const keysAreText = custom && this.#state.masking.detectors !== undefined;
    let kind = "";
    const next = eachMember(this.#state.json, at, (from, to, value) => {
      const key = keyOf(bytes, from, to);
      if (key === KEYS.kind && bytes[value] === QUOTE && !kind.startsWith("Secret"))
        kind = textOf(bytes, value, stringEnd(bytes, value, end));
      if (place === PLACE.fields) {
        this.#leaves.string(from, PLACE.text, undefined);
        return this.#value(value, place);
      }
      this.#state.keyFrom = from;
      this.#state.keyTo = to;
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
      if (this.#subject.filtered && (place === PLACE.metadata || place === PLACE.secretMetadata)) {
        const after = valueEnd(bytes, value, end);
        // it names the last object of its page, hidden or not; pages are not asked for
        if (key === KEYS.continue && bytes[value] === QUOTE && textOf(bytes, value, after) !== "")
          throw unreadable("it is a page of a longer list");
        if (key === KEYS.remainingItemCount) {
          this.#state.edits.replace(value, after, NULL);
          return after;
        }
      }
      if (place === PLACE.tokenRequest && key === KEYS.token)
        return this.#value(value, PLACE.secretText, this.#state.masking.secret);
      if (inner !== PLACE.text) return this.#value(value, inner);
      if (keysAreText) this.#leaves.string(from, PLACE.text, undefined);
      const own = named ? this.#plan(readKey(bytes, from, to)) : undefined;
      return this.#value(value, own === undefined ? inner : PLACE.column, own);
    });
    return { next, kind };
  }

  #secretPlan(key: string): ColumnPlan | undefined {
    return this.#state.masking.secretColumn(this.#state.namespace, key);
  }

  /** A value whose name the policy may speak of. */
  #named(value: number, place: Place, name: string): number {
    const plan = this.#plan(name);
    return this.#value(value, plan !== undefined && place !== PLACE.configMapBinary ? PLACE.column : place, plan);
  }

  #namespaceOf(at: number): string {
    const { namespace, next } = namespaceOf(this.#state.json, at);
    this.#readsAgain(next - at);
    return namespace ?? this.#state.namespace;
  }

  #envVar(at: number): number {
    const { bytes, end } = this.#state.json;
    let plan: ColumnPlan | undefined;
    if (this.#state.masking.byName) {
      let isNamed = false;
      const next = eachMember(this.#state.json, at, (from, to, value) => {
        const after = valueEnd(bytes, value, end);
        if (bytes[value] !== QUOTE || keyOf(bytes, from, to) !== KEYS.name) return after;
        plan = this.#plan(textOf(bytes, value, after)) ?? plan;
        isNamed = true;
        return after;
      });
      this.#readsAgain(next - at);
      if (!isNamed) plan = { ...UNNAMED, column: `${this.#state.table}.env` };
    }
    return eachMember(this.#state.json, at, (from, to, value) => {
      const key = keyOf(bytes, from, to);
      this.#state.keyFrom = from;
      this.#state.keyTo = to;
      if (key === KEYS.value && plan !== undefined) return this.#value(value, PLACE.column, plan);
      return this.#value(value, placeOf(PLACE.envVar, key, PLACE.text));
    });
  }
}

/** What is hidden by its place or its name may be quoted in an error without that. */
function quotesOf({ root, custom, failed }: AnswerSubject, { secret, byName }: Masking): WalkState["quotes"] {
  if (root === PLACE.secret && secret !== undefined) return "own";
  if (failed !== true || !(byName || (custom && secret !== undefined))) return undefined;
  return custom ? "custom" : "own";
}

/** A Secret that calls itself something else stays one. */
function neverLess(place: Place, is: Place): boolean {
  return place === PLACE.secret || (place === PLACE.secretCopy && is !== PLACE.secret);
}
