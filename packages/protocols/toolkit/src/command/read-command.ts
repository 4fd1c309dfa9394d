import { type ShellToken, shellTokens } from "./shell-lexer.ts";
import { isWrapper, nextCommand, shellOfString } from "./wrappers.ts";

/** One simple command of a line: its words and where it is redirected. */
export interface SimpleCommand {
  readonly words: readonly Word[];
  readonly redirects: readonly { readonly operator: string; readonly target: Word }[];
}

export interface Word {
  readonly text: string;
  /** False: the shell expands it, so that its value is not known. */
  readonly literal: boolean;
}

export interface CommandReading {
  /** Every program the line starts, without folder, in order; undefined = not all of them can be told. */
  readonly programs: readonly string[] | undefined;
  /** Those that could be told, also when others could not. */
  readonly seen: readonly string[];
  /** The simple commands of the outermost line. */
  readonly commands: readonly SimpleCommand[];
  /**
   * What these start that prints and reads in their place, each also as what starts it: `A=1 sudo sh -c 'cat x'` is all of it
   * but the assignment, then `sh -c 'cat x'`, then `cat x`. Not what `find` and `xargs` start, which they tell the files of.
   */
  readonly started: readonly SimpleCommand[];
}

/** After these words a command follows, as at the start of a line. */
const BEFORE_COMMAND = new Set(["!", "{", "if", "then", "elif", "else", "while", "until", "do", "time"]);
const WORDS_OF_THEIR_OWN = new Set(["}", "fi", "done"]);
/** What follows them is a grammar of its own. */
const UNREAD = new Set(["case", "select", "function", "coproc", "[["]);
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;
const MAX_DEPTH = 12;
const MAX_COMMANDS = 2_000;
/** `sudo env nice ...`: each reads the words again that are left. */
const MAX_STARTED = 32;

/**
 * What a command line starts, read as a POSIX shell would read it: through pipes, lists, substitutions, and programs that
 * start others (`sudo`, `env`, `sh -c`, `xargs`). Whatever cannot be told makes `programs` undefined.
 */
export function readCommand(line: string): CommandReading {
  const reader = new Reader();
  const commands = reader.read(line, { depth: 0, substituted: false });
  const { programs: seen, started } = reader;
  return { programs: reader.complete ? seen : undefined, seen, commands, started };
}

interface Place {
  readonly depth: number;
  /** Inside of `$(...)` or such: its output is words of a command. */
  readonly substituted: boolean;
}

class Reader {
  readonly programs: string[] = [];
  readonly started: SimpleCommand[] = [];
  complete = true;

  read(line: string, place: Place): readonly SimpleCommand[] {
    const { depth } = place;
    const tokens = depth > MAX_DEPTH ? undefined : shellTokens(line, depth);
    if (tokens === undefined) {
      this.complete = false;
      return [];
    }
    const commands = this.#split(tokens, depth);
    for (const command of commands) this.#start(command, place);
    return commands;
  }

  #split(tokens: readonly ShellToken[], depth: number): SimpleCommand[] {
    const commands: SimpleCommand[] = [];
    let words: Word[] = [];
    let redirects: { operator: string; target: Word }[] = [];
    let inFor = false;
    const end = (): void => {
      if (words.length + redirects.length > 0) commands.push({ words, redirects });
      words = [];
      redirects = [];
      inFor = false;
      if (commands.length > MAX_COMMANDS) this.complete = false;
    };
    for (let index = 0; index < tokens.length && commands.length <= MAX_COMMANDS; index++) {
      const token = tokens[index];
      if (token === undefined) break;
      if (token.type === "newline") end();
      else if (token.type === "operator") {
        // name() { ... } defines something that another word runs
        if (token.text === "(" && words.length > 0) this.complete = false;
        end();
      } else if (token.type === "redirect") {
        const target = tokens[++index];
        // the text of a here-document would have to be taken out of the line
        if (target?.type !== "word" || token.operator.startsWith("<<")) this.complete = false;
        else {
          this.#substitutions(target, depth);
          redirects.push({ operator: token.operator, target });
        }
      } else {
        this.#substitutions(token, depth);
        const reserved = token.literal && words.length === 0;
        if (reserved && UNREAD.has(token.text)) this.complete = false;
        if (reserved && token.text === "for") inFor = true;
        // `for NAME do`: over what the script was given
        if (reserved && token.text === "do") inFor = false;
        if (reserved && (BEFORE_COMMAND.has(token.text) || WORDS_OF_THEIR_OWN.has(token.text))) continue;
        if (inFor) continue;
        words.push({ text: token.text, literal: token.literal });
      }
    }
    end();
    return commands;
  }

  #substitutions(word: Extract<ShellToken, { type: "word" }>, depth: number): void {
    for (const command of word.commands) this.read(command, { depth: depth + 1, substituted: true });
  }

  #start({ words, redirects }: SimpleCommand, { depth, substituted }: Place): void {
    const start = words.findIndex(({ text }) => !ASSIGNMENT.test(text));
    let rest: readonly Word[] = start < 0 ? [] : words.slice(start);
    let fed = false;
    let named = !substituted;
    for (let started = 0; ; started++) {
      const [first, ...others] = rest;
      if (named) this.started.push({ words: rest, redirects });
      if (first === undefined) return;
      if (started >= MAX_STARTED || this.programs.length >= MAX_COMMANDS) {
        this.complete = false;
        return;
      }
      // an option that nobody has read as one (`time -p x`), or what zsh would look up
      if (!first.literal || first.text === "" || /^[-+=]/.test(first.text)) {
        this.complete = false;
        return;
      }
      const program = first.text.slice(first.text.lastIndexOf("/") + 1);
      this.programs.push(program);
      const script = shellOfString(program, others);
      if (script === "unknown") this.complete = false;
      else if (script !== undefined) this.read(script, { depth: depth + 1, substituted: !named });
      const next = nextCommand(program, others);
      // xargs hands what it reads to a program that starts what it is handed
      if (next === "unknown" || (next === undefined && fed && isWrapper(program))) this.complete = false;
      fed ||= program === "xargs";
      named &&= program !== "xargs" && program !== "find";
      if (next === undefined || next === "unknown") return;
      rest = next;
    }
  }
}
