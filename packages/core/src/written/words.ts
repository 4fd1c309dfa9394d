/** One word of a line, with where it stands in it. */
export interface WrittenWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Words as a shell splits them, with single and double quotes and backslashes; nothing is expanded. Undefined: a quote stays open. */
export function wordsOf(line: string): readonly WrittenWord[] | undefined {
  const words: WrittenWord[] = [];
  let text: string | undefined;
  let start = 0;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const c = line[at] ?? "";
    if (quote === "" && /\s/.test(c)) {
      if (text !== undefined) words.push({ text, start, end: at });
      text = undefined;
      continue;
    }
    if (text === undefined) {
      text = "";
      start = at;
    }
    if (c === quote) quote = "";
    else if (quote === "" && (c === "'" || c === '"')) quote = c;
    else if (c === "\\" && quote !== "'" && at + 1 < line.length) text += line[++at] ?? "";
    else text += c;
  }
  if (quote !== "") return undefined;
  if (text !== undefined) words.push({ text, start, end: line.length });
  return words;
}

const PLAIN = /^[\w@%+=:,./-]+$/;

/** Quoted where a shell would need it, so that `wordsOf` gives the same words again. */
export function lineOf(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
