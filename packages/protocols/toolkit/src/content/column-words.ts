/** Words up to this length must stand alone in a name: `ip` is no part of `description`. */
const SHORT = 4;

/**
 * Whether a column's name holds one of the words: `customerSSN`, `ssn_2` and `ssn` hold `ssn`. Words of five letters and more
 * may also be a part of a longer one, across underscores: `social_security_no` holds `socialsecurity`.
 */
export function speaksOf(column: string, words: readonly string[]): boolean {
  const parts = column
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/);
  const whole = parts.join("");
  return words.some((word) => parts.includes(word) || (word.length > SHORT && whole.includes(word)));
}

/** Between a word and what it speaks of: at most this many bytes, such as `": "`. */
const MAX_GAP = 4;

/** Whether one of the words (small letters) stands before `at`, with no letter or digit between, as in `"ssn": "536...`. */
export function behindWord(buffer: Uint8Array, at: number, start: number, words: readonly string[]): boolean {
  let before = at;
  while (before > start && at - before < MAX_GAP && !isWordByte(buffer[before - 1] as number)) before--;
  return words.some((word) => endsWith(buffer, start, before, word));
}

function endsWith(buffer: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - word.length < start) return false;
  for (let index = 0; index < word.length; index++)
    if (((buffer[end - word.length + index] as number) | 0x20) !== word.charCodeAt(index)) return false;
  return true;
}

function isWordByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
}
