import { isDigit, separatorLength } from "./byte-classes.ts";

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
  let count = 0;
  let dots = 0;
  let groupStart = from;
  // 1 behind three digits or more, 2 behind two more
  let shape = 0;
  let likeSsn = false;
  for (let at = from; ; ) {
    const byte = at < end ? (buffer[at] as number) : 0;
    if (isDigit(byte)) {
      last = at++;
      continue;
    }
    const size = at - groupStart;
    count += size;
    if (size > 0) {
      likeSsn ||= size >= 9 || (shape === 2 && size >= 4);
      shape = shape === 1 && size === 2 ? 2 : size >= 3 ? 1 : 0;
    }
    const separator = separatorLength(buffer, at, end);
    if (separator === 0) break;
    if (byte === DOT) dots++;
    at += separator;
    groupStart = at;
  }
  runDigits = count;
  runDots = dots;
  runLikeSsn = likeSsn;
  return last;
}
