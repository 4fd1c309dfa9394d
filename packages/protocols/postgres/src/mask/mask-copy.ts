import type { SqlCopy } from "@tidewaiter/core";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { candidates } from "@tidewaiter/toolkit/content/prefilter";
import { encodeFrontend } from "../encode-frontend.ts";
import { maskedValue } from "./column-mask.ts";
import type { ContentMask } from "./content-mask.ts";
import { redactedValue } from "./content-mask.ts";
import type { CellMask, RowMask } from "./mask-rows.ts";
import { isContentMask } from "./mask-rows.ts";

/** What COPY writes between and around values; the defaults are those of the SQL command's documentation. */
export interface CopyFormat {
  readonly format: SqlCopy["format"];
  readonly delimiter: number;
  readonly null: string;
  readonly quote: number;
  readonly escape: number;
  readonly header: boolean;
}

export function copyFormat({ format, options }: SqlCopy): CopyFormat {
  const csv = format === "csv";
  const quote = (options.quote ?? '"').charCodeAt(0);
  return {
    format,
    delimiter: (options.delimiter ?? (csv ? "," : "\t")).charCodeAt(0),
    null: options.null ?? (csv ? "" : "\\N"),
    quote,
    escape: options.escape === undefined ? quote : options.escape.charCodeAt(0),
    header: options.header === true,
  };
}

const NULL_FIELD = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/**
 * Masks the CopyData messages of one COPY TO STDOUT. The server sends one row per message (binary: the signature comes
 * with the first row), and this holds it to that: anything else is a ProtocolError, so no byte passes unread.
 */
export class CopyMask {
  readonly #mask: RowMask;
  readonly #format: CopyFormat;
  /** What a line is looked through for as a whole, before its values are; undefined where every value must be read. */
  readonly #lineDetectors: DetectorSet | undefined;
  #first = true;

  constructor(mask: RowMask, format: CopyFormat) {
    this.#mask = mask;
    this.#format = format;
    this.#lineDetectors = lineDetectors(mask, format);
  }

  /** A run of CopyData messages in `buffer[start, end)`, masked into new messages; undefined when nothing had to be changed. */
  apply(buffer: Buffer, start: number, end: number): Buffer | undefined {
    const out: Buffer[] = [];
    let copied = start;
    for (let at = start; at < end; ) {
      const next = at + 1 + buffer.readInt32BE(at + 1);
      const data = buffer.subarray(at + 5, next);
      const row = this.#row(data);
      if (row !== data) {
        out.push(buffer.subarray(copied, at), encodeFrontend({ name: "CopyData", data: row }));
        copied = next;
      }
      at = next;
    }
    if (copied === start) return undefined;
    out.push(buffer.subarray(copied, end));
    return Buffer.concat(out);
  }

  /** The same object when the row passes as it is. */
  #row(data: Buffer): Buffer {
    const first = this.#first;
    this.#first = false;
    if (this.#lineDetectors !== undefined && candidates(data, 0, data.length, this.#lineDetectors) === 0) return data;
    if (this.#format.format === "binary") return this.#binary(data, first);
    if (first && this.#format.header) return data;
    return this.#format.format === "csv" ? this.#csv(data) : this.#text(data);
  }

  /** Signature and two int32 before the first tuple; tuples: int16 columns, then int32 length (-1 NULL) and bytes; trailer int16 -1. */
  #binary(data: Buffer, first: boolean): Buffer {
    let at = first ? 19 + data.readInt32BE(15) : 0;
    const out: Buffer[] = [data.subarray(0, at)];
    while (at < data.length) {
      const columns = data.readInt16BE(at);
      out.push(data.subarray(at, at + 2));
      at += 2;
      if (columns === -1) break;
      if (columns !== this.#mask.length) throw mismatch();
      for (const column of this.#mask) {
        const length = data.readInt32BE(at);
        const after = at + 4 + Math.max(0, length);
        if (length < -1 || after > data.length) throw mismatch();
        out.push(
          column === undefined || length < 0
            ? data.subarray(at, after)
            : binaryField(column, data.subarray(at + 4, after)),
        );
        at = after;
      }
    }
    if (at !== data.length) throw mismatch();
    return Buffer.concat(out);
  }

  /** Values end at an unescaped delimiter or the final newline; a backslash escapes the next byte. */
  #text(data: Buffer): Buffer {
    const { delimiter } = this.#format;
    const end = lineEnd(data);
    const cells: Buffer[] = [];
    let from = 0;
    for (let at = 0; at <= end; at++) {
      if (at === end || data[at] === delimiter) {
        cells.push(data.subarray(from, at));
        from = at + 1;
      } else if (data[at] === 0x5c) at++;
    }
    return this.#join(cells, data.subarray(end), (value) => escapeText(value, delimiter));
  }

  #csv(data: Buffer): Buffer {
    const { delimiter, quote, escape: mark } = this.#format;
    const end = lineEnd(data);
    const cells: Buffer[] = [];
    let from = 0;
    let quoted = false;
    for (let at = 0; at <= end; at++) {
      if (at === end || (!quoted && data[at] === delimiter)) {
        cells.push(data.subarray(from, at));
        from = at + 1;
      } else if (quoted && data[at] === mark && (data[at + 1] === quote || data[at + 1] === mark) && at + 1 < end) at++;
      else if (data[at] === quote) quoted = !quoted;
    }
    if (quoted) throw mismatch();
    return this.#join(cells, data.subarray(end), (value) => quoteCsv(value, quote, mark));
  }

