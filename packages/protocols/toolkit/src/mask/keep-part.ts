/** Transforms of text that keep a part of it. Each gives undefined where nothing would be hidden. */

/** In place of what is hidden, whatever its length. */
const STARS = "****";
const HIDDEN_LOCAL_PART = "***";
/** RFC 1035, 2.3.4 */
const MAX_DOMAIN_BYTES = 255;

/** Keeps whole code points at both ends; a value too short to hide anything between them is hidden whole. */
export function keepEnds(text: string, first: number, last: number): string | undefined {
  const points = [...text.trimEnd()];
  if (points.length <= first + last) return undefined;
  const end = last === 0 ? "" : points.slice(-last).join("");
  return `${points.slice(0, first).join("")}${STARS}${end}`;
}

/** Only what can be a domain is kept: behind the last `@` of another text anything may stand. */
export function keepDomain(text: string): string | undefined {
  const at = text.lastIndexOf("@");
  const domain = text.slice(at + 1).trimEnd();
  if (at <= 0 || Buffer.byteLength(domain) > MAX_DOMAIN_BYTES) return undefined;
  return /^[\p{L}\p{M}\p{N}-]+(?:\.[\p{L}\p{M}\p{N}-]+)*$/u.test(domain) ? `${HIDDEN_LOCAL_PART}@${domain}` : undefined;
}

/** A date or time as JSON documents hold it (RFC 3339): the date alone, cut to its year or month. */
export function keepYearOrMonth(text: string, keep: "year" | "month"): string | undefined {
  const match = /^(\d{4})-(0[1-9]|1[0-2])-\d{2}(?=$|[T ])/.exec(text);
  return match === null ? undefined : `${match[1]}-${keep === "year" ? "01" : match[2]}-01`;
}
