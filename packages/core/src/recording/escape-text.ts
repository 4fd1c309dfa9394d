// C0, DEL, C1, line and paragraph separators, bidirectional controls, zero-width and other invisible characters, BOM,
// and tag characters: whatever could move the cursor, start a sequence, or make text read as something it is not.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\e" };

/**
 * Recorded text made safe for a terminal: control and invisible characters become visible escapes. Recorded text is
 * written by whoever ran the statement, who may want to speak to the terminal of the person who replays it.
 */
export function escapeText(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => SHORT[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** As `escapeText`, but line breaks stay line breaks and tabs become two spaces: a list of lines. */
export function escapeLines(text: string): string[] {
  return text.split(/\r\n|\n/).map((line) => escapeText(line.replaceAll("\t", "  ")));
}
