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
} from "../json/json-scan.ts";
import { unreadable } from "../json/unreadable.ts";

/** Reads one JSON object that arrives in pieces, and stops at every array that is directly in it. */
export class HeadScan {
  /** Reading stopped here. */
  at = 0;
  /** The last string directly in the object: at an array its key. */
  keyFrom = -1;
  keyTo = -1;
  #depth = 0;
  #inString = false;
  #isKey = false;
  #over = false;

  /** True: an array begins at `at`. False: all bytes are read. `bytes` only ever grow. */
  toArray(bytes: Buffer): boolean {
    while (this.at < bytes.length) {
      const byte = bytes[this.at] as number;
      if (this.#inString) {
        if (byte === BACKSLASH) {
          // what is escaped comes with the next piece
          if (this.at + 1 === bytes.length) return false;
          this.at++;
        } else if (byte === QUOTE) {
          this.#inString = false;
          if (this.#depth === 1) this.keyTo = this.at + 1;
        }
        this.at++;
        continue;
      }
      if (this.#over && !isSpace(byte)) throw unreadable("something stands behind the JSON value");
      if (byte === OPEN_ARRAY && this.#depth === 1 && this.#isKey && this.keyTo > this.keyFrom) return true;
      this.#step(byte);
    }
    return false;
  }

  /** Goes on into the array at which it stopped. */
  enter(): void {
    this.#depth++;
    this.at++;
  }

  #step(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (this.#depth === 1) this.keyFrom = this.at;
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
    this.at++;
  }
}
