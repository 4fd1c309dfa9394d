import type { Masking } from "./masking.ts";
import { type AnswerSubject, ObjectWalk, type TableColumns } from "./object-walk.ts";
import { PLACE, type Place } from "./places.ts";

/** Where names stand that a label may be carried by, in the object of a row. */
const NAMED = [Buffer.from('"annotations"'), Buffer.from('"env"'), Buffer.from("\\")];
/** Masks one whole JSON value after the other: items of a list, rows of a Table, events of a watch. */
export class ValueMask {
  readonly masking: Masking;
  readonly subject: AnswerSubject;
  readonly #columns: TableColumns = { plans: [] };

  constructor(masking: Masking, subject: AnswerSubject) {
    this.masking = masking;
    this.subject = subject;
  }

  /** The very same bytes where nothing is masked. */
  apply(bytes: Buffer, place: Place): Buffer {
    if (!this.#mayHold(bytes, place)) return bytes;
    const walk = this.#walk(bytes, place);
    return walk.edits.applied(bytes, 0, bytes.length);
  }

  /** As `apply` of a text of which only `[from, to)` is wanted: the rest stands in for what is elsewhere. */
  applyPart(bytes: Buffer, from: number, to: number, place: Place): Buffer {
    return this.#walk(bytes, place).edits.applied(bytes, from, to);
  }

  #walk(bytes: Buffer, place: Place): ObjectWalk {
    const walk = new ObjectWalk(bytes, this.masking, this.subject, this.#columns);
    walk.run(place);
    return walk;
  }

  #mayHold(bytes: Buffer, place: Place): boolean {
    const { byName } = this.masking;
    const { root, custom } = this.subject;
    if (place === PLACE.event || root !== PLACE.object) return true;
    if (byName && place === PLACE.row && !custom && !NAMED.some((key) => bytes.includes(key)))
      return this.masking.mayHoldUnnamed(bytes);
    return this.masking.mayHold(bytes);
  }
}
