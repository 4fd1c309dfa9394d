import type { CommandContext } from "../../context.ts";
import { childVariables } from "../../environment.ts";
import { connectionVariables } from "../../postgres/connection.ts";
import { type ConnectOptions, openConnection, parseWanted, revokeSecret } from "../../postgres/open-connection.ts";
import { runChild } from "../../process/run-child.ts";

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly missing?: { readonly why: string; readonly next: string };
}

/** Runs a program with a secret made for it, which stands in its environment only and ends with it. */
export async function runWithSecret(
  context: CommandContext,
  target: string,
  options: ConnectOptions,
  program: Program,
): Promise<number> {
  const opened = await openConnection(context, parseWanted(target, options));
  const variables = childVariables(context.env.variables, connectionVariables(opened.connection));
  const { file, args, missing } = program;
  try {
    return await runChild(file, args, { variables, ...(missing === undefined ? {} : { missing }) });
  } finally {
    if (!(await revokeSecret(context, opened.secretId))) {
      context.output.note(
        `The secret could not be revoked; it ends by itself. Later: tw secrets revoke ${opened.secretId}`,
      );
    }
  }
}
