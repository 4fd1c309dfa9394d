import { CONFINEMENTS, parseConfinement } from "../../as-agent/confine.ts";
import { runAsAgent } from "../../as-agent/run-as-agent.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { parseLevel } from "../../input/access-level.ts";
import { parseDuration } from "../../input/duration.ts";
import type { ConnectOptions } from "../../postgres/open-connection.ts";
import { addSecretOptions } from "./connect-options.ts";
import { runWithSecrets } from "./run-with-secret.ts";

interface Options extends ConnectOptions {
  readonly asAgent?: string;
  readonly resource: readonly string[];
  readonly confine: string;
  readonly url?: boolean;
}

const collect = (value: string, before: readonly string[]) => [...before, value];

export const exec = defineCommand<[words: readonly string[]], Options>({
  summary:
    "Run a command with secrets of its own: PGHOST, PGUSER, PGPASSWORD ..., KUBECONFIG in its environment, and only there",
  keepsDashes: true,
  configure: (command) =>
    addSecretOptions(command)
      .argument("<resource-or-command...>", "resources; after --, the command")
      .option("--url", "also DATABASE_URL, and NAME_URL for each resource")
      .option("--as-agent <name>", "no RESOURCE: the command acts as this AI agent for you, with what both may")
      .option("--resource <name>", "with --as-agent: only this resource; may be repeated", collect, [])
      .option("--confine <when>", `with --as-agent: hide your own tokens from it; ${CONFINEMENTS.join(" | ")}`, "auto"),
  examples: [
    "tw exec prod-db -- pg_dump --schema-only",
    "tw exec prod-db other-db -- ./copy.sh                         psql service=prod-db, psql service=other-db",
    "tw exec prod-db --url -- npm run migrate                      DATABASE_URL",
    "tw exec prod-cluster -- kubectl get pods                      KUBECONFIG",
    "tw exec --as-agent coder -- ./agent.sh                       an AI agent that acts for you, confined",
    "tw exec --as-agent coder --resource prod-db --ttl 1h -- sh   then: psql service=prod-db",
    "tw exec --as-agent coder -- sh -c 'ssh -F \"$TIDEWAITER_SSH_CONFIG\" web-1.tw uptime'    git finds it by itself",
  ],
  notes:
    "The secrets end with the command. PG* variables are for the first database; several have a service each, and\n" +
    "clusters a context each, in private files that are removed at the end. The command does not get your TIDEWAITER_*\n" +
    "variables, but runs as your Unix user. With --as-agent it gets a delegation and files of its own, and (with bubblewrap) cannot see your tokens,\n" +
    "connection secrets, SSH keys and processes; resources marked `presence: required` are out of its reach in any case.\n" +
    "Exit code: its own.",
  run: (context, options, words) => {
    const { resources, command } = split(words, options.asAgent === undefined ? 1 : 0);
    const [file, ...args] = command;
    if (file === undefined) {
      throw new CliError("usage", "which command?", { next: `tw exec ${resources.join(" ")} -- COMMAND` });
    }
    if (options.asAgent === undefined) {
      if (resources.length === 0)
        throw new CliError("usage", "which resource?", { next: "tw exec RESOURCE -- COMMAND" });
      return runWithSecrets(context, resources, options, { file, args, url: options.url === true });
    }
    if (resources.length > 0) {
      throw new CliError("usage", "with --as-agent resources are named by --resource", {
        next: `tw exec --as-agent ${options.asAgent} --resource ${resources[0]} -- ${file}`,
      });
    }
    return runAsAgent(context, {
      agent: options.asAgent,
      resources: options.resource,
      level: options.level === undefined ? undefined : parseLevel(options.level),
      ttlSeconds: parseDuration(options.ttl ?? "8h", "--ttl"),
      confine: parseConfinement(options.confine),
      file,
      args,
    });
  },
});

/** At the first `--`; without one the first word, or none, is the resource. */
function split(words: readonly string[], resourcesWithoutDashes: number) {
  const dashes = words.indexOf("--");
  const end = dashes < 0 ? resourcesWithoutDashes : dashes;
  return { resources: words.slice(0, end), command: words.slice(dashes < 0 ? end : dashes + 1) };
}