  #join(cells: readonly Buffer[], tail: Buffer, encode: (value: Buffer) => Buffer): Buffer {
    if (cells.length !== this.#mask.length) throw mismatch();
    const separator = Buffer.from([this.#format.delimiter]);
    const nothing = Buffer.from(this.#format.null);
    const out: Buffer[] = [];
    for (const [index, cell] of cells.entries()) {
      if (index > 0) out.push(separator);
      const column = this.#mask[index];
      if (column === undefined || cell.equals(nothing)) out.push(cell);
      else if (isContentMask(column)) {
        const redacted = redactedValue(column, decoded(cell, this.#format));
        out.push(redacted === undefined ? cell : encode(redacted));
      } else {
        const masked = maskedValue(column, decoded(cell, this.#format));
        out.push(masked === null ? nothing : encode(masked));
      }
    }
    out.push(tail);
    return Buffer.concat(out);
  }
}

/**
 * All columns are looked through alike and no value can hide from a look at its whole line: escapes put only backslashes and
 * letters into text, and quotes into csv, none of which stands inside of anything that a detector finds.
 */
function lineDetectors(mask: RowMask, { format, delimiter, quote, escape: mark }: CopyFormat): DetectorSet | undefined {
  const content: ContentMask[] = [];
  for (const column of mask) {
    if (column === undefined) continue;
    if (!isContentMask(column)) return undefined;
    content.push(column);
  }
  const plain = format === "text" ? delimiter === 0x09 : format === "csv" && quote === 0x22 && mark === 0x22;
  return plain ? content[0]?.detectors : undefined;
}

function binaryField(column: CellMask, value: Buffer): Buffer {
  const masked = isContentMask(column) ? (redactedValue(column, value) ?? value) : maskedValue(column, value);
  if (masked === null) return NULL_FIELD;
  const out = Buffer.allocUnsafe(4 + masked.length);
  out.writeInt32BE(masked.length);
  masked.copy(out, 4);
  return out;
}

/** Where the value bytes end: before "\n" or "\r\n". */
function lineEnd(data: Buffer): number {
  if (data.at(-1) !== 0x0a) throw mismatch();
  return data.at(-2) === 0x0d ? data.length - 2 : data.length - 1;
}

/** The value as the server holds it, so that a transform such as `last` sees no quotes or escapes. */
function decoded(cell: Buffer, { format, quote, escape: mark }: CopyFormat): Buffer {
  return format === "csv" ? decodedCsv(cell, quote, mark) : decodedText(cell);
}

function decodedCsv(cell: Buffer, quote: number, mark: number): Buffer {
  if (cell[0] !== quote) return cell;
  const out: number[] = [];
  for (let at = 1; at < cell.length - 1; at++) {
    if (cell[at] === mark && at + 2 < cell.length && (cell[at + 1] === quote || cell[at + 1] === mark)) at++;
    out.push(cell[at] ?? 0);
  }
  return Buffer.from(out);
}

/** What COPY TO writes behind a backslash for a control character; any other byte there stands for itself. */
const ESCAPED: ReadonlyMap<number, number> = new Map(
  Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }).map(([letter, byte]) => [letter.charCodeAt(0), byte]),
);
const LETTER_OF: ReadonlyMap<number, number> = new Map([...ESCAPED].map(([letter, byte]) => [byte, letter]));

function decodedText(cell: Buffer): Buffer {
  if (!cell.includes(0x5c)) return cell;
  const out: number[] = [];
  for (let at = 0; at < cell.length; at++) {
    const byte = cell[at] ?? 0;
    const escaped = byte === 0x5c ? cell[++at] : undefined;
    out.push(escaped === undefined ? byte : (ESCAPED.get(escaped) ?? escaped));
  }
  return Buffer.from(out);
}

function escapeText(value: Buffer, delimiter: number): Buffer {
  const out: number[] = [];
  for (const byte of value) {
    const letter = LETTER_OF.get(byte);
    if (letter !== undefined) out.push(0x5c, letter);
    else if (byte === 0x5c || byte === delimiter) out.push(0x5c, byte);
    else out.push(byte);
  }
  return Buffer.from(out);
}

function quoteCsv(value: Buffer, quote: number, mark: number): Buffer {
  const out: number[] = [quote];
  for (const byte of value) {
    if (byte === quote || byte === mark) out.push(mark);
    out.push(byte);
  }
  out.push(quote);
  return Buffer.from(out);
}

function mismatch(): ProtocolError {
  return new ProtocolError("malformed_message", "a copied row does not have the columns that its verdict was made for");
}
