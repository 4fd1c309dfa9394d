import { parseArgs } from "node:util";

export const HELP = `Usage: ./scripts/demo [options]

Starts control plane, gateway, site agent and a real PostgreSQL 18 with 500 sample customers, all on 127.0.0.1.
Where they are there, a host (sshd) and a cluster (kube-apiserver and kubectl of the tests: ./scripts/kubernetes) as well.

  --tour                  play the whole story, say what happens, check it, and stop
  --json                  end with one JSON line of counts (with --tour)
  --http-port N           API and tunnels (default: 8080, or a free port when it is taken)
  --postgres-port N       PostgreSQL listener (default: 6432, or a free port when it is taken)
  --data-dir DIR          keep identities, policies, audit log and recordings in DIR for the next start
                          (default: thrown away at the end; the sample database always is)
  --help

Ctrl-C stops all of it. What stays is an empty PostgreSQL cluster in the system's temporary folder, for a quicker next start.
`;

export interface StoryOptions {
  readonly tour: boolean;
  readonly json: boolean;
  readonly httpPort: number | undefined;
  readonly postgresPort: number | undefined;
  readonly dataDir: string | undefined;
}

/** Undefined: help was asked for. Throws on anything it does not know. */
export function parseOptions(args: readonly string[]): StoryOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tour: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "http-port": { type: "string" },
      "postgres-port": { type: "string" },
      "data-dir": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  return {
    tour: values.tour,
    json: values.json,
    httpPort: port(values["http-port"], "--http-port"),
    postgresPort: port(values["postgres-port"], "--postgres-port"),
    dataDir: values["data-dir"],
  };
}

function port(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new Error(`${option} is a number from 1 to 65535`);
  return value;
}
