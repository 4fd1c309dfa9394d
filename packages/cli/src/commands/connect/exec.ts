import { CONFINEMENTS, parseConfinement } from "../../as-agent/confine.ts";
import { runAsAgent } from "../../as-agent/run-as-agent.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { parseLevel } from "../../input/access-level.ts";
import { parseDuration } from "../../input/duration.ts";
import type { ConnectOptions } from "../../postgres/open-connection.ts";
import { addConnectOptions } from "./connect-options.ts";
import { runWithSecret } from "./run-with-secret.ts";

interface Options extends ConnectOptions {
  readonly asAgent?: string;
  readonly resource: readonly string[];
  readonly confine: string;
}

const collect = (value: string, before: readonly string[]) => [...before, value];

export const exec = defineCommand<[target: string, command: readonly string[]], Options>({
  summary: "Run a command with PGHOST, PGUSER, PGPASSWORD ... in its environment, and only there",
  configure: (command) =>
    addConnectOptions(command)
      .argument("[command...]", "after --, the command")
      .option("--as-agent <name>", "no RESOURCE: the command acts as this AI agent for you, with what both may")
      .option("--resource <name>", "with --as-agent: only this resource; may be repeated", collect, [])
      .option("--confine <when>", `with --as-agent: hide your own tokens from it; ${CONFINEMENTS.join(" | ")}`, "auto"),
  examples: [
    "tw exec prod-db -- pg_dump --schema-only",
    "tw exec --as-agent claude -- claude                           an AI agent that acts for you, confined",
    "tw exec --as-agent claude --resource prod-db --ttl 1h -- sh   then: psql service=prod-db",
  ],
  notes:
    "The secret ends with the command. The command does not get your TIDEWAITER_* variables, but runs as your Unix\n" +
    "user. With --as-agent it gets a delegation and files of its own, and (with bubblewrap) cannot see your tokens,\n" +
    "connection secrets and processes; resources marked `presence: required` are out of its reach in any case.\n" +
    "Exit code: its own.",
  run: (context, options, target, command) => {
    if (options.asAgent !== undefined) {
      const level = options.level === undefined ? undefined : parseLevel(options.level);
      return runAsAgent(context, {
        agent: options.asAgent,
        resources: options.resource,
        level,
        ttlSeconds: parseDuration(options.ttl, "--ttl"),
        confine: parseConfinement(options.confine),
        file: target,
        args: command,
      });
    }
    const [file, ...args] = command;
    if (file === undefined) throw new CliError("usage", "which command?", { next: `tw exec ${target} -- COMMAND` });
    return runWithSecret(context, target, options, { file, args });
  },
});
