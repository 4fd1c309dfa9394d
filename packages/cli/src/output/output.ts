import { escapeLines } from "@tidewaiter/core/recording/escape-text";
import type { CliError } from "../errors.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { coloured, type Paint, plain } from "./colour.ts";
import { safeJson, safeLine } from "./safe-text.ts";

export interface OutputOptions {
  readonly json: boolean;
  readonly stdout: {
    readonly write: (text: string) => void;
    readonly colour: boolean;
    /** Undefined: it is no terminal. */
    readonly size?: () => TerminalDimensions | undefined;
  };
  readonly stderr: { readonly write: (text: string) => void; readonly colour: boolean };
}

export interface TerminalDimensions {
  readonly columns: number;
  readonly rows: number;
}

/**
 * What a command says. The result goes to stdout: one JSON document with `--json`, else lines for a person. Notes and
 * errors go to stderr. Nothing that is written can speak to the terminal, except by our own colours.
 */
export class Output {
  readonly json: boolean;
  /** For lines on stdout. */
  readonly paint: Paint;
  readonly colour: boolean;
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.colour = options.stdout.colour && !options.json;
    this.paint = this.colour ? coloured : plain;
    this.#options = options;
  }

  /** `lines` is only asked for when a person reads. */
  result(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.#options.stdout.write(`${safeJson(value, 2)}\n`);
    else this.lines(lines());
  }

  lines(lines: readonly string[]): void {
    const safe = lines.map((line) => safeLine(line, this.colour));
    if (safe.length > 0) this.#options.stdout.write(`${safe.join("\n")}\n`);
  }

  /** One of many JSON objects, each on a line. */
  jsonLine(value: unknown): void {
    this.#options.stdout.write(`${safeJson(value)}\n`);
  }

  /** What a terminal showed, as it is: whoever calls has taken out what is no picture. */
  picture(text: string): void {
    this.#options.stdout.write(text);
  }

  /** Of the terminal that stdout is; undefined when it is none. */
  get size(): TerminalDimensions | undefined {
    return this.#options.stdout.size?.();
  }

  /** A word to the person that is no part of the result. */
  note(text: string): void {
    this.#options.stderr.write(`${escapeLines(text).join("\n")}\n`);
  }

  error(error: CliError): void {
    const paint = this.#options.stderr.colour ? coloured : plain;
    const lines = [`${paint("red", "tidewaiter:")} ${escapeLines(error.message).join("\n")}`];
    if (error.why !== undefined) lines.push(...escapeLines(error.why).map((line) => `  ${line}`));
    if (error.next !== undefined) lines.push(`${paint("bold", "next:")} ${escapeLines(error.next).join("\n      ")}`);
    this.#options.stderr.write(`${lines.join("\n")}\n`);
    if (this.json) this.result({ error: errorShape(error) }, () => []);
  }
}

/** With `--json` stdout holds one document in any case: the result, or this. */
export function errorShape({ exit, message, why, next }: CliError) {
  return { code: exit, exitCode: EXIT_CODES[exit].code, message, why: why ?? null, next: next ?? null };
}
