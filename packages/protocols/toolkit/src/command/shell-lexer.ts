/**
 * Tokens of a POSIX shell command line (POSIX.1-2024, Shell Command Language, 2.2 to 2.7). What a word expands to cannot be
 * known here, so a word says whether it is literal.
 */
export type ShellToken =
  | { readonly type: "word"; readonly text: string; readonly literal: boolean; readonly commands: readonly string[] }
  | { readonly type: "operator"; readonly text: string }
  /** `> file`, `< file`, `2>&1` ... The word that follows is its target. */
  | { readonly type: "redirect"; readonly operator: string; readonly descriptor: string }
  | { readonly type: "newline" };

/** Longer than any list of operators' own length, and enough for what people and tools send. */
export const MAX_COMMAND = 128 * 1024;
const MAX_DEPTH = 20;

const OPERATORS = ["&&", "||", ";;", "|&", ";", "&", "|", "(", ")"];
const REDIRECTS = ["<<<", "<<-", "&>>", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "<", ">"];
const EXPANDING = new Set(["*", "?", "["]);

/** Tokens, or undefined for what ends inside of a quote or an expansion, is too long, or is nested too deeply. */
export function shellTokens(line: string, depth = 0): readonly ShellToken[] | undefined {
  if (line.length > MAX_COMMAND || depth > MAX_DEPTH || line.includes("\0")) return undefined;
  return new Lexer(line, depth).run();
}

class Lexer {
  readonly #line: string;
  readonly #depth: number;
  #at = 0;
  #tokens: ShellToken[] = [];

  constructor(line: string, depth: number) {
    this.#line = line;
    this.#depth = depth;
  }

