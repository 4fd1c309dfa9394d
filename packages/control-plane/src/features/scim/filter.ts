import { invalid, type ScimType } from "./scim-error.ts";

/** RFC 7644 section 3.4.2.2. */
export type Filter =
  | { readonly type: "and" | "or"; readonly parts: readonly Filter[] }
  | { readonly type: "not"; readonly part: Filter }
  | { readonly type: "present"; readonly path: string }
  | { readonly type: "compare"; readonly path: string; readonly operator: Operator; readonly value: FilterValue }
  /** `emails[type eq "work"]` */
  | { readonly type: "element"; readonly path: string; readonly part: Filter };

export type Operator = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";
export type FilterValue = string | number | boolean | null;

/** What a PATCH operation points at: `members[value eq "x"].display`, `name.givenName`, `active`. */
export interface PatchPath {
  readonly attribute: string;
  readonly filter?: Filter;
  readonly sub?: string;
}

const OPERATORS = new Set<string>(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
export const FILTER_LENGTH_LIMIT = 2048;
const DEPTH_LIMIT = 10;
const TERMS_LIMIT = 50;
/** In a path, which is applied to each element of an attribute. */
const PATH_TERMS_LIMIT = 5;

/** @throws ScimError `invalidFilter`: unreadable, over 2048 characters, 10 levels or 50 terms */
export function parseFilter(text: string): Filter {
  const parser = new Parser(text, "invalidFilter");
  const filter = parser.filter(0);
  parser.end();
  return filter;
}

/** @throws ScimError `invalidPath` */
export function parsePatchPath(text: string): PatchPath {
  const parser = new Parser(text, "invalidPath");
  const attribute = parser.path();
  if (!parser.takes("[")) {
    parser.end();
    return { attribute };
  }
  const filter = parser.filter(1);
  parser.expect("]");
  const rest = parser.rest();
  if (rest === "") return { attribute, filter };
  if (!/^\.[A-Za-z$][\w$-]*$/.test(rest)) throw invalid("invalidPath", "what follows ] is not a sub-attribute");
  return { attribute, filter, sub: rest.slice(1) };
}

/** One token at a time: a bracket, a quoted string, or a word. Sticky, and linear in the text. */
const TOKEN = /\s*([()[\]]|"(?:[^"\\]|\\.)*"|[^\s()[\]"]+)/y;

class Parser {
  readonly #text: string;
  readonly #scimType: ScimType;
  #at = 0;
  #terms = 0;

  constructor(text: string, scimType: ScimType) {
    this.#text = text;
    this.#scimType = scimType;
    if (text.length > FILTER_LENGTH_LIMIT) throw this.#wrong(`longer than ${FILTER_LENGTH_LIMIT} characters`);
  }

  /** `or` binds less than `and`, and that less than `not`. */
  filter(depth: number): Filter {
    if (depth > DEPTH_LIMIT) throw this.#wrong(`deeper than ${DEPTH_LIMIT} levels`);
    return this.#chain("or", () => this.#chain("and", () => this.#term(depth)));
  }

  path(): string {
    const word = this.#next();
    if (word === undefined || !/^[A-Za-z$][\w$:.-]*$/.test(word))
      throw this.#wrong("a name of an attribute is missing");
    return word;
  }

  takes(token: string): boolean {
    if (this.#peek()?.toLowerCase() !== token) return false;
    this.#next();
    return true;
  }

  expect(token: string): void {
    if (!this.takes(token)) throw this.#wrong(`${token} is missing`);
  }

  rest(): string {
    return this.#text.slice(this.#at).trim();
  }

  end(): void {
    if (this.rest() !== "") throw this.#wrong("there is more than can be understood");
  }

  #chain(word: "and" | "or", part: () => Filter): Filter {
    const first = part();
    const parts = [first];
    while (this.takes(word)) parts.push(part());
    return parts.length === 1 ? first : { type: word, parts };
  }

  #term(depth: number): Filter {
    const limit = this.#scimType === "invalidPath" ? PATH_TERMS_LIMIT : TERMS_LIMIT;
    if (++this.#terms > limit) throw this.#wrong(`more than ${limit} terms`);
    if (this.takes("(")) return this.#closed(depth, ")");
    if (this.takes("not")) {
      this.expect("(");
      return { type: "not", part: this.#closed(depth, ")") };
    }
    const path = this.path();
    if (this.takes("[")) return { type: "element", path, part: this.#closed(depth, "]") };
    const operator = this.#next()?.toLowerCase() ?? "";
    if (operator === "pr") return { type: "present", path };
    if (!OPERATORS.has(operator)) throw this.#wrong("an operator is missing: eq ne co sw ew gt ge lt le pr");
    return { type: "compare", path, operator: operator as Operator, value: this.#value() };
  }

  #closed(depth: number, bracket: ")" | "]"): Filter {
    const inner = this.filter(depth + 1);
    this.expect(bracket);
    return inner;
  }

  #value(): FilterValue {
    const token = this.#next() ?? "";
    // Entra ID writes True and False.
    const text = token.startsWith('"') ? token : token.toLowerCase();
    try {
      const value: unknown = JSON.parse(text);
      if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value as FilterValue;
    } catch {}
    throw this.#wrong("a value is missing: text in double quotes, a number, true, false or null");
  }

  #peek(): string | undefined {
    TOKEN.lastIndex = this.#at;
    return TOKEN.exec(this.#text)?.[1];
  }

  #next(): string | undefined {
    const token = this.#peek();
    if (token !== undefined) this.#at = TOKEN.lastIndex;
    return token;
  }

  #wrong(detail: string) {
    return invalid(this.#scimType, detail);
  }
}
