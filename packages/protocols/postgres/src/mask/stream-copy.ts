import { BACKEND, HEADER_BYTES } from "../messages.ts";
import type { ColumnMask } from "./column-mask.ts";
import { MAX_TRANSFORMED_BYTES } from "./column-mask.ts";
import type { ContentMask } from "./content-mask.ts";
import { ContentStream } from "./content-stream.ts";
import { maskedCell } from "./copy-cell.ts";
import type { CopyFormat } from "./copy-values.ts";
import { CellDecoder, encodedCell, escaped, fillByte, nextIn } from "./copy-values.ts";
import { HeldMessage } from "./held-message.ts";
import type { RowMask } from "./mask-rows.ts";
import { isContentMask } from "./mask-rows.ts";
import type { Findings, MaskedStream } from "./stream-rows.ts";
import { CellStream, mismatch, note, tell } from "./stream-rows.ts";

/**
 * CopyData longer than what is buffered whole. While its length cannot be known it is held (see `HeldMessage`); when that is
 * too much it goes on as several messages, which the protocol allows anywhere in a row.
 */

const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
/** Signature, flags and the length of an extension: before the first tuple of binary COPY. */
const BINARY_HEADER_BYTES = 19;
const EXTENSION_LENGTH_AT = 15;
/** As it stands in a line a value has at most twice its bytes, and quotes. */
const MAX_RAW_BYTES = 2 * MAX_TRANSFORMED_BYTES + 2;

/** A message in which nothing is masked, such as a line of column names. */
export class PassingStream implements MaskedStream {
  readonly tooLong = false;

  push(fragment: Buffer): readonly Buffer[] {
    return [fragment];
  }

  finish(): readonly Buffer[] {
    return [];
  }

  tell(): void {}
}

export class BinaryCopyStream implements MaskedStream {
  readonly tooLong = false;
  readonly #message = new HeldMessage(BACKEND.CopyData, true);
  readonly #mask: RowMask;
  #left: number;
  #skip = HEADER_BYTES;
  /** Before the first tuple. */
  #header: Buffer | undefined;
  #headerBytes = 0;
  #cells: CellStream | undefined;

  /** @param first it begins with the signature */
  constructor(mask: RowMask, totalLength: number, first: boolean) {
    this.#mask = mask;
    this.#left = totalLength - HEADER_BYTES;
    if (first) this.#header = Buffer.alloc(BINARY_HEADER_BYTES);
  }

