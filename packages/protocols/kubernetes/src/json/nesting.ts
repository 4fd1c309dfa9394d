import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from "./json-scan.ts";

/** Longer strings are searched for their end natively; calling that costs as much as looking at so many bytes. */
const SHORT = 64;

/** Finds the end of an object, array or string that arrives in pieces; what stands in it is counted, not checked. */
export class Nesting {
  /** Reading stopped here: at the end of the bytes, or behind the value. */
  at = 0;
  #depth = 0;
  #inString = false;

  /** Reads on from `#at`, at first from the value's first byte. True: the value ends before `at`. */
  read(bytes: Buffer): boolean {
    let depth = this.#depth;
    let at = this.at;
    const { length } = bytes;
    let inString = this.#inString;
    while (at < length) {
      if (inString) {
        at = quoteOrBackslash(bytes, at);
        if (at === length) break;
        if (bytes[at] === BACKSLASH) {
          // what is escaped comes with the next piece
          if (at + 1 === length) break;
          at += 2;
          continue;
        }
        at++;
        inString = false;
        if (depth === 0) return this.#ends(at);
        continue;
      }
      const byte = bytes[at++];
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth <= 0) return this.#ends(at);
    }
    this.at = at;
    this.#depth = depth;
    this.#inString = inString;
    return false;
  }

  #ends(at: number): true {
    this.at = at;
    this.#depth = 0;
    this.#inString = false;
    return true;
  }
}

function quoteOrBackslash(bytes: Buffer, from: number): number {
  const { length } = bytes;
  const near = Math.min(length, from + SHORT);
  for (let at = from; at < near; at++) {
    const byte = bytes[at];
    if (byte === QUOTE || byte === BACKSLASH) return at;
  }
  if (near === length) return length;
  const quote = bytes.indexOf(QUOTE, near);
  const end = quote < 0 ? length : quote;
  const backslash = bytes.subarray(near, end).indexOf(BACKSLASH);
  return backslash < 0 ? end : near + backslash;
}
