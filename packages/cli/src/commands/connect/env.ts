import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { utc } from "../../output/times.ts";
import { connectionUrl, connectionVariables } from "../../postgres/connection.ts";
import { type ConnectOptions, openConnection, parseWanted } from "../../postgres/open-connection.ts";
import { exportLine, parseShell, SHELLS } from "../../process/shell-quote.ts";
import { addConnectOptions } from "./connect-options.ts";

interface Options extends ConnectOptions {
  readonly shell?: string;
  readonly url?: boolean;
}

export const env = defineCommand<[target: string], Options>({
  summary: "Print PGHOST, PGUSER, PGPASSWORD ... for a shell",
  configure: (command) =>
    addConnectOptions(command)
      .option("--shell <shell>", `${SHELLS.join(" | ")}; default: yours`)
      .option("--url", "also DATABASE_URL"),
  examples: [
    'tw env prod-db                           in sh: eval "$(tw env prod-db)", then: psql, pg_dump ...',
    "tw env prod-db --shell fish | source",
    "tw env prod-db --json",
  ],
  notes:
    "The secret stands in the output: a shell that takes it gives it to every program it starts. To give it to one\n" +
    "program only: tw exec RESOURCE -- COMMAND",
  run: async (context, options, target) => {
    const wanted = parseWanted(target, options);
    const shell = parseShell(options.shell ?? context.env.variables.SHELL);
    if (shell === undefined) {
      throw new CliError("usage", `--shell ${options.shell}: not one of ${SHELLS.join(", ")}`);
    }
    const { connection, secretId, expiresAt } = await openConnection(context, wanted);
    const url = options.url ? { DATABASE_URL: connectionUrl(connection) } : {};
    const variables = { ...connectionVariables(connection), ...url };
    const lines = Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [exportLine(shell, name, value)],
    );
    context.output.result({ variables, secretId, expiresAt }, () => lines);
    context.output.note(`Opens connections until ${utc(expiresAt)}. End it: tw secrets revoke ${secretId}`);
    return undefined;
  },
});
