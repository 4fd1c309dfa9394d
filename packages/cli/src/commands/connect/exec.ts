import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ConnectOptions } from "../../postgres/open-connection.ts";
import { addConnectOptions } from "./connect-options.ts";
import { runWithSecret } from "./run-with-secret.ts";

export const exec = defineCommand<[target: string, command: readonly string[]], ConnectOptions>({
  summary: "Run a command with PGHOST, PGUSER, PGPASSWORD ... in its environment, and only there",
  configure: (command) => addConnectOptions(command).argument("<command...>", "after --, the command"),
  examples: [
    "tw exec prod-db -- pg_dump --schema-only",
    "tw exec prod-db --for ana-helper --ttl 30m -- ./agent.py      an AI agent with an identity of its own",
  ],
  notes:
    "The secret ends with the command. The command does not get your TIDEWAITER_* variables, but runs as your Unix\n" +
    "user: for a program that you do not trust use --for and another user or a container. Exit code: its own.",
  run: (context, options, target, [file, ...args]) => {
    if (file === undefined) throw new CliError("usage", "which command?", { next: `tw exec ${target} -- COMMAND` });
    return runWithSecret(context, target, options, { file, args });
  },
});
