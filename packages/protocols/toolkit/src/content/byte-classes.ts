/** Classes of single bytes of UTF-8 text. Positions outside of the range in question are the caller's to avoid. */

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

export const isLetter = (byte: number): boolean => {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
};

export const isAlphanumeric = (byte: number): boolean => isDigit(byte) || isLetter(byte);

/** A byte of a character beyond ASCII. */
export const isBeyondAscii = (byte: number): boolean => byte >= 0x80;

/** The byte at `at`; 0 outside of `[start, end)`, which is in no class. */
export function byteAt(buffer: Uint8Array, at: number, start: number, end: number): number {
  return at >= start && at < end ? (buffer[at] as number) : 0;
}

/**
 * Length in bytes of the one separator at `at` that people put between groups of digits, or 0: space, hyphen, dot, and
 * what word processors make of them (U+00A0, U+00AD, U+2007, U+2010 to U+2015, U+202F, U+2212).
 */
export function separatorLength(buffer: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  const byte = buffer[at] as number;
  if (byte === 0x20 || byte === 0x2d || byte === 0x2e) return 1;
  if (byte === 0xc2 && at + 1 < end) return buffer[at + 1] === 0xa0 || buffer[at + 1] === 0xad ? 2 : 0;
  if (byte !== 0xe2 || at + 2 >= end) return 0;
  const second = buffer[at + 1] as number;
  const third = buffer[at + 2] as number;
  if (second === 0x88) return third === 0x92 ? 3 : 0;
  return second === 0x80 && (third === 0x87 || (third >= 0x90 && third <= 0x95) || third === 0xaf) ? 3 : 0;
}

/**
 * True when a word goes on to the left of `at`: a letter or digit stands there. The letter of an escape, as in
 * `"\n4111..."` inside JSON, is none.
 */
export function continuesWord(buffer: Uint8Array, at: number, start: number): boolean {
  const before = byteAt(buffer, at - 1, start, at);
  if (isDigit(before)) return true;
  return isLetter(before) && byteAt(buffer, at - 2, start, at) !== 0x5c;
}
