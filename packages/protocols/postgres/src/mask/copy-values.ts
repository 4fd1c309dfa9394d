import type { SqlCopy } from "@tidewaiter/core";

/** What COPY writes between and around values; the defaults are those of the SQL command's documentation. */
export interface CopyFormat {
  readonly format: SqlCopy["format"];
  readonly delimiter: number;
  readonly null: Buffer;
  /**
   * No value can be written as NULL is. In text a value that equals the string of the NULL option cannot be told from NULL:
   * if it passed, that option would be a way to ask for a value.
   */
  readonly nullIsCertain: boolean;
  readonly quote: number;
  readonly escape: number;
  readonly header: boolean;
  /** 1 for bytes that end a cell or change how those behind them are read. */
  readonly marks: Uint8Array;
  /** 1 for bytes that no value holds as they are: in csv inside of quotes. */
  readonly escapes: Uint8Array;
}

const BACKSLASH = 0x5c;
const STAR = 0x2a;

export function copyFormat({ format, options }: SqlCopy): CopyFormat {
  const csv = format === "csv";
  const quote = (options.quote ?? '"').charCodeAt(0);
  const delimiter = (options.delimiter ?? (csv ? "," : "\t")).charCodeAt(0);
  const nothing = Buffer.from(options.null ?? (csv ? "" : "\\N"));
  const mark = options.escape === undefined ? quote : options.escape.charCodeAt(0);
  return {
    format,
    delimiter,
    null: nothing,
    nullIsCertain: csv || !isEscapedText(nothing, delimiter),
    quote,
    escape: mark,
    header: options.header === true,
    marks: byteSet(csv ? [delimiter, quote, mark] : [delimiter, BACKSLASH]),
    escapes: byteSet(csv ? [quote, mark] : [delimiter, BACKSLASH, ...LETTER_OF.keys()]),
  };
}

function byteSet(bytes: readonly number[]): Uint8Array {
  const set = new Uint8Array(256);
  for (const byte of bytes) set[byte] = 1;
  return set;
}

/** What COPY TO writes behind a backslash for a control character; any other byte there stands for itself. */
const ESCAPED: ReadonlyMap<number, number> = new Map(
  Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }).map(([letter, byte]) => [letter.charCodeAt(0), byte]),
);
const LETTER_OF: ReadonlyMap<number, number> = new Map([...ESCAPED].map(([letter, byte]) => [byte, letter]));

/** Could the server write some value so? */
function isEscapedText(bytes: Buffer, delimiter: number): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === delimiter) return false;
    if (byte !== BACKSLASH) continue;
    const next = bytes[++at];
    if (next === undefined || !(ESCAPED.has(next) || next === BACKSLASH || next === delimiter)) return false;
  }
  return true;
}

/**
 * Takes the values of one cell out of what stands for them in a line, piece by piece, so that a transform such as `last` sees
 * no quotes or escapes.
 */
export class CellDecoder {
  readonly #format: CopyFormat;
  #begun = false;
  #quoted = false;
  /** Behind a backslash or, in csv, an escape character that may yet stand for itself. */
  #escaped = false;

  constructor(format: CopyFormat) {
    this.#format = format;
  }

  /** In csv: what was decoded so far stood in quotes. */
  get quoted(): boolean {
    return this.#quoted;
  }

  push(raw: Buffer): Buffer {
    if (this.#format.format !== "csv") return this.#text(raw);
    let from = 0;
    if (!this.#begun && raw.length > 0) {
      this.#begun = true;
      this.#quoted = raw[0] === this.#format.quote;
      from = this.#quoted ? 1 : 0;
    }
    return this.#quoted ? this.#csv(raw, from) : raw;
  }

  #text(raw: Buffer): Buffer {
    if (!this.#escaped && !raw.includes(BACKSLASH)) return raw;
    const out = Buffer.allocUnsafe(raw.length);
    let to = 0;
    for (const byte of raw) {
      if (!this.#escaped && byte === BACKSLASH) this.#escaped = true;
      else {
        out[to++] = this.#escaped ? (ESCAPED.get(byte) ?? byte) : byte;
        this.#escaped = false;
      }
    }
    return out.subarray(0, to);
  }

  /** Inside of quotes. An escape character that is not before another, or a quote, stands for itself; the last quote for nothing. */
  #csv(raw: Buffer, from: number): Buffer {
    const { quote, escape: mark } = this.#format;
    const out = Buffer.allocUnsafe(raw.length + 1);
    let to = 0;
    for (let at = from; at < raw.length; at++) {
      const byte = raw[at] ?? 0;
      if (this.#escaped) {
        this.#escaped = false;
        if (byte === quote || byte === mark) {
          out[to++] = byte;
          continue;
        }
        out[to++] = mark;
      }
      if (byte === mark) this.#escaped = true;
      else if (byte !== quote) out[to++] = byte;
    }
    return out.subarray(0, to);
  }
}

/** The value of a whole cell. */
export function decodedCell(cell: Buffer, format: CopyFormat): Buffer {
  return new CellDecoder(format).push(cell);
}

/** A value as a whole cell; in csv always in quotes, so that it is never read as NULL. */
export function encodedCell(value: Buffer, format: CopyFormat): Buffer {
  if (format.format !== "csv") return escaped(value, format, false);
  const quote = Buffer.from([format.quote]);
  return Buffer.concat([quote, escaped(value, format, true), quote]);
}

/** A part of a value, as it stands inside of a cell. @param quoted csv: the cell is in quotes */
export function escaped(value: Buffer, format: CopyFormat, quoted: boolean): Buffer {
  const csv = format.format === "csv";
  if ((csv && !quoted) || nextIn(format.escapes, value, 0) === value.length) return value;
  const out = Buffer.allocUnsafe(2 * value.length);
  let to = 0;
  for (let at = 0; at < value.length; ) {
    const special = nextIn(format.escapes, value, at);
    to += value.copy(out, to, at, special);
    at = special + 1;
    const byte = value[special];
    if (byte === undefined) break;
    out[to++] = csv ? format.escape : BACKSLASH;
    out[to++] = csv ? byte : (LETTER_OF.get(byte) ?? byte);
  }
  return out.subarray(0, to);
}

/** Where the first byte of the set lies from `from` on; the length when there is none. */
export function nextIn(set: Uint8Array, bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && set[bytes[at] as number] === 0) at++;
  return at;
}

/** What overwrites a finding: a byte that no cell needs an escape for. */
export function fillByte({ delimiter, quote, escape: mark }: CopyFormat): number {
  return [STAR, 0x78, 0x79, 0x7a].find((byte) => byte !== delimiter && byte !== quote && byte !== mark) ?? STAR;
}

/** Client encodings in which every byte below 0x80 is that ASCII character, by PostgreSQL's names without marks (charset docs, 24.3). */
const ASCII_SAFE =
  /^(?:utf8|unicode|sqlascii|euc(?:jp|cn|kr|tw|jis2004)|mule(?:internal)?|latin(?:[1-9]|10)|iso8859\d{1,2}|koi8[ru]?|alt|abc|tcvn(?:5712)?|vscii|win(?:dows)?(?:866|874|125[0-8])?)$/;

/**
 * Can rows in this encoding be taken apart by their delimiters? In the others (SJIS, BIG5, GBK, UHC, GB18030, JOHAB) the second
 * byte of a character may look like one.
 */
export function isSplittable(encoding: string): boolean {
  return ASCII_SAFE.test(encoding.toLowerCase().replace(/[^a-z0-9]/g, ""));
}
