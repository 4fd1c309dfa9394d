import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { candidates } from "@tidewaiter/toolkit/content/prefilter";
import { encodeFrontend } from "../encode-frontend.ts";
import { maskedValue } from "./column-mask.ts";
import type { ContentMask } from "./content-mask.ts";
import { redactedValue } from "./content-mask.ts";
import { maskedCell } from "./copy-cell.ts";
import type { CopyFormat } from "./copy-values.ts";
import type { CellMask, RowMask } from "./mask-rows.ts";
import { hidesNull, isContentMask } from "./mask-rows.ts";
import { BinaryCopyStream, CopyLineStream, PassingStream } from "./stream-copy.ts";
import { field, type MaskedStream, mismatch } from "./stream-rows.ts";

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

  /** The next message, which comes in fragments. @param totalLength of it, header included */
  stream(totalLength: number): MaskedStream {
    const first = this.#first;
    this.#first = false;
    if (this.#format.format === "binary") return new BinaryCopyStream(this.#mask, totalLength, first);
    if (first && this.#format.header) return new PassingStream();
    return new CopyLineStream(this.#mask, this.#format, totalLength);
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
          column === undefined || (length < 0 && !hidesNull(column))
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
    return this.#join(cells, data.subarray(end));
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
    return this.#join(cells, data.subarray(end));
  }

  #join(cells: readonly Buffer[], tail: Buffer): Buffer {
    if (cells.length !== this.#mask.length) throw mismatch();
    const separator = Buffer.from([this.#format.delimiter]);
    const out: Buffer[] = [];
    for (const [index, cell] of cells.entries()) {
      if (index > 0) out.push(separator);
      out.push(maskedCell(this.#mask[index], cell, this.#format));
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
  return field(isContentMask(column) ? (redactedValue(column, value) ?? value) : maskedValue(column, value));
}

/** Where the value bytes end: before "\n" or "\r\n". */
function lineEnd(data: Buffer): number {
  if (data.at(-1) !== 0x0a) throw mismatch();
  return data.at(-2) === 0x0d ? data.length - 2 : data.length - 1;
}
