import type { MaskSpec } from "@tidewaiter/core";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import type { ColumnMask } from "./column-mask.ts";
import type { ContentMask } from "./content-mask.ts";
import { findings, writeRedacted } from "./content-mask.ts";

/** What was done to a column, for notices and recordings. */
export interface ColumnMaskInfo {
  readonly column: string;
  readonly labels: readonly string[];
  readonly transform: MaskSpec["transform"];
  /** `last`: how many characters are shown. */
  readonly kept?: number;
}

export function maskInfo(column: string, labels: readonly string[], spec: MaskSpec): ColumnMaskInfo {
  return {
    column,
    labels,
    transform: spec.transform,
    ...(spec.transform === "last" && { kept: spec.keep }),
  };
}

/** The whole value is replaced, or what is found in it. */
export type CellMask = ColumnMask | ContentMask;

/** One entry per column of the result; undefined = the value passes unchanged. */
export type RowMask = readonly (CellMask | undefined)[];

export function isContentMask(mask: CellMask): mask is ContentMask {
  return "detectors" in mask;
}

export function hidesNull(mask: CellMask | undefined): boolean {
  return mask !== undefined && !isContentMask(mask) && mask.hidesNull === true;
}

const HEADER = 7; // type, int32 length, int16 column count

/**
 * Masks a run of DataRow messages that lie back to back in `buffer[start, end)`. Unmasked neighbours are copied as one
 * range; there is no object per row or cell. Undefined: nothing had to be changed and nothing was copied.
 *
 * DataRow: Byte1('D') Int32 length, Int16 columns, then per column Int32 length (-1 NULL) and bytes.
 * @throws ProtocolError when a row has another number of columns than the verdict, or lengths that do not add up.
 */
export function maskRows(mask: RowMask, buffer: Buffer, start: number, end: number, count: number): Buffer | undefined {
  let growth = 0;
  for (const column of mask) if (column !== undefined && !isContentMask(column)) growth += column.growth;
  const run = new MaskedRun(buffer, start, end, count * growth);
  for (let at = start; at < end; ) {
    if (at + HEADER > end) throw columnMismatch();
    const next = at + 1 + buffer.readInt32BE(at + 1);
    if (next > end || next < at + HEADER || buffer.readInt16BE(at + 5) !== mask.length) throw columnMismatch();
    maskRow(mask, run, at, next);
    at = next;
  }
  return run.finish(end);
}

function maskRow(mask: RowMask, run: MaskedRun, at: number, next: number): void {
  const { buffer } = run;
  const rowAt = run.position(at);
  let changed = false;
  let cell = at + HEADER;
  for (let index = 0; index < mask.length; index++) {
    if (cell + 4 > next) throw columnMismatch();
    const length = buffer.readInt32BE(cell);
    const after = cell + 4 + Math.max(0, length);
    if (after > next) throw columnMismatch();
    const column = mask[index];
    if (column !== undefined && (length >= 0 || hidesNull(column)) && maskCell(column, run, cell, after))
      changed = true;
    cell = after;
  }
  if (cell !== next) throw columnMismatch();
  if (changed) run.setLength(rowAt, run.position(next) - rowAt);
}

function maskCell(column: CellMask, run: MaskedRun, cell: number, after: number): boolean {
  if (!isContentMask(column)) {
    run.replace(cell, after, column);
    return true;
  }
  const spans = findings(column, run.buffer, cell + 4, after);
  if (spans.length === 0) return false;
  run.redact(cell, after, column, spans);
  return true;
}

/** The bytes of a run of rows as they leave. The copy begins with the first change. */
class MaskedRun {
  readonly buffer: Buffer;
  readonly #end: number;
  /** By how much the masks usually lengthen the run at most; a transform may need more. */
  readonly #growth: number;
  #out: Buffer | undefined;
  #to = 0;
  /** Up to where `buffer` is in `#out`. */
  #copied: number;

  constructor(buffer: Buffer, start: number, end: number, growth: number) {
    this.buffer = buffer;
    this.#end = end;
    this.#growth = growth;
    this.#copied = start;
  }

  /** Where the byte at `at`, which was not copied yet, will lie. */
  position(at: number): number {
    return this.#to + at - this.#copied;
  }

  replace(cell: number, after: number, column: ColumnMask): void {
    const transformed = column.transform?.(this.buffer.subarray(cell + 4, after));
    this.#copyTo(cell);
    const out = this.#withRoomFor(transformed === undefined ? column.constant.length : 4 + transformed.length, after);
    if (transformed === undefined) this.#to += column.constant.copy(out, this.#to);
    else {
      out.writeInt32BE(transformed.length, this.#to);
      this.#to += 4 + transformed.copy(out, this.#to + 4);
    }
    this.#copied = after;
  }

  redact(cell: number, after: number, column: ContentMask, spans: ReturnType<typeof findings>): void {
    this.#copyTo(cell);
    // never longer than it was
    const out = this.#withRoomFor(after - cell, after);
    const value = { buffer: this.buffer, from: cell + 4, to: after, spans };
    const valueEnd = writeRedacted(column, value, out, this.#to + 4);
    out.writeInt32BE(valueEnd - this.#to - 4, this.#to);
    this.#to = valueEnd;
    this.#copied = after;
  }

  /** The header of a row that was changed, and therefore copied. */
  setLength(rowAt: number, bytes: number): void {
    this.#out?.writeInt32BE(bytes - 1, rowAt + 1);
  }

  finish(end: number): Buffer | undefined {
    if (this.#out === undefined) return undefined;
    const out = this.#copyTo(end);
    return out.subarray(0, this.#to);
  }

  #copyTo(at: number): Buffer {
    this.#out ??= Buffer.allocUnsafe(this.#end - this.#copied + this.#growth);
    this.#to += this.buffer.copy(this.#out, this.#to, this.#copied, at);
    this.#copied = at;
    return this.#out;
  }

  /** Room for so many bytes, and behind them for everything from `after` on as it is. */
  #withRoomFor(bytes: number, after: number): Buffer {
    const out = this.#out ?? Buffer.allocUnsafe(0);
    const needed = this.#to + bytes + this.#end - after;
    if (needed <= out.length) return out;
    this.#out = Buffer.allocUnsafe(needed + Math.max(this.#growth, needed >> 2));
    out.copy(this.#out, 0, 0, this.#to);
    return this.#out;
  }
}

function columnMismatch(): ProtocolError {
  return new ProtocolError("malformed_message", "a row does not have the columns that its verdict was made for");
}
