import { candidates } from "@tidewaiter/toolkit/content/prefilter";
import { BACKSLASH } from "../json/json-scan.ts";
import type { Masking } from "./masking.ts";
import { type AnswerSubject, ObjectWalk, type TableColumns } from "./object-walk.ts";
import { PLACE, type Place } from "./places.ts";

/** Where names stand that a label may be carried by, in the object of a row. */
const NAMED = [Buffer.from('"annotations"'), Buffer.from('"env"'), Buffer.from("\\")];
const SECRET = Buffer.from("Secret");

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

  /** A cheap look at the whole, for most items hold nothing. */
  #mayHold(bytes: Buffer, place: Place): boolean {
    const { detectors, byName, secret } = this.masking;
    const { root, custom } = this.subject;
    if (place === PLACE.event || root !== PLACE.object || (byName && place !== PLACE.row)) return true;
    if (byName && (custom || NAMED.some((key) => bytes.includes(key)))) return true;
    if (secret !== undefined && bytes.includes(SECRET)) return true;
    if (detectors === undefined) return false;
    return bytes.includes(BACKSLASH) || candidates(bytes, 0, bytes.length, detectors.set) !== 0;
  }
}