  run(): readonly ShellToken[] | undefined {
    while (this.#at < this.#line.length) if (!this.#step()) return undefined;
    return this.#tokens;
  }

  #step(): boolean {
    const line = this.#line;
    const c = line[this.#at];
    if (c === " " || c === "\t") {
      this.#at++;
      return true;
    }
    if (c === "\\" && line[this.#at + 1] === "\n") {
      this.#at += 2;
      return true;
    }
    if (c === "\n") {
      this.#at++;
      this.#tokens.push({ type: "newline" });
      return true;
    }
    if (c === "#") {
      const end = line.indexOf("\n", this.#at);
      this.#at = end < 0 ? line.length : end;
      return true;
    }
    return this.#redirect() || this.#operator() || this.#word();
  }

  #redirect(): boolean {
    const match = /^\d*/.exec(this.#line.slice(this.#at, this.#at + 10));
    const descriptor = match?.[0] ?? "";
    const rest = this.#at + descriptor.length;
    const operator = REDIRECTS.find((each) => this.#line.startsWith(each, rest));
    if (operator === undefined) return false;
    this.#at = rest + operator.length;
    this.#tokens.push({ type: "redirect", operator, descriptor });
    return true;
  }

  #operator(): boolean {
    const text = OPERATORS.find((each) => this.#line.startsWith(each, this.#at));
    if (text === undefined) return false;
    this.#at += text.length;
    this.#tokens.push({ type: "operator", text });
    return true;
  }

  #word(): boolean {
    const word = { text: "", literal: true, commands: [] as string[] };
    while (this.#at < this.#line.length) {
      const c = this.#line[this.#at] ?? "";
      if (" \t\n".includes(c) || OPERATORS.some((each) => each[0] === c) || c === "<" || c === ">") break;
      if (!this.#part(c, word)) return false;
    }
    this.#tokens.push({ type: "word", ...word });
    return true;
  }

  #part(c: string, word: { text: string; literal: boolean; commands: string[] }): boolean {
    switch (c) {
      case "\\": {
        const next = this.#line[this.#at + 1];
        if (next === undefined) return false;
        if (next !== "\n") word.text += next;
        this.#at += 2;
        return true;
      }
      case "'": {
        const end = this.#line.indexOf("'", this.#at + 1);
        if (end < 0) return false;
        word.text += this.#line.slice(this.#at + 1, end);
        this.#at = end + 1;
        return true;
      }
      case '"':
        return this.#doubleQuoted(word);
      case "$":
        return this.#dollar(word, false);
      case "`":
        return this.#backquoted(word);
      default:
        if (EXPANDING.has(c) || (c === "~" && word.text === "") || this.#opensBraces(c)) word.literal = false;
        word.text += c;
        this.#at++;
        return true;
    }
  }

  /** `{a,b}` is expanded by most shells; `{` alone is a word of the grammar. */
  #opensBraces(c: string): boolean {
    return c === "{" && !/^[\s;]?$/.test(this.#line[this.#at + 1] ?? "");
  }

  #doubleQuoted(word: { text: string; literal: boolean; commands: string[] }): boolean {
    this.#at++;
    for (;;) {
      const c = this.#line[this.#at];
      if (c === undefined) return false;
      if (c === '"') {
        this.#at++;
        return true;
      }
      if (c === "\\") {
        const next = this.#line[this.#at + 1];
        if (next === undefined) return false;
        if (next !== "\n") word.text += '$`"\\'.includes(next) ? next : `\\${next}`;
        this.#at += 2;
      } else if (c === "$") {
        if (!this.#dollar(word, true)) return false;
      } else if (c === "`") {
        if (!this.#backquoted(word)) return false;
      } else {
        word.text += c;
        this.#at++;
      }
    }
  }

  /** `$name`, `${...}`, `$(...)`, `$((...))`, `$'...'`. */
  #dollar(word: { text: string; literal: boolean; commands: string[] }, quoted: boolean): boolean {
    const next = this.#line[this.#at + 1];
    if (next === "(") {
      const end = this.#closing(this.#at + 2, "(", ")");
      if (end === undefined) return false;
      const inner = this.#line.slice(this.#at + 2, end);
      // arithmetic holds no commands unless it holds a substitution, which nobody needs
      if (!inner.startsWith("(")) word.commands.push(inner);
      // `$((a); b)` is a substitution after all
      else if (/[`$]\(|`/.test(inner) || this.#closing(this.#at + 3, "(", ")") !== end - 1) return false;
      word.text += this.#line.slice(this.#at, end + 1);
      word.literal = false;
      this.#at = end + 1;
      return true;
    }
    if (next === "{") {
      const end = this.#closing(this.#at + 2, "{", "}");
      if (end === undefined) return false;
      const inner = this.#line.slice(this.#at + 2, end);
      // quotes in there follow rules of their own, and `${ command; }`, `<(command)` and `@P` run something
      if (/[`'"\\]|[$<>]\(|^[\s|]|@P$/.test(inner)) return false;
      word.text += this.#line.slice(this.#at, end + 1);
      word.literal = false;
      this.#at = end + 1;
      return true;
    }
    // $'...' has escapes of its own, which decide what the word is: not read
    if ((next === "'" || next === '"') && !quoted) return false;
    const name = /^\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(this.#line.slice(this.#at, this.#at + 300))?.[0];
    if (name === undefined) {
      word.text += "$";
      this.#at++;
      return true;
    }
    word.text += name;
    word.literal = false;
    this.#at += name.length;
    return true;
  }

  #backquoted(word: { text: string; literal: boolean; commands: string[] }): boolean {
    let inner = "";
    for (let at = this.#at + 1; at < this.#line.length; at++) {
      const c = this.#line[at];
      if (c === "\\") inner += this.#line[++at] ?? "";
      else if (c === "`") {
        word.commands.push(inner);
        word.text += "`...`";
        word.literal = false;
        this.#at = at + 1;
        return true;
      } else inner += c;
    }
    return false;
  }

  /** Where the bracket that is open at `from` closes; quotes hide brackets. */
  #closing(from: number, open: string, close: string): number | undefined {
    let depth = 1;
    for (let at = from; at < this.#line.length; at++) {
      const c = this.#line[at];
      if (c === "\\") at++;
      else if (c === "'" || c === '"') {
        const end = this.#quoteEnd(at, c);
        if (end === undefined) return undefined;
        at = end;
      } else if (c === open) {
        if (++depth > MAX_DEPTH + this.#depth) return undefined;
      } else if (c === close && --depth === 0) return at;
    }
    return undefined;
  }

  #quoteEnd(from: number, quote: string): number | undefined {
    for (let at = from + 1; at < this.#line.length; at++) {
      if (this.#line[at] === "\\" && quote === '"') at++;
      else if (this.#line[at] === quote) return at;
    }
    return undefined;
  }
}
