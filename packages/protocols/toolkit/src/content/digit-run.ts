import { isDigit, separatorLength } from "./byte-classes.ts";

const SPACE = 0x20;
const HYPHEN = 0x2d;
const DOT = 0x2e;

/** What the last run had: results without an object for them. Digits that only separators part from each other are a run. */
export let runDigits = 0;
/** Dots between its digits. */
export let runDots = 0;
/** Nine digits in one piece, or two digits between three and four: a social security number of the USA may be in it. */
export let runLikeSsn = false;

/** Where the last digit of the run that begins at `from` is. */
export function walkRun(buffer: Uint8Array, from: number, end: number): number {
  let last = from;
  let at = from;
  let count = 0;
  let dots = 0;
  // 1 behind three digits or more, 2 behind two more
  let shape = 0;
  let likeSsn = false;
  for (;;) {
    const groupStart = at;
    while (at < end && isDigit(buffer[at] as number)) at++;
    const size = at - groupStart;
    if (size > 0) {
      last = at - 1;
      count += size;
      if (size >= 9 || (size >= 4 && shape === 2)) likeSsn = true;
      shape = size === 2 && shape === 1 ? 2 : size >= 3 ? 1 : 0;
    }
    // nearly every run ends here, at a byte that is no separator
    if (at >= end) break;
    const byte = buffer[at] as number;
    if (byte === DOT) dots++;
    const separator =
      byte === DOT || byte === HYPHEN || byte === SPACE ? 1 : byte < 0x80 ? 0 : separatorLength(buffer, at, end);
    if (separator === 0) break;
    at += separator;
  }
  runDigits = count;
  runDots = dots;
  runLikeSsn = likeSsn;
  return last;
}
