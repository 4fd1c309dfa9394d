import { hash } from "node:crypto";
import type { SourceSpan } from "@tidewaiter/core/sql-facts";
import { type Token, tokenize } from "./lexer.ts";

/** Literals, secrets and the shape of one statement. */
export type Redaction = {
  readonly literals: readonly SourceSpan[];
  readonly secrets: readonly SourceSpan[];
  readonly normalised: string;
  readonly fingerprint: string;
};

export type RedactionInput = {
  readonly sql: string;
  readonly tokens: readonly Token[];
  /** Node type of the statement. */
  readonly type: string;
  /** Start of numbers that are places in the target list: structure, not data. */
  readonly ordinals: ReadonlySet<number>;
  /** Highest `$n` in the statement. */
  readonly params: number;
};

export function redact(input: RedactionInput): Redaction {
  const secretTokens = findSecrets(input);
  const literals: SourceSpan[] = [];
  const secrets: SourceSpan[] = [];
  const writer = new Writer();
  let next = input.params;
  for (const token of input.tokens) {
    const span = { start: token.start, end: token.end };
    if (secretTokens.has(token)) {
      secrets.push(span);
      writer.write("'***'", token.kind);
    } else if (token.kind === "string" || (token.kind === "number" && !input.ordinals.has(token.start))) {
      literals.push(span);
      writer.write(`$${++next}`, token.kind);
    } else {
      writer.write(canonical(input.sql, token), token.kind);
    }
  }
  const normalised = writer.text;
  return { literals, secrets, normalised, fingerprint: hash("sha256", normalised, "hex").slice(0, 32) };
}

/**
 * A text that could not be parsed, with every literal cut out: it may hold a password or a value, and nothing is known
 * about where. Comments go as well.
 */
export function redactUnparsed(sql: string): string {
  const writer = new Writer();
  for (const token of tokenize(sql)) {
    const literal = token.kind === "string" || token.kind === "number";
    writer.write(literal ? "?" : canonical(sql, token), token.kind);
  }
  return writer.text;
}

/** One spacing for all, so that layout does not change the shape. */
class Writer {
  text = "";
  #tight = true;

  write(part: string, kind: Token["kind"]): void {
    const opens = part === "(" && /[\w"]$/.test(this.text) && !/[ ,=]$/.test(this.text);
    const joins = kind === "punctuation" && /^[,);.\]:[]$/.test(part);
    this.text += this.#tight || joins || opens ? part : ` ${part}`;
    this.#tight = kind === "punctuation" && /^[(.[:]$/.test(part);
  }
}

/** Unquoted words fold to lower case as the server folds them: ASCII only. */
function canonical(sql: string, token: Token): string {
  const text = sql.slice(token.start, token.end);
  return token.kind === "word" ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** Statements in which every string literal may be a credential. */
const SECRET_STATEMENTS: ReadonlySet<string> = new Set([
  "CreateUserMappingStmt",
  "AlterUserMappingStmt",
  "CreateForeignServerStmt",
  "AlterForeignServerStmt",
  "CreateFdwStmt",
  "AlterFdwStmt",
  "CreateSubscriptionStmt",
  "AlterSubscriptionStmt",
]);

const SECRET_SETTING = /passw|secret|token|conninfo|credential|passphrase|private_key|api_?key/;
/** Functions that take connection strings, passwords or keys. */
const SECRET_FUNCTION =
  /^(dblink\w*|crypt|hmac|encrypt\w*|decrypt\w*|pgp_sym_\w+|pgp_pub_decrypt\w*|armor|postgres_fdw_\w+|pg_create_subscription)$/;

function findSecrets(input: RedactionInput): ReadonlySet<Token> {
  const { sql, tokens, type } = input;
  const secrets = new Set<Token>();
  const strings = tokens.filter((token) => token.kind === "string");
  if (strings.length === 0) return secrets;
  if (SECRET_STATEMENTS.has(type)) return new Set(strings);
  const setting = type === "VariableSetStmt" || type === "AlterSystemStmt" || type.endsWith("SetStmt");
  if (setting && SECRET_SETTING.test(sql.slice(tokens[0]?.start, strings[0]?.start).toLowerCase()))
    return new Set(strings);
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" && token.kind !== "quoted") continue;
    const word = sql.slice(token.start, token.end).replaceAll('"', "").toLowerCase();
    const next = tokens[index + 1];
    if (word === "password" && next?.kind === "string") secrets.add(next);
    else if (SECRET_FUNCTION.test(word) && next !== undefined && sql[next.start] === "(")
      addCall(sql, tokens, index + 1, secrets);
  }
  // SQL inside a body or a string of its own: ALTER ROLE x PASSWORD 'y' in DO.
  for (const token of strings) {
    if (/\b(password|connection)\b\s*(=|'|\$)|\bdblink/i.test(sql.slice(token.start, token.end))) secrets.add(token);
  }
  return secrets;
}

/** Every string between the parenthesis at `open` and its partner. */
function addCall(sql: string, tokens: readonly Token[], open: number, secrets: Set<Token>): void {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) return;
    const char = token.kind === "punctuation" ? sql[token.start] : "";
    if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return;
    else if (token.kind === "string") secrets.add(token);
  }
}
