import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { HEADER_BYTES } from "../messages.ts";
import type { ColumnMask } from "./column-mask.ts";
import { MAX_TRANSFORMED_BYTES, maskedValue, NULL_MASK } from "./column-mask.ts";
import type { ContentMask } from "./content-mask.ts";
import { ContentStream } from "./content-stream.ts";
import { HeldMessage } from "./held-message.ts";
import type { RowMask } from "./mask-rows.ts";
import { hidesNull, isContentMask } from "./mask-rows.ts";

/** Where rows have no description every value becomes NULL. */
export type StreamMask = RowMask | "everything";

/** What was found in a content column of one message; told when the message is over, since nothing may come between its bytes. */
export type Findings = Map<ContentMask, Set<string>>;

/** One message that arrives in fragments, and leaves masked while it does. */
export interface MaskedStream {
  /** The next fragment, header of the message included. @throws ProtocolError when it is not built as its mask expects */
  push(fragment: Buffer): readonly Buffer[];
  /** It cannot be masked without holding more of it than is allowed: nothing of it went out, and nothing will. */
  readonly tooLong: boolean;
  /** After the last fragment: what is left of the message. @throws ProtocolError as `push` does */
  finish(): readonly Buffer[];
  /** Once all of it has gone out: tells what detectors found, as a notice that must not stand inside of a message. */
  tell(): void;
}

const CELL_LENGTH_BYTES = 4;

interface Cell {
  /** Bytes of its value that are still to come. */
  left: number;
  readonly take: (bytes: Buffer, last: boolean) => void;
}

/**
 * A DataRow that is longer than what is buffered whole. Its length stands first and depends on every column whose mask
 * changes lengths, so what comes before the last of those is held (see `HeldMessage`); the value of such a column is not: it is
 * dropped as it comes, or kept up to what a transform takes.
 */
export class RowStream implements MaskedStream {
  readonly #message: HeldMessage;
  readonly #cells: CellStream;
  #headerLeft = HEADER_BYTES;

  /** @param totalLength of the message, header included */
  constructor(type: number, mask: StreamMask, totalLength: number) {
    this.#message = new HeldMessage(type, false);
    this.#cells = new CellStream(mask, this.#message, totalLength - HEADER_BYTES);
  }

  get tooLong(): boolean {
    return this.#message.tooLong;
  }

