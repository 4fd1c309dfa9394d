import { byteAt, isAlphanumeric, isDigit, isLetter, separatorLength } from "../byte-classes.ts";

/** What the last match has read: digits as 0 to 9, letters as the codes of capitals. A second result without an object. */
export const values = new Uint8Array(20);

/**
 * Where the text at `from` that has the form of the template ends, or -1; its digits and letters are then in `values`.
 * Signs of a template: `9` stands for a digit, `A` for a letter, `X` for either, a space for any one separator, `~` for a hyphen or a plus sign,
 * and `-` for itself. Never followed by a letter or digit.
 */
export function matchTemplate(template: Uint8Array, buffer: Uint8Array, from: number, end: number): number {
  let at = from;
  let count = 0;
  for (let index = 0; index < template.length; index++) {
    const sign = template[index] as number;
    const length = stepLength(sign, buffer, at, end);
    if (length === 0) return -1;
    if (sign >= 0x39 && sign <= 0x58) values[count++] = codeOf(buffer[at] as number);
    at += length;
  }
  return isAlphanumeric(byteAt(buffer, at, from, end)) ? -1 : at;
}

/** Bytes at `at` that one sign of a template stands for; 0 = another text. */
function stepLength(sign: number, buffer: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  const byte = buffer[at] as number;
  switch (sign) {
    case 0x39:
      return isDigit(byte) ? 1 : 0;
    case 0x41:
      return isLetter(byte) ? 1 : 0;
    case 0x58:
      return isAlphanumeric(byte) ? 1 : 0;
    case 0x20:
      return separatorLength(buffer, at, end);
    case 0x7e:
      return byte === 0x2d || byte === 0x2b ? 1 : 0;
    default:
      return byte === sign ? 1 : 0;
  }
}

function codeOf(byte: number): number {
  return isDigit(byte) ? byte - 0x30 : byte & 0xdf;
}
