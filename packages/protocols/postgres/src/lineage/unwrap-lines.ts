import { LineageError } from "./lineage-error.ts";

/** `LINELEN` of PostgreSQL's `print.c`. */
const LINE = 78;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;

/**
 * Takes back `format_node_dump` of PostgreSQL's `print.c`, which breaks the text of a tree into lines of at most 78
 * bytes: at a space, which the break replaces, or inside a token that fills a whole line, where it is put in. Both
 * happen inside names too, even between a backslash and the character it protects: a column named `((((` could
 * otherwise change how the tree reads. Text that was never broken (`pg_rewrite.ev_action`) comes back as it is.
 *
 * A token of exactly one line that a space follows is joined with the next token: the parser then refuses the tree.
 * The text must be in the encoding of the database (UTF-8 in both, where the session asks for UTF-8).
 *
 * @throws LineageError `ambiguous-break` when a name with a newline of its own leaves it open which of them it was.
 */
export function unwrapLines(text: Buffer): Buffer {
  const first = text.indexOf(NEWLINE);
  if (first === -1 || first > LINE) return text;
  const plain = Buffer.allocUnsafe(text.length);
  let length = 0;
  let from = 0;
  let starts = [0];
  for (let at = first; at !== -1; at = text.indexOf(NEWLINE, from)) {
    text.copy(plain, length, from, at);
    length += at - from;
    // Longer lines come from a server whose encoding is not the session's: its bytes are not ours to count.
    starts = starts.filter((start) => at - start <= LINE);
    if (starts.length === 0) throw new LineageError("ambiguous-break");
    if (!putIn(text, starts, at)) plain[length++] = SPACE;
    from = at + 1;
    starts = endsEscaped(text, at) ? [...starts.filter((start) => at - start < LINE), from] : [from];
  }
  text.copy(plain, length, from);
  return plain.subarray(0, length + text.length - from);
}

/** True for a break inside a token. `starts` are the places where the line may have begun: names hold newlines too. */
function putIn(text: Buffer, starts: readonly number[], at: number): boolean {
  const inside = starts.filter((start) => at - start === LINE && !hasSpace(text, start + 1, at)).length;
  if (inside !== 0 && inside !== starts.length) throw new LineageError("ambiguous-break");
  return inside !== 0;
}

function hasSpace(text: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (text[at] === SPACE) return true;
  return false;
}

/** An odd number of backslashes before the newline: it may belong to a name. */
function endsEscaped(text: Buffer, end: number): boolean {
  let at = end;
  while (at > 0 && text[at - 1] === BACKSLASH) at--;
  return (end - at) % 2 === 1;
}
