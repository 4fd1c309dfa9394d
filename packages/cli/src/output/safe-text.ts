import { escapeText } from "@tidewaiter/core/recording/escape-text";

/** Select Graphic Rendition as `Paint` writes it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for.
const COLOUR = /(\u001b\[\d{0,2}m)/;

/**
 * A line that cannot speak to the terminal, whoever wrote parts of it: only our colours pass, and without `colour` not
 * even those. Text that was escaped before stays as it is.
 */
export function safeLine(line: string, colour: boolean): string {
  if (!colour) return escapeText(line);
  return line
    .split(COLOUR)
    .map((part, index) => (index % 2 === 1 ? part : escapeText(part)))
    .join("");
}

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu;

/** JSON of one meaning with `JSON.stringify`'s, in which no character can move a cursor or hide. */
export function safeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  // Line breaks and spaces here are our own: those in strings are escaped already.
  return text.replace(UNSAFE, (found) => (found === "\n" ? found : unicodeEscapes(found)));
}

function unicodeEscapes(text: string): string {
  let escapes = "";
  for (let index = 0; index < text.length; index++) {
    escapes += `\\u${text.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return escapes;
}
