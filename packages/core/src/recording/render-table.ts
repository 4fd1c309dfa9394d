import { escapeText } from "./escape-text.ts";

const MAX_CELL = 40;

/** Result rows as an aligned table: header, rule, rows. NULL is shown as `∅`, cells over 40 characters are cut with `…`. */
export function renderTable(
  columns: readonly string[],
  cells: readonly (readonly (string | null)[])[],
  maxRows: number,
): string[] {
  const shown = [
    columns.map(cellText),
    ...cells.slice(0, maxRows).map((row) => columns.map((_, i) => cellText(row[i] ?? null))),
  ];
  const widths = columns.map((_, index) => Math.max(...shown.map((row) => displayWidth(row[index] ?? ""))));
  const lines = shown.map((row) =>
    row
      .map((text, index) => pad(text, widths[index] ?? 0))
      .join(" | ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("-+-");
  return [lines[0] ?? "", rule, ...lines.slice(1)];
}

function cellText(value: string | null): string {
  if (value === null) return "∅";
  const characters = [...escapeText(value)];
  return characters.length <= MAX_CELL ? characters.join("") : `${characters.slice(0, MAX_CELL - 1).join("")}…`;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** Columns that a text takes in a terminal: two for wide characters, none for combining marks. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /\p{Mn}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
