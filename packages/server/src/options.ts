import { isIP } from "node:net";
import { parseArgs } from "node:util";

export const HELP = `Usage: tidewaiter-server --data-dir DIR [options]
       tidewaiter-server rotate-master-key --data-dir DIR [--store URL]

Control plane and gateway in one process.

  --data-dir DIR         keys, store, recordings and journals (made with mode 0700)
  --store URL            postgres://... in place of the embedded SQLite store
  --http HOST:PORT       API, web and agents' tunnels (default 127.0.0.1:8080; port 0 = a free one)
  --postgres HOST:PORT   PostgreSQL listener (default 127.0.0.1:6432; port 0 = a free one)
  --ssh HOST:PORT        SSH listener (default: none; port 0 = a free one)
  --kubernetes HOST:PORT Kubernetes API listener, for kubectl (default: none; port 0 = a free one)
  --public-url URL       where people and agents reach --http (default: http(s)://HOST:PORT)
  --domain NAME          gateway's domain: prod-db.NAME as TLS server name chooses a resource (default localhost)
  --tls required|optional  clear-text PostgreSQL clients are refused or let in (default required)
  --tls-cert FILE, --tls-key FILE   own certificate; default: a local CA below the data directory
  --https                serve --http with that certificate as well
  --secret-env NAME      a variable that references to secrets may name (env:NAME); may be repeated
  --secret-dir DIR       a directory below which they may name files (file:/path); may be repeated
  --secret-stores FILE   settings of Vault, AWS, Google Cloud, Azure and Kubernetes as secret stores (YAML)
  --master-key-wrap KEY  vault-transit:MOUNT/KEY or aws-kms:ARN: wraps the master key in its file
  --notify-network CIDR  a network inside that notifications may be sent to; default none; may be repeated
  --api-key-max-days N   the longest life of an API key (default 90)
  --admin NAME           name of the first administrator (default admin)
  --require-second-factor
                         whoever signs in with a password needs a second factor; default: those who added one
  --json                 say where it listens as one JSON line
  --help, --version

Environment:
  TIDEWAITER_ADMIN_PASSWORD  password of the first administrator; default: a random one, written to DIR/admin-password (0600)
  TIDEWAITER_STORE_URL       as --store; keeps a password off the command line
  LOG_LEVEL                  trace, debug, info (default), warn, error

Exit codes: 0 stopped by a signal, 1 cannot run, 2 wrong command line
`;

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServerOptions {
  readonly dataDir: string;
  readonly store: string | undefined;
  readonly http: Address;
  readonly postgres: Address;
  readonly ssh: Address | undefined;
  readonly kubernetes: Address | undefined;
  readonly publicUrl: string | undefined;
  readonly domain: string;
  readonly tls: "required" | "optional";
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly https: boolean;
  readonly secretEnv: readonly string[];
  readonly secretDirs: readonly string[];
  readonly secretStores: string | undefined;
  readonly notifyNetworks: readonly string[];
  readonly masterKeyWrap: string | undefined;
  readonly apiKeyMaxDays: number;
  readonly admin: string;
  readonly requireSecondFactor: boolean;
  readonly json: boolean;
}

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly options: ServerOptions }
  | { readonly kind: "rotate-master-key"; readonly options: ServerOptions };

/** @throws UsageError */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  const [command = "run", ...rest] = positionals;
  if (rest.length > 0 || (command !== "run" && command !== "rotate-master-key"))
    throw new UsageError(`unknown command: ${positionals.join(" ")}`);
  if (values["data-dir"] === undefined) throw new UsageError("--data-dir is missing");
  const tls = values.tls ?? "required";
  if (tls !== "required" && tls !== "optional") throw new UsageError("--tls is required or optional");
  if ((values["tls-cert"] === undefined) !== (values["tls-key"] === undefined))
    throw new UsageError("--tls-cert and --tls-key go together");
  const options: ServerOptions = {
    dataDir: values["data-dir"],
    store: values.store,
    http: address(values.http ?? "127.0.0.1:8080", "--http"),
    postgres: address(values.postgres ?? "127.0.0.1:6432", "--postgres"),
    ssh: values.ssh === undefined ? undefined : address(values.ssh, "--ssh"),
    kubernetes: values.kubernetes === undefined ? undefined : address(values.kubernetes, "--kubernetes"),
    publicUrl: values["public-url"]?.replace(/\/+$/, ""),
    domain: values.domain ?? "localhost",
    tls,
    tlsCert: values["tls-cert"],
    tlsKey: values["tls-key"],
    https: values.https ?? false,
    secretEnv: values["secret-env"] ?? [],
    secretDirs: (values["secret-dir"] ?? []).map(secretDir),
    secretStores: values["secret-stores"],
    notifyNetworks: (values["notify-network"] ?? []).map(network),
    masterKeyWrap: values["master-key-wrap"],
    apiKeyMaxDays: days(values["api-key-max-days"] ?? "90"),
    admin: values.admin ?? "admin",
    requireSecondFactor: values["require-second-factor"] ?? false,
    json: values.json ?? false,
  };
  return { kind: command, options };
}

function days(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new UsageError("--api-key-max-days is a whole number of days");
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "data-dir": text,
        store: text,
        http: text,
        postgres: text,
        ssh: text,
        kubernetes: text,
        "public-url": text,
        domain: text,
        tls: text,
        "tls-cert": text,
        "tls-key": text,
        https: flag,
        "secret-env": { type: "string", multiple: true },
        "secret-dir": { type: "string", multiple: true },
        "secret-stores": text,
        "notify-network": { type: "string", multiple: true },
        "api-key-max-days": text,
        "master-key-wrap": text,
        admin: text,
        "require-second-factor": flag,
        json: flag,
        help: { type: "boolean", short: "h" },
        version: flag,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function network(text: string): string {
  const [address = "", bits = ""] = text.split("/");
  const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most)
    throw new UsageError("--notify-network is a network such as 10.0.0.0/8");
  return text;
}

function secretDir(path: string): string {
  if (!path.startsWith("/")) throw new UsageError("--secret-dir is an absolute path");
  return path;
}

function address(value: string, option: string): Address {
  const colon = value.lastIndexOf(":");
  const host = value.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, "");
  const port = Number(value.slice(colon + 1));
  if (host === "" || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`${option} is HOST:PORT`);
  return { host, port };
}
