import { escapeLines } from "@tidewaiter/core/recording/escape-text";
import type { CliError } from "../errors.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { coloured, type Paint, plain } from "./colour.ts";

export interface OutputOptions {
  readonly json: boolean;
  readonly stdout: { readonly write: (text: string) => void; readonly colour: boolean };
  readonly stderr: { readonly write: (text: string) => void; readonly colour: boolean };
}

/**
 * What a command says. The result goes to stdout: one JSON document with `--json`, else lines for a person. Notes and
 * errors go to stderr. Lines are written as they are: whoever makes them has escaped what came from elsewhere.
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
    if (this.json) this.#options.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    else this.lines(lines());
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.#options.stdout.write(`${lines.join("\n")}\n`);
  }

  /** As it is: a document, or one JSON object a line. */
  raw(text: string): void {
    this.#options.stdout.write(text);
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
