import { candidates } from "@tidewaiter/toolkit/content/prefilter";
import type { Edits } from "../json/edits.ts";
import {
  BACKSLASH,
  escaped,
  type Json,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  stringEnd,
  textOf,
  valueEnd,
} from "../json/json-scan.ts";
import { KEYS, keyOf, readKey } from "./known-keys.ts";
import { CONSTANT_TEXT } from "./mask-text.ts";
import type { ColumnPlan, Masking } from "./masking.ts";
import { PLACE, type Place } from "./places.ts";
import { SecretCopies } from "./secret-copies.ts";
import { withoutQuotedValues } from "./status-text.ts";

/** Where a walk over one JSON text is, and what it has done. */
export interface WalkState {
  readonly json: Json;
  readonly masking: Masking;
  readonly edits: Edits;
  readonly copies: SecretCopies;
  /** What the whole answer is about. */
  readonly root: Place;
  /** Messages may quote values that are hidden: of an own resource of Kubernetes, or of a custom one. */
  readonly quotes: "own" | "custom" | undefined;
  /** The text is a copy of a Secret. */
  readonly isCopy: boolean;
  /** Of the object that is read: its resource, for labels and the recording. */
  table: string;
  namespace: string;
  /** The key that was read last; -1 = none. */
  keyFrom: number;
  keyTo: number;
  /** Walks over a JSON text inside of this one. Throws on what is none, and on too many of them inside of each other. */
  walkText(text: Buffer, holds: Place): Edits;
}

/** Masks single values: by what they are, by what they hold, by what the detectors find in them. */
export class LeafMask {
  readonly #state: WalkState;

  constructor(state: WalkState) {
    this.#state = state;
  }

  /** Numbers, booleans and null. */
  scalar(at: number, place: Place, plan: ColumnPlan | undefined): number {
    const { bytes, end } = this.#state.json;
    const next = valueEnd(bytes, at, end);
    const ofSecret = place === PLACE.secretData || place === PLACE.secretText;
    const mask = plan ?? (ofSecret ? this.#state.masking.secret : undefined);
    if (mask === undefined || bytes[at] === 0x6e) return next;
    const masked = this.#state.masking.text(mask, bytes.toString("latin1", at, next));
    this.#replace(at, next, place === PLACE.secretData ? Buffer.from(masked).toString("base64") : masked);
    return next;
  }

  string(at: number, place: Place, plan: ColumnPlan | undefined): number {
    const { bytes, end } = this.#state.json;
    const next = stringEnd(bytes, at, end);
    const hasEscape = escaped;
    switch (place) {
      case PLACE.secretData:
      case PLACE.secretText:
        this.#secretValue(at, next, place, plan ?? this.#state.masking.secret);
        return next;
      case PLACE.column:
        if (plan !== undefined) this.#replace(at, next, this.#state.masking.text(plan, textOf(bytes, at, next)));
        return next;
      case PLACE.configMapBinary:
        this.#binary(at, next, plan);
        return next;
      case PLACE.secretAnnotations:
        this.#state.copies.annotation(at, next);
        this.#text(at, next, hasEscape, PLACE.secretCopy);
        return next;
      case PLACE.secretCopy:
        this.#state.copies.annotation(at, next);
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
    const written = textOf(this.#state.json.bytes, at, next);
    const inBase64 = place === PLACE.secretData;
    this.#state.copies.value(written, inBase64 ? "base64" : "text");
    this.#replace(
      at,
      next,
      inBase64 ? this.#state.masking.base64(plan, written) : this.#state.masking.text(plan, written),
    );
  }

  #text(at: number, next: number, hasEscape: boolean, holds: Place): void {
    const { bytes } = this.#state.json;
    const { secret, detectors } = this.#state.masking;
    const { quotes } = this.#state;
    if (holds === PLACE.secretCopy && secret !== undefined && SecretCopies.isOpaque(bytes, at + 1, next - 1))
      return this.#replace(at, next, this.#state.masking.text(secret, ""));
    if (mayHoldJson(bytes, at, next) && this.#jsonText(at, next, holds)) return;
    if (quotes !== undefined && this.#isMessage()) {
      const shown = withoutQuotedValues(textOf(bytes, at, next), quotes === "custom");
      if (shown !== undefined) {
        const found = this.#state.masking.findings(Buffer.from(shown), () => this.#columnName());
        return this.#replace(at, next, found?.toString("utf8") ?? shown);
      }
    }
    if (detectors === undefined) return;
    if (!hasEscape) {
      if (candidates(bytes, at + 1, next - 1, detectors.set) === 0) return;
      const masked = this.#state.masking.findings(bytes.subarray(at + 1, next - 1), () => this.#columnName());
      if (masked !== undefined) this.#state.edits.replace(at + 1, next - 1, masked);
      return;
    }
    const masked = this.#state.masking.findings(Buffer.from(textOf(bytes, at, next)), () => this.#columnName());
    if (masked !== undefined) this.#replace(at, next, masked.toString("utf8"));
  }

  #isMessage(): boolean {
    return (
      this.#state.keyFrom >= 0 && keyOf(this.#state.json.bytes, this.#state.keyFrom, this.#state.keyTo) === KEYS.message
    );
  }

  /** For the recording: never what a key holds that is no plain name. */
  #columnName(): string {
    const key = this.#state.keyFrom < 0 ? "" : readKey(this.#state.json.bytes, this.#state.keyFrom, this.#state.keyTo);
    return `${this.#state.table}.${PLAIN_NAME.test(key) ? key : "(text)"}`;
  }

  /** A string that holds JSON, such as what `kubectl apply` keeps in an annotation. False: it holds none. */
  #jsonText(at: number, next: number, holds: Place): boolean {
    const { secret } = this.#state.masking;
    const inner = Buffer.from(textOf(this.#state.json.bytes, at, next));
    if (holds !== PLACE.secretCopy && !this.#state.masking.mayHold(inner)) return true;
    let edits: Edits;
    try {
      edits = this.#state.walkText(inner, holds);
    } catch {
      if (holds !== PLACE.secretCopy || secret === undefined) return false;
      // the copy of a Secret, in whatever form its program likes
      this.#replace(at, next, this.#state.masking.text(secret, ""));
      return true;
    }
    if (edits.count > 0) this.#replace(at, next, edits.applied(inner, 0, inner.length).toString("utf8"));
    return true;
  }

  #binary(at: number, next: number, plan: ColumnPlan | undefined): void {
    const written = textOf(this.#state.json.bytes, at, next);
    if (plan !== undefined) return this.#replace(at, next, this.#state.masking.base64(plan, written));
    const found = this.#state.masking.findings(Buffer.from(written, "base64"), () => this.#columnName());
    if (found !== undefined) this.#replace(at, next, found.toString("base64"));
  }

  /** What a Secret's values are repeated in. */
  hideCopies(from: ReturnType<SecretCopies["mark"]>): void {
    if (this.#state.masking.secret === undefined) return;
    const shown = (start: number, end: number): string => {
      const token = this.#state.edits.at(start, end) ?? this.#state.json.bytes.subarray(start, end);
      return textOf(token, 0, token.length);
    };
    for (const { start, end } of this.#state.copies.found(from, shown))
      this.#state.edits.replaceAgain(start, end, Buffer.from(JSON.stringify(CONSTANT_TEXT)));
    // what is said around a Secret inside of a copy belongs to it
    if (!this.#state.isCopy) this.#state.copies.reset(from);
  }

  #replace(at: number, next: number, text: string): void {
    this.#state.edits.replace(at, next, Buffer.from(JSON.stringify(text)));
  }
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
