/** One media range of an Accept header (RFC 9110, 12.5.1). */
interface MediaRange {
  readonly type: string;
  /** As written, with the type. */
  readonly written: string;
  readonly refused: boolean;
}

const MAX_RANGES = 50;
const JSON_TYPE = "application/json";

/**
 * The ranges of an Accept header that JSON answers, as the API server is to be asked: `as=Table` and the like stay. Undefined:
 * its client takes no JSON.
 */
export function acceptJson(accept: string): string | undefined {
  const ranges = rangesOf(accept);
  if (ranges.length === 0) return JSON_TYPE;
  const asked: string[] = [];
  for (const { type, written, refused } of ranges) {
    if (refused) continue;
    if (type === JSON_TYPE) asked.push(written);
    else if (type === "*/*" || type === "application/*") asked.push(written.replace(/^[^;]*/, JSON_TYPE));
  }
  return asked.length === 0 ? undefined : [...new Set(asked)].join(", ");
}

function rangesOf(accept: string): readonly MediaRange[] {
  return accept
    .split(",", MAX_RANGES)
    .map((written) => written.trim())
    .filter((written) => written !== "")
    .map((written) => {
      const type = mediaType(written);
      return { type, written, refused: /;\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)/i.test(written) };
    });
}

/** Type and subtype in small letters, without parameters. */
export function mediaType(contentType: string): string {
  return (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
}
