/** Replacements in a text, in the order of their places. */
export class Edits {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #texts: Buffer[] = [];

  get count(): number {
    return this.#starts.length;
  }

  replace(start: number, end: number, text: Buffer): void {
    this.#starts.push(start);
    this.#ends.push(end);
    this.#texts.push(text);
  }

  /** Forgets all but the first `count`. */
  truncate(count: number): void {
    this.#starts.length = count;
    this.#ends.length = count;
    this.#texts.length = count;
  }

  /** What stands for `[start, end)` now; undefined = what stood there. */
  at(start: number, end: number): Buffer | undefined {
    const index = this.#starts.lastIndexOf(start);
    return index >= 0 && this.#ends[index] === end ? this.#texts[index] : undefined;
  }

  /** Instead of what was said of that range before. */
  replaceAgain(start: number, end: number, text: Buffer): void {
    const index = this.#starts.lastIndexOf(start);
    if (index >= 0) {
      this.#texts[index] = text;
      return;
    }
    let place = this.#starts.length;
    while (place > 0 && (this.#starts[place - 1] as number) > start) place--;
    this.#starts.splice(place, 0, start);
    this.#ends.splice(place, 0, end);
    this.#texts.splice(place, 0, text);
  }

  /** `[from, to)` of the text with all of them done; the text's own bytes when there are none. */
  applied(bytes: Buffer, from: number, to: number): Buffer {
    if (this.#starts.length === 0) return bytes.subarray(from, to);
    const parts: Buffer[] = [];
    let at = from;
    for (const [index, start] of this.#starts.entries()) {
      const end = this.#ends[index] as number;
      if (start < from || end > to) continue;
      parts.push(bytes.subarray(at, start), this.#texts[index] as Buffer);
      at = end;
    }
    parts.push(bytes.subarray(at, to));
    return Buffer.concat(parts);
  }
}
