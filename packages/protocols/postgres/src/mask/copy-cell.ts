import { maskedValue } from "./column-mask.ts";
import { redactedValue } from "./content-mask.ts";
import type { CopyFormat } from "./copy-values.ts";
import { decodedCell, encodedCell } from "./copy-values.ts";
import type { CellMask } from "./mask-rows.ts";
import { hidesNull, isContentMask } from "./mask-rows.ts";

/** One cell of a line; the same object when it passes as it is. */
export function maskedCell(column: CellMask | undefined, cell: Buffer, format: CopyFormat): Buffer {
  if (column === undefined || (format.nullIsCertain && cell.equals(format.null) && !hidesNull(column))) return cell;
  const value = decodedCell(cell, format);
  if (isContentMask(column)) {
    const redacted = redactedValue(column, value);
    return redacted === undefined ? cell : encodedCell(redacted, format);
  }
  const masked = maskedValue(column, value);
  return masked === null ? format.null : encodedCell(masked, format);
}
