import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { readInputFile } from "./input-file.ts";

export interface SecretOptions {
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
}

export interface SecretSource {
  readonly variable: string;
  readonly question: string;
  readonly twice?: boolean;
  /** How the command's options begin. Default `password`. */
  readonly option?: string;
}

/** Longer than any password the server takes. */
const LIMIT = 64 * 1024;

/**
 * A secret from `--password-stdin`, `--password-file`, the named variable, or by asking without echo: in this order,
 * and never from an argument, which others on the machine can read. One line break at its end is not part of it.
 * @throws CliError `usage` when there is none
 */
export async function readSecret(context: CommandContext, options: SecretOptions, from: SecretSource): Promise<string> {
  const secret = await findSecret(context, options, from);
  if (secret === "") throw new CliError("usage", `the ${from.question} is empty`);
  return secret;
}

async function findSecret(context: CommandContext, options: SecretOptions, from: SecretSource): Promise<string> {
  const { terminal, env } = context;
  const { option = "password" } = from;
  if (options.passwordStdin && options.passwordFile !== undefined) {
    throw new CliError("usage", `--${option}-stdin and --${option}-file: only one of them`);
  }
  if (options.passwordStdin) return withoutLineBreak(await terminal.readStdin(LIMIT));
  if (options.passwordFile !== undefined) return withoutLineBreak(await readInputFile(context, options.passwordFile));
  const variable = env.variables[from.variable];
  if (variable) return variable;
  if (!terminal.interactive) {
    throw new CliError("usage", `there is no ${from.question}`, {
      why: "nobody can be asked here: this is no terminal",
      next: `Use --${option}-stdin, --${option}-file FILE, or the variable ${from.variable}`,
    });
  }
  const secret = await terminal.askSecret(`${from.question}: `);
  if (from.twice && secret !== (await terminal.askSecret(`${from.question}, once more: `))) {
    throw new CliError("usage", "the two were not the same");
  }
  return secret;
}

function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, "");
}
