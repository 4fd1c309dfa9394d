const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** Knows, while JSON text (RFC 8259) goes by, which of its bytes lie in strings and which in escapes. */
export class JsonPlaces {
  /** Bytes looked at, from the beginning of the text; may be ahead of what was asked for by an escape. */
  #at = 0;
  #inString = false;

  /**
   * Where a replacement that should begin at `to` may begin: behind the escape that it would cut, as of `"\nann@..."`.
   * Never asks for less than before.
   * @param buffer holds the text's bytes from `base` on
   */
  walk(buffer: Buffer, base: number, to: number): { readonly start: number; readonly inString: boolean } {
    while (this.#at < to) {
      const byte = buffer[this.#at - base];
      if (byte === QUOTE) this.#inString = !this.#inString;
      if (byte !== BACKSLASH) this.#at++;
      else this.#at += buffer[this.#at - base + 1] === LETTER_U ? 6 : 2;
    }
    return { start: this.#at, inString: this.#inString };
  }
}
