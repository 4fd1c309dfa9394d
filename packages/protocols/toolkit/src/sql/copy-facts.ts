import type { SqlCopy, SqlCopyFormat, SqlCopyOptions, SqlName } from "@tidewaiter/core/sql-facts";
import type { Token } from "./lexer.ts";
import { as, constantText, isTree, list, strings, type Tree, text } from "./tree.ts";

/** Facts about COPY (PostgreSQL documentation, COPY). `tokens` are those of this statement, for exact slices. */
export function copyFacts(node: Tree, sql: string, tokens: readonly Token[]): SqlCopy {
  const relation = node.relation;
  const columns = strings(node.attlist);
  const options = copyOptions(list(node.options));
  const direction = node.is_from === true ? "from" : "to";
  return {
    direction,
    source: node.query === undefined ? "table" : "query",
    endpoint: endpoint(node, direction),
    ...(isTree(relation) ? { relation: nameOf(relation) } : {}),
    ...(columns.length > 0 ? { columns } : {}),
    format: options.format,
    options: options.rest,
    ...slices(node, sql, tokens),
  };
}

function nameOf(range: Tree): SqlName {
  const schema = text(range.schemaname);
  return { ...(schema === undefined ? {} : { schema }), name: text(range.relname) ?? "" };
}

function endpoint(node: Tree, direction: "to" | "from"): SqlCopy["endpoint"] {
  if (node.is_program === true) return "program";
  if (node.filename !== undefined) return "file";
  return direction === "to" ? "stdout" : "stdin";
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function copyOptions(elements: readonly unknown[]): { format: SqlCopyFormat; rest: SqlCopyOptions } {
  let format: SqlCopyFormat = "text";
  const other: string[] = [];
  const rest: Writable<SqlCopyOptions> = { other };
  for (const element of elements) {
    const option = as("DefElem", element);
    const name = text(option?.defname);
    if (option === undefined || name === undefined) continue;
    const value = optionText(option.arg);
    if (name === "format") {
      if (value === "text" || value === "csv" || value === "binary") format = value;
      else other.push(name);
    } else if (!assign(rest, name, option.arg, value)) other.push(name);
  }
  return { format, rest };
}

const CHARACTER_OPTIONS = ["delimiter", "null", "default", "quote", "escape", "encoding"] as const;

function assign(rest: Writable<SqlCopyOptions>, name: string, arg: unknown, value: string | undefined): boolean {
  const character = CHARACTER_OPTIONS.find((option) => option === name);
  if (character !== undefined && value !== undefined) rest[character] = value;
  else if (name === "header") rest.header = value?.toLowerCase() === "match" ? "match" : isOn(value);
  else if (name === "freeze") rest.freeze = isOn(value);
  else if (name === "force_quote") rest.forceQuote = columnList(arg);
  else if (name === "force_not_null") rest.forceNotNull = columnList(arg);
  else if (name === "force_null") rest.forceNull = columnList(arg);
  else return false;
  return true;
}

function optionText(arg: unknown): string | undefined {
  const string = as("String", arg);
  if (string !== undefined) return text(string.sval) ?? "";
  const integer = as("Integer", arg);
  if (integer !== undefined) return String(integer.ival ?? 0);
  const bool = as("Boolean", arg);
  if (bool !== undefined) return String(bool.boolval ?? false);
  const constant = as("A_Const", arg);
  return constant === undefined ? undefined : constantText(constant);
}

/** An option without a value is on (`defGetBoolean`). */
function isOn(value: string | undefined): boolean {
  return value === undefined || !["false", "off", "0"].includes(value.toLowerCase());
}

function columnList(arg: unknown): readonly string[] | "*" {
  if (as("A_Star", arg) !== undefined) return "*";
  return strings(Array.isArray(arg) ? arg : as("List", arg)?.items);
}

/** `COPY [BINARY] <source> TO ...`: the query between the outer parentheses, and all that follows the source. */
function slices(node: Tree, sql: string, tokens: readonly Token[]): Pick<SqlCopy, "innerSql" | "tail"> {
  let depth = 0;
  let open: Token | undefined;
  let close: Token | undefined;
  for (const [index, token] of tokens.entries()) {
    const char = sql.slice(token.start, token.end);
    if (char === "(" && depth++ === 0) open = token;
    else if (char === ")" && --depth === 0) close = token;
    else if (depth === 0 && index > 1 && token.kind === "word" && /^(to|from)$/i.test(char)) {
      const tail = sql.slice(token.start, tokens.at(-1)?.end);
      if (node.query === undefined || open === undefined || close === undefined) return { tail };
      return { tail, innerSql: sql.slice(open.end, close.start).trim() };
    }
  }
  return {};
}
