import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { parseCount } from "../../input/duration.ts";
import { readInputFile } from "../../input/input-file.ts";

interface Options {
  readonly agent: string;
  readonly host?: string;
  readonly port: string;
  readonly socket?: string;
  readonly database?: string;
  readonly kubernetes?: string;
  readonly otherDatabase: readonly string[];
  readonly tls: string;
  readonly tlsCa?: string;
  readonly tag: readonly string[];
  readonly observe?: boolean;
}

const TLS_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"];
const collect = (value: string, before: readonly string[]) => [...before, value];

export const add = defineCommand<[name: string], Options>({
  summary: "Add a PostgreSQL database or a Kubernetes cluster as a resource",
  configure: (command) =>
    command
      .argument("<name>", "the resource: what people write as the name of the database or cluster")
      .requiredOption("--agent <name>", "the agent that dials it")
      .option("--database <name>", "the database that the resource's name stands for")
      .option("--kubernetes <url>", "a cluster: its API server as the agent sees it, https://HOST:PORT")
      .option("--host <host>", "of a database: host as the agent sees it")
      .option("--port <port>", "port", "5432")
      .option("--socket <dir>", "directory of a Unix socket beside the agent, in place of --host")
      .option(
        "--other-database <name>",
        "another one, reached as NAME/DATABASE; * for all; may be repeated",
        collect,
        [],
      )
      .option("--tls <mode>", TLS_MODES.join(" | "), "verify-full")
      .option("--tls-ca <file>", "PEM of the roots to trust")
      .option("--tag <name=value>", "a tag; may be repeated", collect, [])
      .option("--observe", "let everything through and record what the policy would have done"),
  examples: [
    "tw resources add prod-db --agent eu-1 --host db.internal --database shop --tag env=prod",
    "tw resources add prod-cluster --agent eu-1 --kubernetes https://k8s.internal:6443 --tls-ca ca.pem",
    "tw credentials set prod-db read --username shop_reader",
    "tw resources check prod-db",
  ],
  run: async (context, options, name) => {
    const body = {
      name,
      protocol: options.kubernetes === undefined ? "postgres" : "kubernetes",
      agent: options.agent,
      tags: parseTags(options.tag),
      target: await targetOf(context, options),
      enforce: options.observe ? ("observe" as const) : ("on" as const),
    };
    const resource = await answer((await context.api()).POST("/v1/resources", { body }));
    context.output.result(resource, () => [
      `Added ${resource.name}: ${resource.address} through agent ${resource.agent}.`,
      `Next: tw credentials set ${resource.name} read --username ${options.kubernetes === undefined ? "ROLE" : "ACCOUNT --token-file FILE"}`,
    ]);
    return undefined;
  },
});

async function targetOf(context: CommandContext, options: Options) {
  const { kubernetes: server, tlsCa: caFile } = options;
  if (server === undefined) return databaseOf(context, options);
  if (options.database ?? options.host ?? options.socket)
    throw new CliError("usage", "--kubernetes goes with none of --database, --host and --socket");
  return { server, ...(caFile !== undefined && { ca: await readInputFile(context, caFile) }) };
}

async function databaseOf(context: CommandContext, options: Options) {
  if (options.database === undefined) throw new CliError("usage", "give either --database or --kubernetes");
  const { host, socket, database, otherDatabase: databases, tls: mode, tlsCa } = options;
  if ((host === undefined) === (socket === undefined)) {
    throw new CliError("usage", "give either --host or --socket");
  }
  if (!TLS_MODES.includes(mode)) {
    throw new CliError("usage", `--tls ${mode}: not one of ${TLS_MODES.join(", ")}`);
  }
  const port = parseCount(options.port, "--port", { min: 1, max: 65_535 });
  const ca = tlsCa === undefined ? {} : { ca: await readInputFile(context, tlsCa) };
  const place = host === undefined ? { socket } : { host };
  return { ...place, port, database, databases, tls: { mode, ...ca } };
}

/** `env=prod`: the value is all after the first `=`. @throws CliError `usage` */
export function parseTags(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new CliError("usage", `--tag ${text}: not name=value`, { next: "Write it as --tag env=prod" });
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