  push(fragment: Buffer): readonly Buffer[] {
    let rest = fragment.subarray(Math.min(this.#skip, fragment.length));
    this.#skip -= fragment.length - rest.length;
    while (this.#header !== undefined && rest.length > 0) rest = this.#takeHeader(this.#header, rest);
    if (rest.length > 0) {
      this.#cells ??= new CellStream(this.#mask, this.#message, this.#left);
      this.#cells.push(rest);
    }
    return this.#message.take();
  }

  finish(): readonly Buffer[] {
    if (this.#cells === undefined) throw mismatch();
    this.#cells.finish();
    this.#message.finish();
    return this.#message.take();
  }

  tell(): void {
    if (this.#cells !== undefined) tell(this.#cells.found);
  }

  /** Gives what lies behind it. An extension makes the header longer once its length is known. */
  #takeHeader(header: Buffer, bytes: Buffer): Buffer {
    const taken = bytes.copy(header, this.#headerBytes);
    this.#headerBytes += taken;
    this.#left -= taken;
    if (this.#headerBytes === header.length) {
      const extension = header.readInt32BE(EXTENSION_LENGTH_AT);
      if (extension < 0 || extension > MAX_TRANSFORMED_BYTES) throw mismatch();
      if (header.length === BINARY_HEADER_BYTES + extension) {
        this.#message.write(header);
        this.#header = undefined;
      } else this.#header = Buffer.concat([header, Buffer.alloc(extension)]);
    }
    return bytes.subarray(taken);
  }
}

/** What takes the bytes of one cell, as they stand in the line. */
type TakeCell = (raw: Buffer, last: boolean) => void;

/** One line of text or csv. */
export class CopyLineStream implements MaskedStream {
  readonly tooLong = false;
  readonly #message = new HeldMessage(BACKEND.CopyData, true);
  readonly #mask: RowMask;
  readonly #format: CopyFormat;
  readonly #lastChange: number;
  readonly #found: Findings = new Map();
  #left: number;
  #skip = HEADER_BYTES;
  #column = 0;
  #take: TakeCell;
  #quoted = false;
  /** Behind a backslash or, in csv, behind an escape character inside of quotes. */
  #escaped = false;

  constructor(mask: RowMask, format: CopyFormat, totalLength: number) {
    this.#mask = mask;
    this.#format = format;
    this.#left = totalLength - HEADER_BYTES;
    this.#lastChange = mask.findLastIndex((column) => column !== undefined);
    this.#take = this.#cellOf(0);
  }

  push(fragment: Buffer): readonly Buffer[] {
    const line = fragment.subarray(Math.min(this.#skip, fragment.length));
    this.#skip -= fragment.length - line.length;
    if (line.length === 0) return [];
    const isEnd = line.length === this.#left;
    const end = isEnd ? line.length - 1 : line.length;
    if (isEnd && line[end] !== NEWLINE) throw mismatch();
    let from = 0;
    for (let at = 0; at < end; at++) {
      if (!this.#escaped) at = nextIn(this.#format.marks, line, at);
      if (at >= end) break;
      if (!this.#isDelimiter(line[at] as number)) continue;
      this.#endCell(line.subarray(from, at), line.length - at, line.length);
      this.#message.write(line.subarray(at, at + 1));
      this.#take = this.#cellOf(++this.#column);
      from = at + 1;
    }
    if (isEnd) {
      this.#endCell(line.subarray(from, end), 1, line.length);
      this.#message.write(line.subarray(end));
    } else if (from < end) this.#take(line.subarray(from, end), false);
    this.#left -= line.length;
    return this.#message.take();
  }

  finish(): readonly Buffer[] {
    if (this.#left !== 0 || this.#column !== this.#mask.length - 1 || this.#quoted) throw mismatch();
    this.#message.finish();
    return this.#message.take();
  }

  tell(): void {
    tell(this.#found);
  }

  /** Asked of each byte of the line that can make a difference, once and in order. */
  #isDelimiter(byte: number): boolean {
    const { format, delimiter, quote, escape: mark } = this.#format;
    if (format !== "csv") {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else return byte === delimiter;
      return false;
    }
    if (this.#escaped) {
      this.#escaped = false;
      if (byte === quote || byte === mark) return false;
    }
    if (!this.#quoted) {
      if (byte === quote) this.#quoted = true;
      return byte === delimiter;
    }
    // where both are one character, the second of two opens again what the first closed
    if (byte === mark && mark !== quote) this.#escaped = true;
    else if (byte === quote) this.#quoted = false;
    return false;
  }

  /** @param inHand bytes of this part of the line from the end of the cell on */
  #endCell(raw: Buffer, inHand: number, part: number): void {
    this.#take(raw, true);
    if (this.#column === this.#lastChange) this.#message.settle(this.#left - part + inHand);
  }

  #cellOf(column: number): TakeCell {
    if (column >= this.#mask.length) throw mismatch();
    const mask = this.#mask[column];
    if (mask === undefined) return (raw) => this.#message.write(raw);
    return isContentMask(mask) ? this.#redacting(mask) : this.#masking(mask);
  }

  #masking(mask: ColumnMask): TakeCell {
    let parts: Buffer[] = [];
    let bytes = 0;
    return (raw, last) => {
      bytes += raw.length;
      if (bytes > MAX_RAW_BYTES) parts = [];
      else parts.push(last ? raw : Buffer.from(raw));
      if (!last) return;
      const whole = bytes > MAX_RAW_BYTES ? undefined : Buffer.concat(parts);
      this.#message.write(whole === undefined ? this.#constant(mask) : maskedCell(mask, whole, this.#format));
    };
  }

  #constant(mask: ColumnMask): Buffer {
    const isNull = mask.constant.readInt32BE(0) < 0;
    return isNull ? this.#format.null : encodedCell(mask.constant.subarray(4), this.#format);
  }

  /** The beginning is kept until it can no longer be NULL. */
  #redacting(mask: ContentMask): TakeCell {
    const nothing = this.#format.nullIsCertain ? this.#format.null : undefined;
    const content = new ContentStream(mask, (name) => note(this.#found, mask, name), fillByte(this.#format));
    const decoder = new CellDecoder(this.#format);
    let begin: Buffer | undefined = Buffer.alloc(0);
    return (raw, last) => {
      const known = begin === undefined ? raw : Buffer.concat([begin, raw]);
      if (known.length === 0 && !last) return;
      if (begin !== undefined && nothing !== undefined) {
        if (last && known.equals(nothing)) return this.#message.write(known);
        if (!last && known.length <= nothing.length) {
          begin = known;
          return;
        }
      }
      const opens = begin !== undefined;
      begin = undefined;
      const value = decoder.push(known);
      const quote = decoder.quoted ? Buffer.from([this.#format.quote]) : undefined;
      if (opens && quote !== undefined) this.#message.write(quote);
      for (const part of content.push(value, last))
        this.#message.write(escaped(part, this.#format, quote !== undefined));
      if (last && quote !== undefined) this.#message.write(quote);
    };
  }
}
