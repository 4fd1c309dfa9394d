import { defineCommand } from "../../command.ts";
import type { ConnectOptions } from "../../postgres/open-connection.ts";
import { addConnectOptions } from "./connect-options.ts";
import { runWithSecrets } from "./run-with-secret.ts";

const MISSING = {
  why: "`tw psql` runs the psql of this machine, and there is none in PATH",
  next: "Install it (Debian: apt-get install postgresql-client; macOS: brew install libpq), or use: tw connect RESOURCE --url",
};

export const psql = defineCommand<[target: string, args: readonly string[]], ConnectOptions>({
  summary: "Run this machine's psql with a secret of its own, which ends when psql ends",
  configure: (command) => addConnectOptions(command).argument("[psql-args...]", "after --, for psql"),
  examples: [
    "tw psql prod-db",
    'tw psql prod-db --level write -- -c "select count(*) from orders"',
    "tw psql prod-db -- -X -f report.sql",
  ],
  notes: "Exit code: psql's own. --json says nothing about what psql writes.",
  run: (context, options, target, args) =>
    runWithSecrets(context, [target], options, { file: "psql", args, missing: MISSING, databasesOnly: true }),
});
