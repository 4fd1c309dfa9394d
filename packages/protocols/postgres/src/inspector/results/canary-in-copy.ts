import { CellDecoder, type CopyFormat } from "../../mask/copy-values.ts";
import { canaryIn, type FoundCanary, type RowWatch } from "./row-watch.ts";

/** Byte1('d') Int32 length, then the data. */
const HEADER = 5;
const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, int32 flags, int32 length of an extension. */
const EXTENSION_AT = SIGNATURE.length + 4;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** The first planted value in a run of CopyData messages, each of which holds whole rows. */
export function canaryInCopy(watch: RowWatch, run: Buffer): FoundCanary | undefined {
  const { copy } = watch;
  if (copy === undefined) return undefined;
  for (let at = 0; at < run.length; at += 1 + run.readInt32BE(at + 1)) {
    const data = run.subarray(at + HEADER, at + 1 + run.readInt32BE(at + 1));
    const found = copy.format === "binary" ? inTuples(watch, data) : inLine(watch, data, copy);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Int16 columns, then of each int32 length (-1 NULL) and bytes; a trailer has -1 columns. */
function inTuples({ columns }: RowWatch, data: Buffer): FoundCanary | undefined {
  // no tuple has as many columns as its first two letters would say
  const signed = data.subarray(0, SIGNATURE.length).equals(SIGNATURE);
  let at = signed ? EXTENSION_AT + 4 + data.readInt32BE(EXTENSION_AT) : 0;
  while (at + 2 <= data.length) {
    const count = data.readInt16BE(at);
    at += 2;
    for (let index = 0; index < count; index++) {
      const length = data.readInt32BE(at);
      const from = at + 4;
      at = from + Math.max(0, length);
      const column = columns[index];
      const found = column && length >= 0 ? canaryIn(column, data.subarray(from, at)) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function inLine({ columns }: RowWatch, data: Buffer, format: CopyFormat): FoundCanary | undefined {
  let end = data.length;
  while (end > 0 && (data[end - 1] === NEWLINE || data[end - 1] === RETURN) && end > data.length - 2) end--;
  let index = 0;
  let from = 0;
  let quoted = false;
  for (let at = 0; at <= end; at++) {
    const byte = data[at];
    if (at < end && format.format === "csv") {
      if (quoted && byte === format.escape && isEscape(data[at + 1], format)) at++;
      else if (byte === format.quote) quoted = !quoted;
    } else if (at < end && byte === BACKSLASH) at++;
    if (at < end && (quoted || byte !== format.delimiter)) continue;
    const column = columns[index++];
    const raw = data.subarray(from, Math.min(at, end));
    const found = column && !raw.equals(format.null) ? canaryIn(column, decoded(raw, format)) : undefined;
    if (found !== undefined) return found;
    from = at + 1;
  }
  return undefined;
}

function isEscape(next: number | undefined, { quote, escape: mark }: CopyFormat): boolean {
  return next === quote || next === mark;
}

function decoded(raw: Buffer, format: CopyFormat): Buffer {
  return new CellDecoder(format).push(raw);
}
