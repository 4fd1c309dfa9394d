import { CONSTANT_TEXT } from "./mask-text.ts";

/** The API server writes no longer ones; in UTF-16 code units. */
const MAX_MESSAGE = 64 * 1024;

/** `data[a]: Invalid value: "...": must be ...` (k8s.io/apimachinery field.Error): a value quoted as Go quotes, or up to the end. */
const QUOTED = /((?:Invalid|Unsupported|Duplicate) value: )("(?:[^"\\]|\\.)*"|[^"].*$|"?$|".*$)/gs;
/** As `QUOTED`, with the reason behind it: in a custom resource that may be an expression over its values. */
const QUOTED_WITH_REASON = /((?:Invalid|Unsupported|Duplicate|Failed) (?:value|rule): ).*$/s;
/** What an admission policy or a webhook says of the object. */
const DENIED = /( denied (?:the )?request: ).*$/s;
/** Two states of an object, line by line, as behind `pod updates may not change fields other than ...`. */
const DIFFERENCE = /\n.*$/s;

/** Errors about an object without the values of it that they repeat; undefined = none. */
export function withoutQuotedValues(text: string, custom: boolean): string | undefined {
  if (text.length > MAX_MESSAGE) return CONSTANT_TEXT;
  const quoted = (_: string, words: string): string => `${words}"${CONSTANT_TEXT}"`;
  const shown = text
    .replace(DENIED, (_, words: string) => words + CONSTANT_TEXT)
    .replace(DIFFERENCE, ` ${CONSTANT_TEXT}`)
    .replace(custom ? QUOTED_WITH_REASON : QUOTED, quoted);
  return shown === text ? undefined : shown;
}

const WARNING = /(\d{3} \S+ )"((?:[^"\\]|\\.)*)"/g;
/** What the API server itself warns of by names alone; anything else may be said by an admission policy or a webhook. */
const OF_NAMES = [
  /^[\w./-]+ [A-Za-z]+ is deprecated in v[\d.+]+(?:, unavailable in v[\d.+]+)?(?:; use [\w./-]+ [A-Za-z]+)?$/,
  /^(?:unknown|duplicate) field \\"[\w.[\]-]+\\"$/,
];

/** A Warning header (RFC 7234, 5.5) of a write without what may quote the object. */
export function withoutQuotingWarnings(header: string): string {
  const rest = header.replaceAll(WARNING, "");
  if (!/^[\s,]*$/.test(rest)) return `299 - "${CONSTANT_TEXT}"`;
  return header.replaceAll(WARNING, (whole, agent: string, text: string) =>
    OF_NAMES.some((known) => known.test(text)) ? whole : `${agent}"${CONSTANT_TEXT}"`,
  );
}
