import type { Edits } from "../json/edits.ts";
import type { Identity } from "./identity.ts";
import type { Masking } from "./masking.ts";
import { type AnswerSubject, type TableColumns, walkObject } from "./object-walk.ts";
import { PLACE, type Place } from "./places.ts";

/** Where names stand that a label may be carried by, in the object of a row. */
const NAMED = [Buffer.from('"annotations"'), Buffer.from('"env"'), Buffer.from("\\")];

/** What is masked in one object. */
export type MaskingFor = (identity: Identity | undefined) => Masking;

/** Masks one whole JSON value after the other: items of a list, rows of a Table, events of a watch. */
export class ValueMask {
  /** Of what is no object of its own. */
  readonly masking: Masking;
  readonly subject: AnswerSubject;
  readonly #maskingFor: MaskingFor | undefined;
  readonly #columns: TableColumns = { names: [] };

  /** @param maskingFor absent: every object of the answer is masked alike */
  constructor(masking: Masking, subject: AnswerSubject, maskingFor?: MaskingFor) {
    this.masking = masking;
    this.subject = subject;
    this.#maskingFor = maskingFor;
  }

  /** Rules tell its objects apart: `applyTo` has to know which one it masks. */
  get tellsApart(): boolean {
    return this.#maskingFor !== undefined;
  }

  /** The very same bytes where nothing is masked. */
  apply(bytes: Buffer, place: Place): Buffer {
    return this.#applied(bytes, place, this.masking);
  }

  /** One object, row or event; `identity` is undefined where it does not say which. */
  applyTo(identity: Identity | undefined, bytes: Buffer, place: Place): Buffer {
    return this.#applied(bytes, place, this.#maskingFor?.(identity) ?? this.masking);
  }

  #applied(bytes: Buffer, place: Place, masking: Masking): Buffer {
    if (!this.#mayHold(bytes, place, masking)) return bytes;
    return this.#walk(bytes, place, masking).applied(bytes, 0, bytes.length);
  }

  /** As `apply` of a text of which only `[from, to)` is wanted: the rest stands in for what is elsewhere. */
  applyPart(bytes: Buffer, from: number, to: number, place: Place): Buffer {
    return this.#walk(bytes, place, this.masking).applied(bytes, from, to);
  }

  #walk(bytes: Buffer, place: Place, masking: Masking): Edits {
    return walkObject({ bytes, place, masking, subject: this.subject, columns: this.#columns });
  }

  /** A cheap look at the whole, for most items hold nothing. */
  #mayHold(bytes: Buffer, place: Place, masking: Masking): boolean {
    const { byName } = masking;
    const { root, custom } = this.subject;
    if (place === PLACE.event || root !== PLACE.object || this.subject.failed === true) return true;
    if (byName && place === PLACE.row && !custom && !NAMED.some((key) => bytes.includes(key)))
      return masking.mayHoldUnnamed(bytes);
    return masking.mayHold(bytes);
  }
}
