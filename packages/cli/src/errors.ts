import type { Exit } from "./exit-codes.ts";

/**
 * What a person can do something about: what happened, why, and what to do next. Everything else that is thrown is a
 * bug and is shown as one. Holds no secret.
 */
export class CliError extends Error {
  readonly exit: Exit;
  /** One or more lines that say why. */
  readonly why: string | undefined;
  /** The next command or step. */
  readonly next: string | undefined;
  /** The code of a problem that the server answered with. */
  readonly code: string | undefined;

  constructor(exit: Exit, what: string, more: { why?: string; next?: string; code?: string; cause?: unknown } = {}) {
    super(what, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "CliError";
    this.exit = exit;
    this.why = more.why;
    this.next = more.next;
    this.code = more.code;
  }
}

/** The `code` of an operating-system error (`ENOENT`), else undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}
