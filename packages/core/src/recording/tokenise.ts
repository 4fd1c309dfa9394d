/** A literal of a recorded statement. `secret`: a password or connection string, of which not even a token is kept. */
export interface LiteralSpan {
  /** UTF-16 code units of the source text, half open. */
  readonly start: number;
  readonly end: number;
  readonly secret?: boolean;
}

const TOKEN_DIGITS = 24;
const SECRET = "'***'";

/**
 * The statement with every literal replaced by a keyed token of constant length, `'tw:` and 24 hex digits, so that equal
 * values can still be found by who holds the key. Numbers become tokens too; a secret becomes `'***'`. `hmac` gives hex,
 * at least 24 digits. Spans that overlap are replaced together, as a secret if any is one; a span outside the text is an
 * error of the caller (RangeError), because the literal it meant would stay.
 *
 * A value that occurs elsewhere in the text as well (an identifier, a comment) is not a literal and stays there: pass the
 * normalised statement where that matters.
 */
export function tokeniseLiterals(sql: string, spans: readonly LiteralSpan[], hmac: (text: string) => string): string {
  let out = "";
  let at = 0;
  for (const span of merged(sql, spans)) {
    out += sql.slice(at, span.start);
    out += span.secret ? SECRET : tokenOf(sql.slice(span.start, span.end), hmac);
    at = span.end;
  }
  return out + sql.slice(at);
}

/** The token of one value as it stands in a recording: also for parameters, so that both can be searched alike. */
export function tokenOf(literal: string, hmac: (text: string) => string): string {
  const digits = hmac(contentOf(literal)).slice(0, TOKEN_DIGITS);
  if (!/^[0-9a-f]{24}$/.test(digits)) throw new RangeError("hmac must give at least 24 hexadecimal digits");
  return `'tw:${digits}'`;
}

/** A plain quoted string counts as its content, so that `'ana'` and the parameter `ana` have one token. */
function contentOf(literal: string): string {
  const quoted = /^'((?:[^']|'')*)'$/.exec(literal);
  return quoted === null ? literal : (quoted[1] ?? "").replaceAll("''", "'");
}

function merged(sql: string, spans: readonly LiteralSpan[]): LiteralSpan[] {
  const result: { start: number; end: number; secret: boolean }[] = [];
  for (const { start, end, secret = false } of spans.toSorted((a, b) => a.start - b.start)) {
    if (!(start >= 0 && end >= start && end <= sql.length))
      throw new RangeError("a literal span lies outside the statement");
    const last = result.at(-1);
    if (last !== undefined && start < last.end) {
      last.end = Math.max(last.end, end);
      last.secret ||= secret;
    } else if (end > start) {
      result.push({ start, end, secret });
    }
  }
  return result;
}
