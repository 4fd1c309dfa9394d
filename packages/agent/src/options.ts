import { parseArgs } from "node:util";
import { AgentError } from "./errors.ts";

export const HELP = `Usage: tidewaiter-agent run --url URL --state-dir DIR [options]

Dials out to the gateways and connects them to targets in this network. Allows nothing unless told to.

  --url URL            control plane and gateway, ws:// or wss://; may be repeated
  --state-dir DIR      where the agent keeps its key and identity (made with mode 0700)
  --allow ADDRESS      a target it may dial: host:port, host:*, *:port, unix:/path; may be repeated
  --allow-secret NAME  a secret it may hand to the gateway: env:NAME, file:/path; may be repeated
  --name NAME          name to join with (default: the host name)
  --token-file FILE    file with the single-use join token; only read until the agent has joined
  --ca-file FILE       PEM of a certificate authority to trust besides the built-in ones
  --json               log as JSON lines
  --help, --version

Environment:
  TIDEWAITER_JOIN_TOKEN  the join token, when no --token-file is given

Exit codes: 0 stopped by a signal, 1 cannot run, 2 wrong command line, 3 join token refused
`;

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly options: RunOptions };

export interface RunOptions {
  readonly urls: readonly string[];
  readonly stateDir: string;
  readonly allow: readonly string[];
  readonly allowSecret: readonly string[];
  readonly name: string | undefined;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
  readonly json: boolean;
}

/** @throws AgentError `usage` */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  if (positionals.length !== 1 || positionals[0] !== "run") throw new AgentError("usage", "expected the command: run");
  const urls = values.url ?? [];
  if (urls.length === 0) throw new AgentError("usage", "--url is missing");
  for (const url of urls) checkUrl(url);
  if (values["state-dir"] === undefined) throw new AgentError("usage", "--state-dir is missing");
  return {
    kind: "run",
    options: {
      urls,
      stateDir: values["state-dir"],
      allow: values.allow ?? [],
      allowSecret: values["allow-secret"] ?? [],
      name: values.name,
      tokenFile: values["token-file"],
      caFile: values["ca-file"],
      json: values.json ?? false,
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: "string", multiple: true },
        "state-dir": { type: "string" },
        allow: { type: "string", multiple: true },
        "allow-secret": { type: "string", multiple: true },
        name: { type: "string" },
        "token-file": { type: "string" },
        "ca-file": { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    });
  } catch (cause) {
    throw new AgentError("usage", cause instanceof Error ? cause.message : "wrong command line", { cause });
  }
}

function checkUrl(url: string): void {
  const { protocol, username, password } = URL.parse(url) ?? {};
  if (protocol !== "ws:" && protocol !== "wss:")
    throw new AgentError("usage", `--url ${url}: expected ws:// or wss://`);
  if (username !== "" || password !== "") throw new AgentError("usage", "--url must not hold a user or password");
}