  push(fragment: Buffer): readonly Buffer[] {
    const header = Math.min(this.#headerLeft, fragment.length);
    this.#headerLeft -= header;
    this.#cells.push(fragment.subarray(header));
    return this.#message.take();
  }

  finish(): readonly Buffer[] {
    this.#cells.finish();
    this.#message.finish();
    return this.#message.take();
  }

  tell(): void {
    tell(this.#cells.found);
  }
}

/** Cells as DataRow and a tuple of binary COPY have them: int16 number, then int32 length (-1 NULL) and bytes of each. */
export class CellStream {
  readonly #message: HeldMessage;
  #mask: StreamMask;
  /** Bytes that are still to come. */
  #left: number;
  /** A number that may come in pieces: of columns, then a length before each cell. */
  #number = Buffer.alloc(2);
  #numberBytes = 0;
  /** -1 before the number of columns. */
  #column = -1;
  /** Last column whose mask changes lengths. */
  #lastChange = -1;
  #cell: Cell | undefined;
  readonly found: Findings = new Map();

  /** @param length of everything from the number of columns on */
  constructor(mask: StreamMask, message: HeldMessage, length: number) {
    this.#mask = mask;
    this.#message = message;
    this.#left = length;
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const wanted = this.#cell?.left ?? this.#number.length - this.#numberBytes;
      const part = bytes.subarray(at, Math.min(bytes.length, at + wanted));
      at += part.length;
      this.#left -= part.length;
      if (this.#left < 0) throw mismatch();
      if (this.#cell === undefined) this.#takeNumber(part);
      else this.#takeValue(this.#cell, part);
    }
  }

  finish(): void {
    if (this.#left !== 0 || this.#mask === "everything" || this.#column !== this.#mask.length) throw mismatch();
  }

  #takeNumber(part: Buffer): void {
    part.copy(this.#number, this.#numberBytes);
    this.#numberBytes += part.length;
    if (this.#numberBytes < this.#number.length) return;
    this.#numberBytes = 0;
    if (this.#column >= 0) return this.#startCell(this.#number.readInt32BE(0));
    const columns = this.#number.readInt16BE(0);
    if (this.#mask === "everything") this.#mask = new Array(Math.max(0, columns)).fill(NULL_MASK);
    if (columns !== this.#mask.length) throw mismatch();
    this.#lastChange = this.#mask.findLastIndex(changesLength);
    this.#message.write(Buffer.from(this.#number));
    this.#number = Buffer.alloc(CELL_LENGTH_BYTES);
    this.#column = 0;
    this.#settleAfter(-1, 0);
  }

  #startCell(length: number): void {
    const mask = this.#mask === "everything" ? undefined : this.#mask[this.#column];
    if (this.#column >= this.#mask.length || length < -1 || length > this.#left) throw mismatch();
    if (length === -1 && !hidesNull(mask)) {
      this.#message.write(Buffer.from(this.#number));
      return this.#endCell();
    }
    const left = Math.max(0, length);
    if (mask === undefined) this.#cell = { left, take: this.#passing() };
    else if (isContentMask(mask)) this.#cell = { left, take: this.#redacting(mask) };
    else this.#cell = { left, take: this.#masking(mask, left) };
    if (left === 0) this.#takeValue(this.#cell, this.#number.subarray(0, 0));
  }

  #takeValue(cell: Cell, part: Buffer): void {
    cell.left -= part.length;
    const last = cell.left === 0;
    cell.take(part, last);
    if (!last) return;
    this.#cell = undefined;
    this.#endCell();
  }

  #endCell(): void {
    this.#settleAfter(this.#column, 0);
    this.#column++;
  }

  /** From here on every column keeps its length. @param dropped bytes still to come that will not go out */
  #settleAfter(column: number, dropped: number): void {
    if (column === this.#lastChange) this.#message.settle(this.#left - dropped);
  }

  #passing(): (bytes: Buffer) => void {
    this.#message.write(Buffer.from(this.#number));
    return (bytes) => this.#message.write(bytes);
  }

  #redacting(mask: ContentMask): (bytes: Buffer, last: boolean) => void {
    this.#message.write(Buffer.from(this.#number));
    const content = new ContentStream(mask, (detector) => note(this.found, mask, detector));
    return (bytes, last) => {
      for (const part of content.push(bytes, last)) this.#message.write(part);
    };
  }

  #masking(mask: ColumnMask, length: number): (bytes: Buffer, last: boolean) => void {
    if (mask.keepsLength && length !== mask.constant.length - 4) throw mismatch();
    if (mask.transform === undefined || length > MAX_TRANSFORMED_BYTES) {
      this.#message.write(mask.constant);
      this.#settleAfter(this.#column, length);
      return () => {};
    }
    const value = Buffer.allocUnsafe(length);
    let filled = 0;
    return (bytes, last) => {
      filled += bytes.copy(value, filled);
      if (last) this.#message.write(field(maskedValue(mask, value)));
    };
  }
}

function changesLength(mask: RowMask[number]): boolean {
  return mask !== undefined && !isContentMask(mask) && !mask.keepsLength;
}

export function note(found: Findings, mask: ContentMask, detector: string): void {
  const names = found.get(mask);
  if (names === undefined) found.set(mask, new Set([detector]));
  else names.add(detector);
}

export function tell(found: Findings): void {
  for (const [mask, names] of found) for (const name of names) mask.found(name);
}

/** int32 length, then the bytes */
export function field(value: Buffer | null): Buffer {
  if (value === null) return NULL_MASK.constant;
  const out = Buffer.allocUnsafe(CELL_LENGTH_BYTES + value.length);
  out.writeInt32BE(value.length);
  value.copy(out, CELL_LENGTH_BYTES);
  return out;
}

export function mismatch(): ProtocolError {
  return new ProtocolError("malformed_message", "a row does not have the columns that its verdict was made for");
}
