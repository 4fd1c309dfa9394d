/** A pattern in which `*` stands for any run of characters, also none, and every other character for itself. */
export interface Glob {
  readonly source: string;
  matches(text: string): boolean;
}

/** Compiles a glob. Matching is linear in pattern and text: pieces are found left to right, without backtracking. */
export function compileGlob(source: string): Glob {
  if (!source.includes("*")) return { source, matches: (text) => text === source };
  if (source === "*") return { source, matches: () => true };
  const pieces = source.split("*");
  const head = pieces[0] ?? "";
  const tail = pieces.at(-1) ?? "";
  const middle = pieces.slice(1, -1).filter((piece) => piece !== "");
  return { source, matches: (text) => matchPieces(text, { head, middle, tail }) };
}

function matchPieces(text: string, pattern: { head: string; middle: readonly string[]; tail: string }): boolean {
  const { head, middle, tail } = pattern;
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const piece of middle) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

export function matchesAny(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => glob.matches(text));
}
