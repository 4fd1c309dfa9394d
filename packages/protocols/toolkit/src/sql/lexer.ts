import type { SourceSpan } from "@tidewaiter/core/sql-facts";

export type TokenKind = "word" | "quoted" | "string" | "number" | "param" | "operator" | "punctuation";

/** A token without comments and white space; the span is in UTF-16 code units. */
export type Token = SourceSpan & { readonly kind: TokenKind };

/**
 * PostgreSQL's lexical rules (documentation 4.1, `scan.l`) with `standard_conforming_strings = on`.
 *
 * Verdicts never rest on this lexer: it only cuts literals, secrets and comments out of records. The real scanner
 * costs 85 us per statement through WASM and is its oracle in the tests.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const next = skipBlank(sql, at);
    if (next >= sql.length) break;
    const token = readToken(sql, next);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/** Deepest nesting of parentheses and brackets; a guard that costs nothing beside the parser. */
export function nestingDepth(sql: string, tokens: readonly Token[]): number {
  let depth = 0;
  let deepest = 0;
  for (const token of tokens) {
    if (token.kind !== "punctuation") continue;
    const char = sql.charCodeAt(token.start);
    if (char === 0x28 || char === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (char === 0x29 || char === 0x5d) depth--;
  }
  return deepest;
}

const OPERATOR_CHARS = new Set("+-*/<>=~!@#%^&|`?");

function skipBlank(sql: string, from: number): number {
  let at = from;
  for (;;) {
    const char = sql[at];
    if (char === " " || char === "\n" || char === "\t" || char === "\r" || char === "\f" || char === "\v") at++;
    else if (char === "-" && sql[at + 1] === "-") at = endOfLine(sql, at);
    else if (char === "/" && sql[at + 1] === "*") at = endOfBlockComment(sql, at);
    else return at;
  }
}

function endOfLine(sql: string, from: number): number {
  for (let at = from; at < sql.length; at++) if (sql[at] === "\n" || sql[at] === "\r") return at;
  return sql.length;
}

function endOfBlockComment(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; at++) {
    if (sql[at] === "/" && sql[at + 1] === "*") {
      depth++;
      at++;
    } else if (sql[at] === "*" && sql[at + 1] === "/") {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}

function readToken(sql: string, start: number): Token {
  const char = sql[start] ?? "";
  if (char === "'") return { kind: "string", start, end: endOfString(sql, start, "plain") };
  if (char === '"') return { kind: "quoted", start, end: endOfQuoted(sql, start) };
  if (char === "$") return readDollar(sql, start);
  if (isDigit(char) || (char === "." && isDigit(sql[start + 1] ?? ""))) return readNumber(sql, start);
  if (isWordStart(char)) return readWord(sql, start);
  if (OPERATOR_CHARS.has(char)) return { kind: "operator", start, end: endOfOperator(sql, start) };
  return { kind: "punctuation", start, end: start + 1 };
}

/** `'...'`, with `''` inside except in bit strings, continued over white space that holds a newline. */
function endOfString(sql: string, quote: number, body: "plain" | "escapes" | "bits"): number {
  let at = quote + 1;
  while (at < sql.length) {
    if (body === "escapes" && sql[at] === "\\") at += 2;
    else if (sql[at] !== "'") at++;
    else if (sql[at + 1] === "'" && body !== "bits") at += 2;
    else {
      const again = continuation(sql, at + 1);
      if (again === undefined) return at + 1;
      at = again + 1;
    }
  }
  return sql.length;
}

/** Two literals separated by white space with a newline (comments of `--` count as white space) are one. */
function continuation(sql: string, from: number): number | undefined {
  let newline = false;
  let at = from;
  for (; ; at++) {
    const char = sql[at];
    if (char === "\n" || char === "\r") newline = true;
    else if (char === "-" && sql[at + 1] === "-" && newline) at = endOfLine(sql, at) - 1;
    else if (char !== " " && char !== "\t" && char !== "\f" && char !== "\v") break;
  }
  return newline && sql[at] === "'" ? at : undefined;
}

function endOfQuoted(sql: string, quote: number): number {
  let at = quote + 1;
  while (at < sql.length) {
    if (sql[at] !== '"') at++;
    else if (sql[at + 1] === '"') at += 2;
    else return at + 1;
  }
  return sql.length;
}

function readDollar(sql: string, start: number): Token {
  if (isDigit(sql[start + 1] ?? "")) {
    let end = start + 1;
    while (isDigit(sql[end] ?? "")) end++;
    return { kind: "param", start, end };
  }
  let at = start + 1;
  if (isWordStart(sql[at] ?? "")) while (isWordPart(sql[at] ?? "") && sql[at] !== "$") at++;
  if (sql[at] !== "$") return { kind: "punctuation", start, end: start + 1 };
  const tag = sql.slice(start, at + 1);
  const close = sql.indexOf(tag, at + 1);
  return { kind: "string", start, end: close < 0 ? sql.length : close + tag.length };
}

const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*(?:\.(?!\.)(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?/y;

function readNumber(sql: string, start: number): Token {
  NUMBER.lastIndex = start;
  const match = NUMBER.exec(sql);
  return { kind: "number", start, end: start + (match?.[0].length ?? 1) };
}

function readWord(sql: string, start: number): Token {
  const first = sql[start]?.toLowerCase();
  const second = sql[start + 1];
  if (second === "'" && (first === "e" || first === "b" || first === "x")) {
    return { kind: "string", start, end: endOfString(sql, start + 1, first === "e" ? "escapes" : "bits") };
  }
  if (first === "u" && second === "&" && sql[start + 2] === "'") {
    return { kind: "string", start, end: endOfString(sql, start + 2, "plain") };
  }
  if (first === "u" && second === "&" && sql[start + 2] === '"') {
    return { kind: "quoted", start, end: endOfQuoted(sql, start + 2) };
  }
  let end = start + 1;
  while (isWordPart(sql[end] ?? "")) end++;
  return { kind: "word", start, end };
}

/** A comment ends an operator: `a+--x` is `+` and a comment. */
function endOfOperator(sql: string, start: number): number {
  let end = start;
  while (OPERATOR_CHARS.has(sql[end] ?? "")) {
    if (end > start && ((sql[end] === "-" && sql[end + 1] === "-") || (sql[end] === "/" && sql[end + 1] === "*")))
      break;
    end++;
  }
  // A multi-character operator may end in + or - only with one of these inside (documentation 4.1.3).
  while (end - start > 1 && /[+-]$/.test(sql.slice(start, end)) && !/[~!@#%^&|`?]/.test(sql.slice(start, end))) end--;
  return end;
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

function isWordStart(char: string): boolean {
  return (char >= "a" && char <= "z") || (char >= "A" && char <= "Z") || char === "_" || char >= "\u0080";
}

function isWordPart(char: string): boolean {
  return isWordStart(char) || isDigit(char) || char === "$";
}
