import { CONSTANT_TEXT } from "./mask-text.ts";

/** `data[a]: Invalid value: "...": must be ...` (k8s.io/apimachinery field.Error): the value, quoted as Go quotes, or up to the end. */
const QUOTED = /((?:Invalid|Unsupported|Duplicate) value: )("(?:[^"\\]|\\.)*"|[^"]*$)/gs;

/** The API server writes no longer ones; in UTF-16 code units. */
const MAX_MESSAGE = 64 * 1024;

/** Errors about Secrets without the values that they repeat; undefined = none. */
export function withoutQuotedValues(text: string): string | undefined {
  if (text.length > MAX_MESSAGE) return CONSTANT_TEXT;
  const shown = text.replaceAll(QUOTED, (_, words: string) => `${words}"${CONSTANT_TEXT}"`);
  return shown === text ? undefined : shown;
}
