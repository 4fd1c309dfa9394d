const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Objects and arrays inside of each other; PostgreSQL's own limit is its stack. */
const MAX_DEPTH = 500;
const LITERALS = { 116: "true", 102: "false", 110: "null" } as const;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NUMBER_BYTES = new Set([..."+-.eE0123456789"].map((character) => character.charCodeAt(0)));

export type JsonKind = "object" | "array" | "string" | "number" | "boolean" | "null" | undefined;

/**
 * Walks over JSON text by bytes, from value to value, and knows where each lies (RFC 8259). A method that says false met
 * something that is no JSON; then nothing more may be asked.
 */
export class JsonReader {
  at = 0;
  readonly #bytes: Buffer;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The kind of the value that comes next; undefined: none does. */
  peek(): JsonKind {
    this.#space();
    const byte = this.#bytes[this.at];
    if (byte === OPEN_OBJECT) return "object";
    if (byte === OPEN_ARRAY) return "array";
    if (byte === QUOTE) return "string";
    if (byte === 0x74 || byte === 0x66) return "boolean";
    if (byte === 0x6e) return "null";
    return byte !== undefined && NUMBER_BYTES.has(byte) ? "number" : undefined;
  }

  /** Nothing but white space is left. */
  atEnd(): boolean {
    this.#space();
    return this.at === this.#bytes.length;
  }

  skipValue(): boolean {
    switch (this.peek()) {
      case "object":
        return this.eachMember(() => this.skipValue());
      case "array":
        return this.eachElement(() => this.skipValue());
      case "string":
        return this.#string();
      case "number":
        return this.#number();
      case "boolean":
      case "null":
        return this.#literal();
      default:
        return false;
    }
  }

  /** `value` reads the value behind each key. */
  eachMember(value: (key: string) => boolean): boolean {
    return this.#items(CLOSE_OBJECT, () => {
      this.#space();
      const from = this.at;
      if (!this.#string()) return false;
      const key = this.text(from);
      return key !== undefined && this.#take(COLON) && value(key);
    });
  }

  eachElement(value: (index: number) => boolean): boolean {
    let index = 0;
    return this.#items(CLOSE_ARRAY, () => value(index++));
  }

  /** What stands in `[from, at)`, a token that was just read: a string without quotes and escapes, anything else as written. */
  text(from: number): string | undefined {
    const written = this.#bytes.toString("utf8", from, this.at);
    if (this.#bytes[from] !== QUOTE) return written;
    if (!written.includes("\\")) return written.slice(1, -1);
    try {
      const value: unknown = JSON.parse(written);
      return typeof value === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  }

  #items(close: number, item: () => boolean): boolean {
    if (++this.#depth > MAX_DEPTH) return false;
    this.at++;
    if (this.#take(close)) {
      this.#depth--;
      return true;
    }
    do if (!item()) return false;
    while (this.#take(COMMA));
    this.#depth--;
    return this.#take(close);
  }

  #string(): boolean {
    if (this.#bytes[this.at] !== QUOTE) return false;
    for (this.at++; this.at < this.#bytes.length; this.at++) {
      const byte = this.#bytes[this.at] as number;
      if (byte === BACKSLASH) this.at++;
      else if (byte === QUOTE) {
        this.at++;
        return true;
      } else if (byte < 0x20) return false;
    }
    return false;
  }

  #number(): boolean {
    let end = this.at;
    while (NUMBER_BYTES.has(this.#bytes[end] ?? 0)) end++;
    const written = this.#bytes.toString("latin1", this.at, end);
    NUMBER.lastIndex = 0;
    if (NUMBER.exec(written)?.[0].length !== written.length) return false;
    this.at = end;
    return true;
  }

  #literal(): boolean {
    const word = LITERALS[this.#bytes[this.at] as keyof typeof LITERALS];
    if (this.#bytes.toString("latin1", this.at, this.at + word.length) !== word) return false;
    this.at += word.length;
    return true;
  }

  #take(byte: number): boolean {
    this.#space();
    if (this.#bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  #space(): void {
    for (; ; this.at++) {
      const byte = this.#bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    }
  }
}
