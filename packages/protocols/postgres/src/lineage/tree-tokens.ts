import { LineageError } from "./lineage-error.ts";

const TAB = 0x09;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const BACKSLASH = 0x5c;

/** Bytes that end a token (`pg_strtok` of PostgreSQL's `read.c`). */
const DELIMITERS = new Uint8Array(256);
for (const byte of [TAB, NEWLINE, SPACE, ..."(){}".split("").map((sign) => sign.charCodeAt(0))]) DELIMITERS[byte] = 1;

/** Names of kinds and fields, decoded once. The server makes them up, but a bound costs nothing. */
const MAX_NAMES = 4096;
const names = new Map<number, string>();

/** Byte cursor over the text of a tree. */
export class TreeTokens {
  readonly text: Buffer;
  at = 0;

  constructor(text: Buffer) {
    this.text = text;
  }

  /** The next byte that is not space, without taking it; -1 at the end. */
  peek(): number {
    const { text } = this;
    let at = this.at;
    for (; at < text.length; at++) {
      const byte = text[at];
      if (byte !== SPACE && byte !== NEWLINE && byte !== TAB) break;
    }
    this.at = at;
    return text[at] ?? -1;
  }

  /** Takes one byte that was peeked at. */
  take(): void {
    this.at++;
  }

  /** End of the token at the cursor. Throws where there is none. */
  tokenEnd(): number {
    const { text } = this;
    let at = this.at;
    while (at < text.length && DELIMITERS[text[at] ?? 0] === 0) at += text[at] === BACKSLASH ? 2 : 1;
    if (at > text.length) throw new LineageError("truncated");
    if (at === this.at) throw new LineageError(at === text.length ? "truncated" : "malformed");
    return at;
  }

  /** Takes the name of a kind or field: letters, digits and underscores. */
  name(): string {
    const { text } = this;
    const start = this.at;
    let hash = 0;
    let at = start;
    for (; at < text.length; at++) {
      const byte = text[at] ?? 0;
      if (DELIMITERS[byte] === 1) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (at === start) throw new LineageError(at === text.length ? "truncated" : "malformed");
    this.at = at;
    const known = names.get(hash);
    if (known !== undefined && this.#spells(known, start, at)) return known;
    const name = text.toString("latin1", start, at);
    if (known === undefined && names.size < MAX_NAMES) names.set(hash, name);
    return name;
  }

  /** An integer at the cursor is taken and returned; undefined for any other token, which stays. */
  integer(): number | undefined {
    const { text } = this;
    const negative = text[this.at] === 0x2d;
    let at = this.at + (negative ? 1 : 0);
    const start = at;
    let value = 0;
    for (; at < text.length; at++) {
      const digit = (text[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === start || at - start > 15) return undefined;
    if (at < text.length && DELIMITERS[text[at] ?? 0] === 0) return undefined;
    this.at = at;
    return negative ? -value : value;
  }

  /** Takes a token as text, without its backslashes. */
  word(): string {
    const start = this.at;
    const end = this.tokenEnd();
    this.at = end;
    return this.#decode(start, end);
  }

  /** Takes a string node, `"text"`: the quotes are not part of it. */
  quoted(): string {
    const start = this.at + 1;
    const end = this.tokenEnd();
    if (end - start < 1 || this.text[end - 1] !== 0x22) throw new LineageError("malformed");
    this.at = end;
    return this.#decode(start, end - 1);
  }

  #spells(name: string, start: number, end: number): boolean {
    if (name.length !== end - start) return false;
    for (let at = start; at < end; at++) if (this.text[at] !== name.charCodeAt(at - start)) return false;
    return true;
  }

  /** Names that are not UTF-8 stay apart from each other: one byte per character, after a mark. */
  #decode(start: number, end: number): string {
    const bytes = this.#unescaped(start, end);
    const text = bytes.toString();
    return text.includes("\uFFFD") ? `\uFFFD${bytes.toString("latin1")}` : text;
  }

  #unescaped(start: number, end: number): Buffer {
    const token = this.text.subarray(start, end);
    const first = token.indexOf(BACKSLASH);
    if (first === -1) return token;
    const plain = Buffer.allocUnsafe(token.length);
    let length = 0;
    for (let at = 0; at < token.length; at++) {
      if (token[at] === BACKSLASH) at++;
      plain[length++] = token[at] ?? 0;
    }
    return plain.subarray(0, length);
  }
}
