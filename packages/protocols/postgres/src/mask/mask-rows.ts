import type { MaskSpec } from "@tidewaiter/core";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import type { ColumnMask } from "./column-mask.ts";

/** What was done to a column, for notices and recordings. */
export interface ColumnMaskInfo {
  readonly column: string;
  readonly labels: readonly string[];
  readonly transform: MaskSpec["transform"];
}

/** One entry per column of the result; undefined = the value passes unchanged. */
export type RowMask = readonly (ColumnMask | undefined)[];

const HEADER = 7; // type, int32 length, int16 column count

/**
 * Masks a run of DataRow messages that lie back to back in `buffer[start, end)`, into one new buffer. Unmasked
 * neighbours are copied as one range; there is no object per row or cell.
 *
 * DataRow: Byte1('D') Int32 length, Int16 columns, then per column Int32 length (-1 NULL) and bytes.
 * @throws ProtocolError when a row has another number of columns than the verdict, or lengths that do not add up.
 */
export function maskRows(mask: RowMask, buffer: Buffer, start: number, end: number, count: number): Buffer {
  let growth = 0;
  for (const column of mask) if (column !== undefined) growth += column.growth;
  const out = Buffer.allocUnsafe(end - start + count * growth);
  let to = 0;
  for (let at = start; at < end; ) {
    const next = at + 1 + buffer.readInt32BE(at + 1);
    if (next > end || buffer.readInt16BE(at + 5) !== mask.length) throw columnMismatch();
    to = maskRow(mask, buffer, at, next, out, to);
    at = next;
  }
  return out.subarray(0, to);
}

function maskRow(mask: RowMask, buffer: Buffer, at: number, next: number, out: Buffer, rowStart: number): number {
  let to = rowStart;
  let copied = at;
  let cell = at + HEADER;
  for (let index = 0; index < mask.length; index++) {
    if (cell + 4 > next) throw columnMismatch();
    const length = buffer.readInt32BE(cell);
    const after = cell + 4 + (length > 0 ? length : 0);
    if (after > next) throw columnMismatch();
    const column = mask[index];
    if (column !== undefined && length >= 0) {
      to += buffer.copy(out, to, copied, cell);
      to = writeField(column, buffer.subarray(cell + 4, after), out, to);
      copied = after;
    }
    cell = after;
  }
  if (cell !== next) throw columnMismatch();
  to += buffer.copy(out, to, copied, next);
  out.writeInt32BE(to - rowStart - 1, rowStart + 1);
  return to;
}

function writeField(column: ColumnMask, value: Buffer, out: Buffer, at: number): number {
  const transformed = column.transform?.(value);
  if (transformed === undefined) return at + column.constant.copy(out, at);
  out.writeInt32BE(transformed.length, at);
  return at + 4 + transformed.copy(out, at + 4);
}

function columnMismatch(): ProtocolError {
  return new ProtocolError("malformed_message", "a row does not have the columns that its verdict was made for");
}
